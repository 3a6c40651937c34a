"""Screening: the fraud check and the HLR lookup before a code is sent."""

import json

import pytest

from django_lanck import services
from django_lanck.models import LimitCounter, Message, NumberInsight, RefusalCount, Verification
from tests.client.scripted import answer, hangs, says, scripted, sends
from tests.helpers import catch_refusal, start

pytestmark = pytest.mark.django_db

FRAUD, HLR, VERIFY = "POST /insight/fraudcheck", "POST /insight/hlr", "POST /verify"
FRAUDULENT = {"status": "FRAUDULENT", "mobilePrefix": False}
DEAD = {"id": "A1", "number": "12015550123", "status": "REJECTED"}
SENT = says(json.dumps({"requestId": "A2"}))


def counted():
    return sorted(RefusalCount.objects.values_list("rule", "action", "watched", "count"))


def test_numbers_are_not_screened_by_default(enable_limits, lanck, phone):
    start(phone)
    assert lanck.requests == [VERIFY]


def test_fraud_check_and_hlr_lookup_come_before_the_code(enable_limits, lanck, phone):
    enable_limits(FRAUD_CHECK="block", HLR_CHECK="block")
    start(phone)
    assert lanck.requests == [FRAUD, HLR, VERIFY]
    assert counted() == []


def test_screening_can_be_set_for_a_purpose(enable_limits, lanck, phone):
    enable_limits(FRAUD_CHECK="block", PURPOSES={"signup": {"FRAUD_CHECK": "off"}, "payout": {"HLR_CHECK": "block"}})
    start(phone)
    start("+12015550124", purpose="payout")
    assert lanck.requests == [VERIFY, FRAUD, HLR, VERIFY]


@pytest.mark.parametrize(
    ("keys", "insight", "rule", "reason"),
    [
        ({"FRAUD_CHECK": "block"}, FRAUDULENT, "fraud", "Not sent: the fraud check reports FRAUDULENT."),
        ({"HLR_CHECK": "block"}, DEAD, "hlr", "Not sent: the HLR lookup reports REJECTED."),
    ],
)
def test_number_with_a_bad_result_gets_no_code_and_the_message_has_the_reason(
    enable_limits, lanck, phone, keys, insight, rule, reason
):
    enable_limits(**keys)
    lanck.answer(insight)
    refusal = catch_refusal(start, phone)
    assert (refusal.code, refusal.http_status) == ("number_not_supported", 400)
    assert VERIFY not in lanck.requests
    assert Verification.objects.get().state == "canceled"
    message = Message.objects.get()
    assert (message.status, message.error_reason, message.request_id) == ("refused", reason, None)
    assert NumberInsight.objects.get().status == insight["status"]
    assert counted() == [(rule, "start", False, 1)]


def test_start_that_screening_refused_stays_counted(enable_limits, lanck, phone):
    enable_limits(FRAUD_CHECK="block")
    lanck.answer(FRAUDULENT)
    catch_refusal(start, phone)
    assert catch_refusal(start, phone).code == "resend_too_soon"
    assert lanck.requests == [FRAUD]


def test_refusal_does_not_mention_fraud_to_the_person(enable_limits, lanck, phone, client):
    enable_limits(FRAUD_CHECK="block")
    lanck.answer(FRAUDULENT)
    answered = client.post("/api/phone/verifications/", {"number": phone}, "application/json")
    assert answered.json()["code"] == "number_not_supported"
    assert "fraud" not in answered.content.decode().lower()


@pytest.mark.parametrize(
    ("keys", "insight", "rule"),
    [({"FRAUD_CHECK": "watch"}, FRAUDULENT, "fraud"), ({"HLR_CHECK": "watch"}, DEAD, "hlr")],
)
def test_watched_screening_counts_the_refusal_and_sends_the_code(enable_limits, lanck, phone, keys, insight, rule):
    enable_limits(**keys)
    lanck.answer(insight)
    assert start(phone).delivery == "accepted"
    assert counted() == [(rule, "start", True, 1)]


def test_refused_states_of_the_site_replace_the_defaults(enable_limits, lanck, phone):
    enable_limits(FRAUD_CHECK="block", REFUSED_FRAUD_STATES=["SUSPICIOUS"], HLR_CHECK="block", REFUSED_HLR_STATES=[])
    lanck.answer(FRAUDULENT)
    lanck.answer(DEAD)
    start(phone)
    lanck.answer({"status": "SUSPICIOUS"})
    assert catch_refusal(start, "+12015550124").code == "number_not_supported"


