"""What LANCK knows of a number is asked before a code is sent, as the purpose says."""

import json

import pytest

from django_lanck import services
from django_lanck.exceptions import Refusal
from django_lanck.models import LimitCounter, Message, NumberInsight, RefusalCount, Verification
from tests.client.scripted import answer, hangs, says, scripted, sends

pytestmark = pytest.mark.django_db

FRAUD, HLR, VERIFY = "POST /insight/fraudcheck", "POST /insight/hlr", "POST /verify"
FRAUDULENT = {"status": "FRAUDULENT", "mobilePrefix": False}
DEAD = {"id": "A1", "number": "12015550123", "status": "REJECTED"}
SENT = says(json.dumps({"requestId": "A2"}))


def start(number, **arguments):
    return services.start_verification(number=number, **arguments)


def refused(number, **arguments) -> Refusal:
    with pytest.raises(Refusal) as caught:
        start(number, **arguments)
    return caught.value


def counted():
    return sorted(RefusalCount.objects.values_list("rule", "action", "watched", "count"))


def test_nothing_is_asked_unless_the_site_says_so(enable_limits, lanck, phone):
    start(phone)
    assert lanck.requests == [VERIFY]


def test_both_are_asked_before_the_code_is_sent(enable_limits, lanck, phone):
    enable_limits(FRAUD_CHECK="block", HLR_CHECK="block")
    start(phone)
    assert lanck.requests == [FRAUD, HLR, VERIFY]
    assert counted() == []


def test_a_purpose_has_screenings_of_its_own(enable_limits, lanck, phone):
    enable_limits(FRAUD_CHECK="block", PURPOSES={"signup": {"FRAUD_CHECK": "off"}, "payout": {"HLR_CHECK": "block"}})
    start(phone)
    start("+12015550124", purpose="payout")
    assert lanck.requests == [VERIFY, FRAUD, HLR, VERIFY]


@pytest.mark.parametrize(
    ("keys", "said", "rule", "reason"),
    [
        ({"FRAUD_CHECK": "block"}, FRAUDULENT, "fraud", "Not sent: the fraud check reports FRAUDULENT."),
        ({"HLR_CHECK": "block"}, DEAD, "hlr", "Not sent: the HLR lookup reports REJECTED."),
    ],
)
def test_a_number_that_lanck_warns_of_gets_nothing_and_staff_see_why(
    enable_limits, lanck, phone, keys, said, rule, reason
):
    enable_limits(**keys)
    lanck.answer(said)
    refusal = refused(phone)
    assert (refusal.code, refusal.http_status) == ("number_not_supported", 400)
    assert VERIFY not in lanck.requests
    assert Verification.objects.get().state == "canceled"
    message = Message.objects.get()
    assert (message.status, message.error_reason, message.request_id) == ("refused", reason, None)
    assert NumberInsight.objects.get().status == said["status"]
    assert counted() == [(rule, "start", False, 1)]


def test_what_such_a_start_took_stays_taken(enable_limits, lanck, phone):
    enable_limits(FRAUD_CHECK="block")
    lanck.answer(FRAUDULENT)
    refused(phone)
    assert refused(phone).code == "resend_too_soon"
    assert lanck.requests == [FRAUD]


def test_a_person_reads_nothing_of_fraud(enable_limits, lanck, phone, client):
    enable_limits(FRAUD_CHECK="block")
    lanck.answer(FRAUDULENT)
    answered = client.post("/api/phone/verifications/", {"number": phone}, "application/json")
    assert answered.json()["code"] == "number_not_supported"
    assert "fraud" not in answered.content.decode().lower()


@pytest.mark.parametrize(
    ("keys", "said", "rule"),
    [({"FRAUD_CHECK": "watch"}, FRAUDULENT, "fraud"), ({"HLR_CHECK": "watch"}, DEAD, "hlr")],
)
def test_watching_counts_and_sends(enable_limits, lanck, phone, keys, said, rule):
    enable_limits(**keys)
    lanck.answer(said)
    assert start(phone).delivery == "accepted"
    assert counted() == [(rule, "start", True, 1)]


def test_which_answers_are_refused_is_the_sites(enable_limits, lanck, phone):
    enable_limits(FRAUD_CHECK="block", REFUSED_FRAUD_STATES=["SUSPICIOUS"], HLR_CHECK="block", REFUSED_HLR_STATES=[])
    lanck.answer(FRAUDULENT)
    lanck.answer(DEAD)
    start(phone)
    lanck.answer({"status": "SUSPICIOUS"})
    assert refused("+12015550124").code == "number_not_supported"


