"""Resending a code and canceling a verification."""

import pytest
from django.db import transaction
from django.test import override_settings

from django_lanck.models import Message, Verification
from django_lanck.services import (
    cancel_verification,
    check_verification,
    get_verification,
    resend_for_person,
    resend_verification,
    start_verification,
)
from tests.helpers import catch_refusal, wrong_code

pytestmark = pytest.mark.django_db


@pytest.fixture
def verification(lanck, phone):
    return start_verification(number=phone)


def test_early_resend_is_refused_with_the_seconds_to_wait(lanck, verification):
    refused = catch_refusal(resend_verification, verification_id=verification.pk)
    assert refused.code == "resend_too_soon"
    assert 28 <= refused.retry_after <= 30
    assert len(lanck.sent) == 1


def test_resend_by_another_method_sends_another_message(lanck, verification, backdate):
    backdate(verification, 31)
    resent = resend_verification(verification_id=verification.pk, method="voice")
    assert resent.pk == verification.pk
    assert [sent.channel for sent in lanck.sent] == ["sms", "voice"]
    assert (resent.method, resent.delivery, resent.resends) == ("voice", "accepted", 1)
    assert 599 < (resent.expires_at - resent.now).total_seconds() <= 600


def test_resends_follow_the_resend_waits(lanck, verification, backdate):
    waits = []
    for wait in (30, 40, 60, 90, 120):
        current = get_verification(verification_id=verification.pk)
        waits.append(round((current.resend_at - current.now).total_seconds()))
        backdate(verification, wait)
        resend_verification(verification_id=verification.pk)
    assert waits == [30, 40, 60, 90, 120]
    assert get_verification(verification_id=verification.pk).resend_at is None
    refused = catch_refusal(resend_verification, verification_id=verification.pk)
    assert refused.code == "resend_too_soon"
    assert 590 < refused.retry_after <= 600
    assert len(lanck.sent) == 6


def test_accepted_resend_invalidates_the_previous_code(lanck, verification, backdate):
    backdate(verification, 31)
    resend_verification(verification_id=verification.pk)
    first, second = lanck.sent
    assert check_verification(verification_id=verification.pk, code=first.code).refusal == "invalid_code"
    assert second.checks == [first.code]
    assert check_verification(verification_id=verification.pk, code=second.code).proof


def test_resend_does_not_reset_the_attempts(lanck, verification, backdate):
    for _ in range(4):
        check_verification(verification_id=verification.pk, code=wrong_code(lanck.sent[-1].code))
    backdate(verification, 31)
    assert resend_verification(verification_id=verification.pk).attempts_left == 1


def test_resend_without_attempts_left_is_refused(lanck, verification, backdate):
    Verification.objects.update(attempts=5, failures=4)
    backdate(verification, 31)
    assert catch_refusal(resend_verification, verification_id=verification.pk).code == "exhausted"
    assert len(lanck.sent) == 1


def test_refused_resend_is_refunded_and_keeps_the_previous_code_valid(lanck, verification, backdate):
    backdate(verification, 31)
    before = Verification.objects.values().get()
    lanck.refuse(16)
    assert catch_refusal(resend_verification, verification_id=verification.pk, method="voice").code == "unavailable"
    assert Verification.objects.values().get() == before
    assert get_verification(verification_id=verification.pk).delivery == "refused"
    assert check_verification(verification_id=verification.pk, code=lanck.sent[0].code).proof


def test_resend_that_did_not_reach_lanck_is_refunded(lanck, verification, backdate, unused_port):
    backdate(verification, 31)
    with override_settings(LANCK={**lanck.settings, "BASE_URL": f"http://127.0.0.1:{unused_port}/v1"}):
        assert catch_refusal(resend_verification, verification_id=verification.pk).code == "unavailable"
    resend_verification(verification_id=verification.pk)
    assert len(lanck.sent) == 2


