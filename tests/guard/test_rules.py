"""The rules about countries and kinds of number."""

import pytest

from django_lanck import services
from django_lanck.models import LimitCounter, Message, RefusalCount, Verification
from tests.helpers import catch_refusal, start

pytestmark = pytest.mark.django_db

US, GERMAN = "+12015550123", "+4915123456789"
LANDLINE = "+493012345678"
URL = "/api/phone/verifications/"
PREMIUM = ["+19002345678", "+449098790000", "+33891123456", "+979123456789"]
SHARED_COST = ["+491803123456", "+33825123456", "+80812345678"]
OTHERS = ["+18002345678", "+447012345678", "+447640123456", "+443450000000", "+80012345678", "+883510012345"]
SATELLITE = ["+881612345678", "+870773111632"]
SENDS = [
    ("send_sms", {"text": "Hi"}),
    ("send_push", {"text": "Hi"}),
    ("send_viber", {"text": "Hi"}),
    ("send_rcs", {"text": "Hi"}),
    ("send_failover", {"flow": services.Push("Hi").then(services.SMS("Hi"), wait=9, unless="read")}),
    ("flash_call", {}),
    ("speak_code", {"code": "123456"}),
    ("speak_text", {"text": "Hi"}),
]


def refusal_code(call, **arguments) -> str:
    return catch_refusal(call, **arguments).code


@pytest.mark.parametrize("number", [*PREMIUM, *SHARED_COST, *OTHERS, *SATELLITE])
def test_expensive_and_non_personal_numbers_are_refused_before_anything_is_stored_or_sent(enable_limits, lanck, number):
    enable_limits(COUNTRIES=None)
    assert refusal_code(start, number=number) == "number_not_supported"
    assert refusal_code(services.send_sms, number=number, text="Hi") == "number_not_supported"
    assert refusal_code(services.speak_text, number=number, text="Hi") == "number_not_supported"
    assert not lanck.requests
    assert not Message.objects.exists()
    assert not Verification.objects.exists()
    assert not LimitCounter.objects.exists()


@pytest.mark.parametrize("number", [US, GERMAN, "+447400123456", "+445612345678", "+393123456789"])
def test_mobile_voip_and_ambiguous_numbers_get_codes(enable_limits, lanck, number):
    start(number)
    assert lanck.sent[-1].number == number


def test_number_without_a_country_is_refused_by_a_list_of_countries(enable_limits, lanck):
    enable_limits(REFUSED_LINE_TYPES=[], COUNTRIES=["US"])
    assert refusal_code(start, number=SATELLITE[0]) == "number_not_supported"


def test_refused_line_types_of_the_site_replace_the_defaults(enable_limits, lanck):
    enable_limits(REFUSED_LINE_TYPES=["voip"], COUNTRIES=None)
    assert refusal_code(start, number="+445612345678") == "number_not_supported"
    start("+18002345678")
    start(SATELLITE[0])


def test_no_country_refuses_toll_free_numbers_without_a_country_too(enable_limits, lanck):
    enable_limits(REFUSED_LINE_TYPES=["no_country"], COUNTRIES=None)
    assert refusal_code(start, number="+80012345678") == "number_not_supported"
    start("+18002345678")


@pytest.mark.parametrize("method", ["voice", "call"])
def test_landline_can_be_called(enable_limits, lanck, method):
    start(LANDLINE, method=method)
    assert lanck.sent[-1].channel == method


@pytest.mark.parametrize("channel", ["sms", "push", "viber", "rcs", "failover"])
def test_text_to_a_landline_is_refused(enable_limits, lanck, channel):
    assert refusal_code(start, number=LANDLINE, code_source="site", channel=channel) == "method_not_possible"
    assert not lanck.requests


@pytest.mark.parametrize("channel", ["p2s", "flash"])
def test_landline_can_be_called_with_codes_of_the_site(enable_limits, lanck, channel):
    start(LANDLINE, code_source="site", channel=channel)
    assert lanck.sent[-1].channel == channel


