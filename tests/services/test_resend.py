import pytest
from django.db import transaction
from django.test import override_settings

from django_lanck.exceptions import Refusal
from django_lanck.models import Message, Verification
from django_lanck.services import (
    cancel_verification,
    check_verification,
    get_verification,
    resend_for_person,
    resend_verification,
    start_verification,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def verification(lanck, phone):
    return start_verification(number=phone)


def refusal(call, **arguments):
    with pytest.raises(Refusal) as refused:
        call(**arguments)
    return refused.value


def test_too_soon_says_how_long_to_wait_and_sends_nothing(lanck, verification):
    refused = refusal(resend_verification, verification_id=verification.pk)
    assert refused.code == "resend_too_soon"
    assert 28 <= refused.retry_after <= 30
    assert len(lanck.sent) == 1


def test_the_same_verification_gets_another_message_by_another_method(lanck, verification, backdate):
    backdate(verification, 31)
    resent = resend_verification(verification_id=verification.pk, method="voice")
    assert resent.pk == verification.pk
    assert [sent.channel for sent in lanck.sent] == ["sms", "voice"]
    assert (resent.method, resent.delivery, resent.resends) == ("voice", "accepted", 1)
    assert 599 < (resent.expires_at - resent.now).total_seconds() <= 600


def test_the_ladder_of_waits(lanck, verification, backdate):
    waits = []
    for wait in (30, 40, 60, 90, 120):
        current = get_verification(verification_id=verification.pk)
        waits.append(round((current.resend_at - current.now).total_seconds()))
        backdate(verification, wait)
        resend_verification(verification_id=verification.pk)
    assert waits == [30, 40, 60, 90, 120]
    assert get_verification(verification_id=verification.pk).resend_at is None
    refused = refusal(resend_verification, verification_id=verification.pk)
    assert refused.code == "resend_too_soon"
    assert 590 < refused.retry_after <= 600
    assert len(lanck.sent) == 6


def test_an_accepted_resend_makes_the_earlier_code_worthless(lanck, verification, backdate):
    backdate(verification, 31)
    resend_verification(verification_id=verification.pk)
    first, second = lanck.sent
    assert check_verification(verification_id=verification.pk, code=first.code).refusal == "invalid_code"
    assert second.checks == [first.code]
    assert check_verification(verification_id=verification.pk, code=second.code).proof


def test_attempts_go_on_counting(lanck, verification, backdate):
    wrong = "000000" if lanck.sent[-1].code != "000000" else "000001"
    for _ in range(4):
        check_verification(verification_id=verification.pk, code=wrong)
    backdate(verification, 31)
    assert resend_verification(verification_id=verification.pk).attempts_left == 1


def test_without_attempts_left_no_code_is_sent(lanck, verification, backdate):
    Verification.objects.update(attempts=5, failures=4)
    backdate(verification, 31)
    assert refusal(resend_verification, verification_id=verification.pk).code == "exhausted"
    assert len(lanck.sent) == 1


def test_a_refused_resend_leaves_the_earlier_code_and_gives_the_resend_back(lanck, verification, backdate):
    backdate(verification, 31)
    before = Verification.objects.values().get()
    lanck.refuse(16)
    assert refusal(resend_verification, verification_id=verification.pk, method="voice").code == "unavailable"
    assert Verification.objects.values().get() == before
    assert get_verification(verification_id=verification.pk).delivery == "refused"
    assert check_verification(verification_id=verification.pk, code=lanck.sent[0].code).proof


def test_an_unsent_resend_leaves_the_earlier_code(lanck, verification, backdate, unused_port):
    backdate(verification, 31)
    with override_settings(LANCK={**lanck.settings, "BASE_URL": f"http://127.0.0.1:{unused_port}/v1"}):
        assert refusal(resend_verification, verification_id=verification.pk).code == "unavailable"
    resend_verification(verification_id=verification.pk)
    assert len(lanck.sent) == 2


def test_an_unknown_resend_stops_checks_until_its_id_is_known(lanck, verification, backdate):
    backdate(verification, 31)
    lanck.lose_answer()
    assert resend_verification(verification_id=verification.pk).delivery == "unknown"
    assert check_verification(verification_id=verification.pk, code=lanck.sent[0].code).refusal == "outcome_unknown"
    lanck.report(lanck.sent[1], "SENT")
    assert check_verification(verification_id=verification.pk, code=lanck.sent[1].code).proof


@pytest.mark.parametrize("method", ["pigeon", "SMS"])
def test_a_method_that_is_not_offered_is_refused(lanck, verification, backdate, method):
    backdate(verification, 31)
    assert refusal(resend_verification, verification_id=verification.pk, method=method).code == "invalid_method"
    assert len(lanck.sent) == 1


def test_what_is_over_is_not_resent(lanck, verification, backdate):
    backdate(verification, 601)
    assert refusal(resend_verification, verification_id=verification.pk).code == "expired"
    assert len(lanck.sent) == 1


def test_cancel_ends_it(lanck, verification):
    assert cancel_verification(verification_id=verification.pk).state == "canceled"
    assert cancel_verification(verification_id=verification.pk).state == "canceled"
    assert check_verification(verification_id=verification.pk, code=lanck.sent[-1].code).refusal == "canceled"
    assert refusal(resend_verification, verification_id=verification.pk).code == "canceled"
    assert not lanck.sent[-1].checks


def test_a_verified_one_cannot_be_canceled(lanck, verification):
    check_verification(verification_id=verification.pk, code=lanck.sent[-1].code)
    assert refusal(cancel_verification, verification_id=verification.pk).code == "already_verified"


@pytest.mark.parametrize("verification_id", ["", "x", "00000000-0000-0000-0000-000000000000", "9" * 200])
def test_an_unknown_id_is_not_found(verification_id):
    for call in (get_verification, resend_verification, cancel_verification):
        assert refusal(call, verification_id=verification_id).code == "not_found"
    assert check_verification(verification_id=verification_id, code="123456").refusal == "not_found"
    assert not Message.objects.exists()


def test_staff_resend_whosever_verification_it_is(lanck, phone, backdate):
    verification = start_verification(number=phone, binding="session:secret")
    backdate(verification, 31)
    assert refusal(resend_verification, verification_id=verification.pk).code == "not_found"
    resent = resend_for_person(verification_id=verification.pk, method="voice")
    assert (resent.pk, resent.resends, lanck.sent[-1].channel) == (verification.pk, 1, "voice")
    resent = get_verification(verification_id=verification.pk, binding="session:secret")
    assert resent.delivery == "accepted"


def test_the_waits_hold_for_staff_too(lanck, verification):
    assert refusal(resend_for_person, verification_id=verification.pk).code == "resend_too_soon"
    assert len(lanck.sent) == 1


def test_the_persons_limits_hold_for_staff_too_and_no_address_is_limited(enable_limits, lanck, phone):
    enable_limits(LIMITS={"number": ["2/hour"], "address": ["1/hour"]}, RESEND_WAITS=[0, 0, 0], WATCH=["ladder"])
    verification = start_verification(number=phone, ip="8.8.8.8")
    resend_for_person(verification_id=verification.pk)
    assert refusal(resend_for_person, verification_id=verification.pk).code == "too_many_requests"
    assert "ip" not in lanck.sent[-1].params


@pytest.mark.parametrize("verification_id", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_staff_cannot_resend_what_is_not_there(lanck, verification_id):
    assert refusal(resend_for_person, verification_id=verification_id).code == "not_found"


def test_staff_cannot_resend_what_has_ended(lanck, verification):
    cancel_verification(verification_id=verification.pk)
    assert refusal(resend_for_person, verification_id=verification.pk).code == "canceled"


@pytest.mark.django_db(transaction=True)
def test_staff_must_not_resend_inside_a_transaction(lanck, verification, backdate):
    backdate(verification, 31)
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        resend_for_person(verification_id=verification.pk)
