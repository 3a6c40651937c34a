"""Checks whose answer is lost or invalid, and codes whose message has no request id."""

import pytest

from django_lanck import signals
from django_lanck.models import Message, Verification
from tests.helpers import check, start, wrong_code

pytestmark = pytest.mark.django_db


@pytest.fixture
def verification(lanck):
    return start()


def wrong(lanck, step=1):
    return wrong_code(lanck.sent[-1].code, step)


def test_lost_right_answer_is_settled_by_the_same_code(lanck, verification, record_signal):
    verified = record_signal(signals.number_verified)
    code = lanck.sent[-1].code
    lanck.lose_answer()
    result = check(verification, code)
    assert (result.refusal, result.retry_after) == ("check_unknown", 2)
    assert not verified
    assert Message.objects.get().lost_check not in ("", code)
    assert check(verification, code).proof
    assert len(verified) == 1
    assert Verification.objects.get().attempts == 1


def test_lost_right_answer_is_not_settled_by_other_digits(lanck, verification):
    lanck.lose_answer()
    check(verification, lanck.sent[-1].code)
    assert check(verification, wrong(lanck)).refusal == "invalid_code"
    assert Verification.objects.get().attempts == 2
    assert check(verification, lanck.sent[-1].code).proof


def test_lost_wrong_answer_stays_wrong(lanck, verification):
    lanck.lose_answer()
    check(verification, wrong(lanck))
    assert check(verification, wrong(lanck)).refusal == "invalid_code"
    assert check(verification, lanck.sent[-1].code).proof


def test_lost_answer_of_the_last_attempt_can_be_settled(lanck, verification):
    for step in range(1, 5):
        check(verification, wrong(lanck, step))
    lanck.lose_answer()
    check(verification, lanck.sent[-1].code)
    assert check(verification, lanck.sent[-1].code).proof


def test_lookups_of_a_lost_check_are_limited_by_minute(enable_limits, lanck, backdate):
    """A refused check spends nothing, so that it could otherwise call LANCK without end."""
    enable_limits(CHECK_LIMITS={"number": ("3/day",)})
    verification, code = start(), lanck.sent[-1].code
    lanck.lose_answer()
    for step in range(15):  # the right code first
        check(verification, wrong(lanck, step))
    result = check(verification, code)
    assert (result.refusal, result.retry_after) == ("check_unknown", 60)
    assert lanck.requests.count("POST /verify/info") == 10
    backdate(verification, 60)
    assert check(verification, code).proof


def test_code_is_checked_again_if_lanck_has_no_info_about_it(lanck, verification):
    lanck.answer({}, http_status=502)
    check(verification, lanck.sent[-1].code)
    lanck.refuse(20, http_status=404)  # the answer to /verify/info
    assert check(verification, lanck.sent[-1].code).proof


def test_right_code_is_verified_if_lanck_confirms_it_late(lanck, verification):
    code = lanck.sent[-1].code
    lanck.lose_answer()
    check(verification, code)
    lanck.answer({"status": "processing", "number": verification.number})
    assert check(verification, code).proof


def test_invalid_answer_is_not_settled_by_the_success_of_another_code(lanck, verification):
    lanck.lose_answer()
    check(verification, lanck.sent[-1].code)
    lanck.answer({"status": "processing", "number": verification.number})  # LANCK is late
    lanck.answer({})
    assert check(verification, wrong(lanck)).refusal == "check_unknown"
    assert Verification.objects.get().state == "pending"


def test_two_lost_answers_to_different_codes_settle_neither(lanck, verification):
    message = Message.objects.all()
    message.remember_lost_check("a" * 64)
    message.remember_lost_check("a" * 64)
    assert message.get().lost_check == "a" * 64
    message.remember_lost_check("b" * 64)
    assert message.get().lost_check == Message.AMBIGUOUS
    message.remember_lost_check("b" * 64)
    assert message.get().lost_check == Message.AMBIGUOUS


def test_code_stays_unverified_if_the_lookup_of_a_lost_check_fails(lanck, verification):
    lanck.lose_answer()
    check(verification, lanck.sent[-1].code)
    lanck.refuse(99, http_status=500)
    assert check(verification, lanck.sent[-1].code).refusal == "check_unknown"
    assert Verification.objects.get().state == "pending"


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"requestId": "another", "verifiedAt": 1},
        {"requestId": "SAME"},
        {"requestId": "SAME", "verifiedAt": 1, "number": "+12015550199"},
        {"requestId": "SAME", "verifiedAt": None, "number": "+12015550123"},
        {"status": "verified"},
    ],
)
def test_answer_that_does_not_confirm_the_code_verifies_nothing(lanck, verification, answer):
    if answer.get("requestId") == "SAME":
        answer = {**answer, "requestId": lanck.sent[-1].request_id}
    lanck.answer(answer)
    lanck.answer({"status": "processing", "number": verification.number})
    assert check(verification, lanck.sent[-1].code).refusal == "check_unknown"
    assert Verification.objects.get().state == "pending"


def test_invalid_answer_is_settled_by_a_lookup(lanck, verification):
    lanck.answer({})
    lanck.answer({"status": "verified", "number": verification.number, "verifiedAt": 1700000000000})
    assert check(verification, lanck.sent[-1].code).proof


def test_lookup_that_confirms_another_number_verifies_nothing(lanck, verification):
    lanck.answer({})
    lanck.answer({"status": "verified", "number": "+12015550199", "verifiedAt": 1700000000000})
    assert check(verification, lanck.sent[-1].code).refusal == "check_unknown"


def test_code_of_a_message_without_request_id_is_refused_without_spending_an_attempt(lanck):
    lanck.lose_answer()
    verification = start()
    result = check(verification, lanck.sent[-1].code)
    assert (result.refusal, result.retry_after) == ("outcome_unknown", 2)
    assert Verification.objects.get().attempts == 0
    assert not lanck.sent[-1].checks


def test_code_of_an_unknown_message_can_be_checked_after_a_receipt(lanck):
    lanck.lose_answer()
    verification = start()
    assert lanck.report(lanck.sent[-1], "DELIVERED").status_code == 204
    assert check(verification, lanck.sent[-1].code).proof