@pytest.mark.parametrize(("call", "arguments"), SENDS)
def test_rules_apply_to_all_sends(enable_limits, lanck, call, arguments):
    send = getattr(services, call)
    if call in ("flash_call", "speak_code", "speak_text"):
        send(number=LANDLINE, **arguments)
    else:
        assert refusal_code(send, number=LANDLINE, **arguments) == "method_not_possible"
    enable_limits(COUNTRIES=["US"])
    assert refusal_code(send, number=GERMAN, **arguments) == "number_not_supported"
    send(number=US, **arguments)


def test_rules_apply_to_a_resend(enable_limits, lanck, backdate):
    verification = start(LANDLINE, method="voice")
    backdate(verification, 30)
    resend = {"verification_id": verification.pk}
    assert refusal_code(services.resend_verification, **resend, method="sms") == "method_not_possible"
    enable_limits(COUNTRIES=["US"])
    assert refusal_code(services.resend_verification, **resend) == "number_not_supported"
    enable_limits()
    services.resend_verification(**resend)
    assert [sent.channel for sent in lanck.sent] == ["voice", "voice"]


def test_country_of_the_network_does_not_replace_the_country_of_the_number(enable_limits, lanck, phone, backdate):
    enable_limits(COUNTRIES=["US"])
    verification = start(phone)
    Message.objects.update(country="CA")
    backdate(verification, 30)
    services.resend_verification(verification_id=verification.pk)
    assert Message.objects.first().country == "US"


def test_rules_about_the_number_do_not_apply_to_a_check(enable_limits, lanck, phone):
    verification = start(phone)
    enable_limits(COUNTRIES=["DE"])
    assert services.check_verification(verification_id=verification.pk, code=lanck.sent[-1].code).proof


def test_countries_of_a_purpose_replace_those_of_the_site(enable_limits, lanck):
    enable_limits(
        COUNTRIES=["US", "CA"], PURPOSES={"signup": {}, "order": {"COUNTRIES": ["DE"]}, "all": {"COUNTRIES": None}}
    )
    assert refusal_code(start, number=GERMAN) == "number_not_supported"
    start(US)
    start(GERMAN, purpose="order")
    assert refusal_code(start, number=US, purpose="order") == "number_not_supported"
    start("+447400123456", purpose="all")
    assert len(lanck.sent) == 3


def test_refusal_names_the_field_in_the_api(enable_limits, client):
    enable_limits(COUNTRIES=["US", "DE"])
    answer = client.post(URL, {"number": "+447400123456"}, "application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "number_not_supported")
    assert list(answer.json()["errors"]) == ["number"]
    answer = client.post(URL, {"number": LANDLINE}, "application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "method_not_possible")
    assert list(answer.json()["errors"]) == ["method"]


def test_watched_rule_counts_the_refusal_and_allows_the_request(enable_limits, lanck):
    enable_limits(COUNTRIES=["US"], WATCH=["country_list", "line_type"])
    start(LANDLINE)
    assert lanck.sent
    counted = sorted(RefusalCount.objects.values_list("rule", "action", "purpose", "country", "watched", "count"))
    assert counted == [
        ("country_list", "start", "signup", "DE", True, 1),
        ("line_type", "start", "signup", "DE", True, 1),
    ]


def test_refusals_by_rules_are_counted(enable_limits, lanck):
    enable_limits(COUNTRIES=["US"])
    for _ in range(2):
        refusal_code(start, number=GERMAN)
    refusal_code(services.send_sms, number=GERMAN, text="Hi")
    refusal_code(start, number=PREMIUM[0])
    counted = sorted(RefusalCount.objects.values_list("rule", "action", "purpose", "country", "watched", "count"))
    assert counted == [
        ("country_list", "send", "", "DE", False, 1),
        ("country_list", "start", "signup", "DE", False, 2),
        ("line_type", "start", "signup", "US", False, 1),
    ]