def test_stored_result_is_used_again(enable_limits, lanck, phone, backdate):
    enable_limits(FRAUD_CHECK="block", HLR_CHECK="block", LIMITS=None)
    lanck.answer({"status": "PASSED"})
    for _ in range(3):
        start(phone)
    assert [lanck.requests.count(each) for each in (FRAUD, HLR, VERIFY)] == [1, 1, 3]
    assert NumberInsight.objects.count() == 2


def test_stored_bad_result_refuses_without_calling_lanck(enable_limits, lanck, phone):
    enable_limits(FRAUD_CHECK="block", LIMITS=None)
    lanck.answer(FRAUDULENT)
    for _ in range(3):
        catch_refusal(start, phone)
    assert lanck.requests == [FRAUD]


def test_resends_and_other_sends_are_not_screened(enable_limits, lanck, phone, backdate):
    enable_limits(FRAUD_CHECK="block", HLR_CHECK="block")
    verification = start(phone)
    NumberInsight.objects.all().delete()
    backdate(verification, 30)
    services.resend_verification(verification_id=verification.pk)
    services.send_sms(number=phone, text="Hi")
    assert [lanck.requests.count(each) for each in (FRAUD, HLR)] == [1, 1]


# LANCK does not answer


@pytest.mark.parametrize("error_code", [1, 4, 6, 11, 99])
def test_code_is_sent_when_lanck_refuses_the_screening(enable_limits, lanck, phone, error_code):
    enable_limits(FRAUD_CHECK="block")
    lanck.refuse(error_code)
    assert start(phone).delivery == "accepted"
    assert counted() == []


@pytest.mark.parametrize("watched", [True, False])
def test_code_is_refused_without_a_result_if_the_site_requires_one(enable_limits, lanck, phone, watched):
    enable_limits(FRAUD_CHECK="watch" if watched else "block", SCREENING_FAILED="refuse")
    lanck.answer({"status": 7})
    if watched:
        start(phone)
        assert counted() == [("fraud_failed", "start", True, 1)]
        return
    refusal = catch_refusal(start, phone)
    assert (refusal.code, refusal.http_status) == ("unavailable", 503)
    assert refusal.retry_after
    assert lanck.requests == [FRAUD]
    assert Verification.objects.get().state == "canceled"
    message = Message.objects.get()
    assert (message.status, message.error_reason) == ("refused", "Not sent: the fraud check did not answer.")
    assert counted() == [("fraud_failed", "start", False, 1)]
    assert set(LimitCounter.objects.values_list("used", flat=True)) == {0}
    start(phone)


def test_screening_ends_after_its_timeout_when_lanck_hangs(enable_limits, lanck, phone, monkeypatch):
    timeouts = []
    from django_lanck.client import LanckClient

    for name in ("fraud_check", "hlr"):
        original = getattr(LanckClient, name)
        monkeypatch.setattr(
            LanckClient,
            name,
            lambda self, original=original, **arguments: (
                timeouts.append(arguments["timeout"]) or original(self, **arguments)
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
    assert 0.2 < timeouts[0] <= 0.3
    assert timeouts[1] == 0.05


def test_screening_ends_after_its_timeout_when_the_answer_is_incomplete(enable_limits, lanck, phone):
    half = answer(json.dumps({"status": "FRAUDULENT"}))[:-4]
    with scripted(sends(half), SENT) as provider:
        enable_limits(FRAUD_CHECK="block", SCREENING_TIMEOUT=0.3, BASE_URL=provider.url)
        assert start(phone).delivery == "accepted"


def test_failed_screenings_do_not_open_the_circuit_breaker(enable_limits, lanck):
    enable_limits(FRAUD_CHECK="block", CONVERSION={})
    for last in range(100, 130):
        lanck.refuse(99, http_status=500)
        assert start(f"+12015550{last}").delivery == "accepted"
    assert lanck.requests.count(VERIFY) == 30


def test_screening_inside_a_transaction_raises(enable_limits, lanck, phone):
    enable_limits(FRAUD_CHECK="block")
    from django.db import transaction

    with pytest.raises(RuntimeError, match="transaction"), transaction.atomic():
        start(phone)
    assert not lanck.requests
