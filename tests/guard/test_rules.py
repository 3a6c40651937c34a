"""Where and to what kinds of number nothing is sent."""

import pytest

from django_lanck import services
from django_lanck.exceptions import Refusal
from django_lanck.models import LimitCounter, Message, RefusalCount, Verification

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


def refused(call, **arguments) -> str:
    with pytest.raises(Refusal) as caught:
        call(**arguments)
    return caught.value.code


def start(number, **arguments):
    return services.start_verification(number=number, **arguments)


@pytest.mark.parametrize("number", [*PREMIUM, *SHARED_COST, *OTHERS, *SATELLITE])
def test_what_costs_or_is_no_persons_phone_is_refused_before_anything_is_kept_or_asked(enable_limits, lanck, number):
    enable_limits(COUNTRIES=None)
    assert refused(start, number=number) == "number_not_supported"
    assert refused(services.send_sms, number=number, text="Hi") == "number_not_supported"
    assert refused(services.speak_text, number=number, text="Hi") == "number_not_supported"
    assert not lanck.requests
    assert not Message.objects.exists()
    assert not Verification.objects.exists()
    assert not LimitCounter.objects.exists()


@pytest.mark.parametrize("number", [US, GERMAN, "+447400123456", "+445612345678", "+393123456789"])
def test_other_numbers_are_sent_codes(enable_limits, lanck, number):
    start(number)
    assert lanck.sent[-1].number == number


def test_a_number_of_no_country_is_in_none_of_those_that_are_listed(enable_limits, lanck):
    enable_limits(REFUSED_LINE_TYPES=[], COUNTRIES=["US"])
    assert refused(start, number=SATELLITE[0]) == "number_not_supported"


def test_which_kinds_are_refused_is_the_sites(enable_limits, lanck):
    enable_limits(REFUSED_LINE_TYPES=["voip"], COUNTRIES=None)
    assert refused(start, number="+445612345678") == "number_not_supported"
    start("+18002345678")
    start(SATELLITE[0])


def test_a_number_of_no_country_is_refused_as_such_whatever_else_it_is(enable_limits, lanck):
    enable_limits(REFUSED_LINE_TYPES=["no_country"], COUNTRIES=None)
    assert refused(start, number="+80012345678") == "number_not_supported"
    start("+18002345678")


@pytest.mark.parametrize("method", ["voice", "call"])
def test_a_landline_is_called(enable_limits, lanck, method):
    start(LANDLINE, method=method)
    assert lanck.sent[-1].channel == method


@pytest.mark.parametrize("channel", ["sms", "push", "viber", "rcs", "failover"])
def test_a_landline_shows_no_text(enable_limits, lanck, channel):
    assert refused(start, number=LANDLINE, code_source="site", channel=channel) == "method_not_possible"
    assert not lanck.requests


@pytest.mark.parametrize("channel", ["p2s", "flash"])
def test_a_landline_rings_for_own_codes_too(enable_limits, lanck, channel):
    start(LANDLINE, code_source="site", channel=channel)
    assert lanck.sent[-1].channel == channel


@pytest.mark.parametrize(("call", "arguments"), SENDS)
def test_sends_keep_to_the_same_rules(enable_limits, lanck, call, arguments):
    send = getattr(services, call)
    if call in ("flash_call", "speak_code", "speak_text"):
        send(number=LANDLINE, **arguments)
    else:
        assert refused(send, number=LANDLINE, **arguments) == "method_not_possible"
    enable_limits(COUNTRIES=["US"])
    assert refused(send, number=GERMAN, **arguments) == "number_not_supported"
    send(number=US, **arguments)


def test_a_resend_keeps_to_the_same_rules(enable_limits, lanck, backdate):
    verification = start(LANDLINE, method="voice")
    backdate(verification, 30)
    resend = {"verification_id": verification.pk}
    assert refused(services.resend_verification, **resend, method="sms") == "method_not_possible"
    enable_limits(COUNTRIES=["US"])
    assert refused(services.resend_verification, **resend) == "number_not_supported"
    enable_limits()
    services.resend_verification(**resend)
    assert [sent.channel for sent in lanck.sent] == ["voice", "voice"]


def test_where_lanck_found_the_network_moves_no_number_to_another_country(enable_limits, lanck, phone, backdate):
    enable_limits(COUNTRIES=["US"])
    verification = start(phone)
    Message.objects.update(country="CA")
    backdate(verification, 30)
    services.resend_verification(verification_id=verification.pk)
    assert Message.objects.first().country == "US"


def test_a_check_asks_neither_for_country_nor_kind(enable_limits, lanck, phone):
    verification = start(phone)
    enable_limits(COUNTRIES=["DE"])
    assert services.check_verification(verification_id=verification.pk, code=lanck.sent[-1].code).proof


def test_codes_go_to_the_countries_of_the_purpose_or_else_the_site(enable_limits, lanck):
    enable_limits(
        COUNTRIES=["US", "CA"], PURPOSES={"signup": {}, "order": {"COUNTRIES": ["DE"]}, "all": {"COUNTRIES": None}}
    )
    assert refused(start, number=GERMAN) == "number_not_supported"
    start(US)
    start(GERMAN, purpose="order")
    assert refused(start, number=US, purpose="order") == "number_not_supported"
    start("+447400123456", purpose="all")
    assert len(lanck.sent) == 3


def test_a_client_is_told_which_field_is_meant(enable_limits, client):
    enable_limits(COUNTRIES=["US", "DE"])
    answer = client.post(URL, {"number": "+447400123456"}, "application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "number_not_supported")
    assert list(answer.json()["errors"]) == ["number"]
    answer = client.post(URL, {"number": LANDLINE}, "application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "method_not_possible")
    assert list(answer.json()["errors"]) == ["method"]


def test_a_watched_rule_is_counted_and_lets_through(enable_limits, lanck):
    enable_limits(COUNTRIES=["US"], WATCH=["country_list", "line_type"])
    start(LANDLINE)
    assert lanck.sent
    counted = sorted(RefusalCount.objects.values_list("rule", "action", "purpose", "country", "watched", "count"))
    assert counted == [
        ("country_list", "start", "signup", "DE", True, 1),
        ("line_type", "start", "signup", "DE", True, 1),
    ]


def test_each_refusal_is_counted(enable_limits, lanck):
    enable_limits(COUNTRIES=["US"])
    for _ in range(2):
        refused(start, number=GERMAN)
    refused(services.send_sms, number=GERMAN, text="Hi")
    refused(start, number=PREMIUM[0])
    counted = sorted(RefusalCount.objects.values_list("rule", "action", "purpose", "country", "watched", "count"))
    assert counted == [
        ("country_list", "send", "", "DE", False, 1),
        ("country_list", "start", "signup", "DE", False, 2),
        ("line_type", "start", "signup", "US", False, 1),
    ]