def test_codes_cannot_be_checked_while_a_resend_is_unknown(lanck, verification, backdate):
    backdate(verification, 31)
    lanck.lose_answer()
    assert resend_verification(verification_id=verification.pk).delivery == "unknown"
    assert check_verification(verification_id=verification.pk, code=lanck.sent[0].code).refusal == "outcome_unknown"
    lanck.report(lanck.sent[1], "SENT")
    assert check_verification(verification_id=verification.pk, code=lanck.sent[1].code).proof


@pytest.mark.parametrize("method", ["pigeon", "SMS"])
def test_unknown_method_is_refused(lanck, verification, backdate, method):
    backdate(verification, 31)
    assert catch_refusal(resend_verification, verification_id=verification.pk, method=method).code == "invalid_method"
    assert len(lanck.sent) == 1


def test_resend_of_an_expired_verification_is_refused(lanck, verification, backdate):
    backdate(verification, 601)
    assert catch_refusal(resend_verification, verification_id=verification.pk).code == "expired"
    assert len(lanck.sent) == 1


def test_canceled_verification_refuses_checks_and_resends(lanck, verification):
    assert cancel_verification(verification_id=verification.pk).state == "canceled"
    assert cancel_verification(verification_id=verification.pk).state == "canceled"
    assert check_verification(verification_id=verification.pk, code=lanck.sent[-1].code).refusal == "canceled"
    assert catch_refusal(resend_verification, verification_id=verification.pk).code == "canceled"
    assert not lanck.sent[-1].checks


def test_verified_verification_cannot_be_canceled(lanck, verification):
    check_verification(verification_id=verification.pk, code=lanck.sent[-1].code)
    assert catch_refusal(cancel_verification, verification_id=verification.pk).code == "already_verified"


@pytest.mark.parametrize("verification_id", ["", "x", "00000000-0000-0000-0000-000000000000", "9" * 200])
def test_unknown_id_is_not_found(verification_id):
    for call in (get_verification, resend_verification, cancel_verification):
        assert catch_refusal(call, verification_id=verification_id).code == "not_found"
    assert check_verification(verification_id=verification_id, code="123456").refusal == "not_found"
    assert not Message.objects.exists()


def test_staff_resend_a_verification_of_another_binding(lanck, phone, backdate):
    verification = start_verification(number=phone, binding="session:secret")
    backdate(verification, 31)
    assert catch_refusal(resend_verification, verification_id=verification.pk).code == "not_found"
    resent = resend_for_person(verification_id=verification.pk, method="voice")
    assert (resent.pk, resent.resends, lanck.sent[-1].channel) == (verification.pk, 1, "voice")
    resent = get_verification(verification_id=verification.pk, binding="session:secret")
    assert resent.delivery == "accepted"


def test_early_resend_by_staff_is_refused(lanck, verification):
    assert catch_refusal(resend_for_person, verification_id=verification.pk).code == "resend_too_soon"
    assert len(lanck.sent) == 1


def test_resend_by_staff_counts_against_the_number_but_no_address(enable_limits, lanck, phone):
    enable_limits(LIMITS={"number": ["2/hour"], "address": ["1/hour"]}, RESEND_WAITS=[0, 0, 0], WATCH=["ladder"])
    verification = start_verification(number=phone, ip="8.8.8.8")
    resend_for_person(verification_id=verification.pk)
    assert catch_refusal(resend_for_person, verification_id=verification.pk).code == "too_many_requests"
    assert "ip" not in lanck.sent[-1].params


@pytest.mark.parametrize("verification_id", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_resend_by_staff_of_an_unknown_id_is_not_found(lanck, verification_id):
    assert catch_refusal(resend_for_person, verification_id=verification_id).code == "not_found"


def test_resend_by_staff_of_a_canceled_verification_is_refused(lanck, verification):
    cancel_verification(verification_id=verification.pk)
    assert catch_refusal(resend_for_person, verification_id=verification.pk).code == "canceled"


@pytest.mark.django_db(transaction=True)
def test_resend_by_staff_inside_a_transaction_raises(lanck, verification, backdate):
    backdate(verification, 31)
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        resend_for_person(verification_id=verification.pk)