def test_an_answer_is_kept_and_used_again(enable_limits, lanck, phone, backdate):
    enable_limits(FRAUD_CHECK="block", HLR_CHECK="block", LIMITS=None)
    lanck.answer({"status": "PASSED"})
    for _ in range(3):
        start(phone)
    assert [lanck.requests.count(each) for each in (FRAUD, HLR, VERIFY)] == [1, 1, 3]
    assert NumberInsight.objects.count() == 2


def test_a_kept_warning_refuses_without_asking(enable_limits, lanck, phone):
    enable_limits(FRAUD_CHECK="block", LIMITS=None)
    lanck.answer(FRAUDULENT)
    for _ in range(3):
        refused(phone)
    assert lanck.requests == [FRAUD]


def test_resends_and_other_sends_are_not_screened(enable_limits, lanck, phone, backdate):
    enable_limits(FRAUD_CHECK="block", HLR_CHECK="block")
    verification = start(phone)
    NumberInsight.objects.all().delete()
    backdate(verification, 30)
    services.resend_verification(verification_id=verification.pk)
    services.send_sms(number=phone, text="Hi")
    assert [lanck.requests.count(each) for each in (FRAUD, HLR)] == [1, 1]


# LANCK does not say


@pytest.mark.parametrize("error_code", [1, 4, 6, 11, 99])
def test_what_lanck_does_not_say_stops_nobody(enable_limits, lanck, phone, error_code):
    enable_limits(FRAUD_CHECK="block")
    lanck.refuse(error_code)
    assert start(phone).delivery == "accepted"
    assert counted() == []


@pytest.mark.parametrize("watched", [True, False])
def test_unless_the_site_wants_to_know_first(enable_limits, lanck, phone, watched):
    enable_limits(FRAUD_CHECK="watch" if watched else "block", SCREENING_FAILED="refuse")
    lanck.answer({"status": 7})
    if watched:
        start(phone)
        assert counted() == [("fraud_failed", "start", True, 1)]
        return
    refusal = refused(phone)
    assert (refusal.code, refusal.http_status) == ("unavailable", 503)
    assert refusal.retry_after
    assert lanck.requests == [FRAUD]
    assert Verification.objects.get().state == "canceled"
    message = Message.objects.get()
    assert (message.status, message.error_reason) == ("refused", "Not sent: the fraud check did not answer.")
    assert counted() == [("fraud_failed", "start", False, 1)]
    assert set(LimitCounter.objects.values_list("used", flat=True)) == {0}
    start(phone)


def test_a_lanck_that_hangs_gets_its_time_and_no_more(enable_limits, lanck, phone, monkeypatch):
    given = []
    from django_lanck.client import LanckClient

    for name in ("fraud_check", "hlr"):
        original = getattr(LanckClient, name)
        monkeypatch.setattr(
            LanckClient,
            name,
            lambda self, original=original, **arguments: (
                given.append(arguments["timeout"]) or original(self, **arguments)
            ),
        )
    with scripted(hangs, hangs, SENT) as provider:
        enable_limits(FRAUD_CHECK="block", HLR_CHECK="block", SCREENING_TIMEOUT=0.3, BASE_URL=provider.url)
        assert start(phone).delivery == "accepted"
    assert [request.path for request in provider.requests] == [
        "/v1/insight/fraudcheck",
        "/v1/insight/hlr",
        "/v1/verify",
    ]
    assert 0.2 < given[0] <= 0.3
    assert given[1] == 0.05


def test_a_lanck_that_drips_gets_no_more_time_either(enable_limits, lanck, phone):
    half = answer(json.dumps({"status": "FRAUDULENT"}))[:-4]
    with scripted(sends(half), SENT) as provider:
        enable_limits(FRAUD_CHECK="block", SCREENING_TIMEOUT=0.3, BASE_URL=provider.url)
        assert start(phone).delivery == "accepted"


def test_questions_without_answers_do_not_stop_codes(enable_limits, lanck):
    enable_limits(FRAUD_CHECK="block", CONVERSION={})
    for last in range(100, 130):
        lanck.refuse(99, http_status=500)
        assert start(f"+12015550{last}").delivery == "accepted"
    assert lanck.requests.count(VERIFY) == 30


def test_screening_asks_lanck_with_nothing_of_the_database_held(enable_limits, lanck, phone):
    enable_limits(FRAUD_CHECK="block")
    from django.db import transaction

    with pytest.raises(RuntimeError, match="transaction"), transaction.atomic():
        start(phone)
    assert not lanck.requests
