import contextlib
import logging

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.views.debug import ExceptionReporter

from django_lanck import signals
from django_lanck.exceptions import Refusal
from django_lanck.models import Message, Verification
from django_lanck.services import check_verification, resend_verification, start_verification
from django_lanck.services.verifications import check as checking
from tests.services.test_start import statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def verification(lanck, phone):
    return start_verification(number=phone)


def wrong(lanck, step=1):
    code = lanck.sent[-1].code
    return f"{(int(code) + step) % 10 ** len(code):0{len(code)}}"


def check(verification, code):
    return check_verification(verification_id=verification.pk, code=code)


def test_the_right_code_earns_a_proof_and_one_signal(lanck, verification, record_signal, phone):
    verified = record_signal(signals.number_verified)
    result = check(verification, lanck.sent[-1].code)
    assert result.refusal is None
    assert len(result.proof) >= 43
    assert [(v["number"], v["user"]) for v in verified] == [(phone, None)]
    stored = Verification.objects.get()
    assert stored.state == "verified"
    assert result.proof not in str(vars(stored))
    assert result.proof not in repr(result)


def test_a_right_check_takes_three_statements(lanck, verification, django_assert_max_num_queries):
    with django_assert_max_num_queries(20) as captured:
        check(verification, lanck.sent[-1].code)
    assert len(statements(captured)) == 3


def test_a_wrong_check_takes_three_statements_also_the_last_one(lanck, verification, django_assert_max_num_queries):
    for attempt in range(5):
        with django_assert_max_num_queries(20) as captured:
            check(verification, wrong(lanck, attempt + 1))
        assert len(statements(captured)) == 3, attempt


def test_a_wrong_code_is_an_answer_and_costs_an_attempt(lanck, verification):
    result = check(verification, wrong(lanck))
    assert (result.refusal, result.proof) == ("invalid_code", None)
    assert result.verification.attempts_left == 4
    assert check(verification, lanck.sent[-1].code).proof


def test_the_last_wrong_code_ends_it_with_one_signal(lanck, verification, record_signal):
    failed = record_signal(signals.verification_failed)
    refusals = [check(verification, wrong(lanck, step)).refusal for step in range(1, 8)]
    assert refusals == ["invalid_code"] * 4 + ["exhausted"] * 3
    assert len(lanck.sent[-1].checks) == 5
    assert [said["reason"] for said in failed] == ["exhausted"]
    assert check(verification, lanck.sent[-1].code).refusal == "exhausted"
    assert Verification.objects.get().state == "exhausted"


def test_time_that_is_over_ends_it_with_one_signal_and_no_call(lanck, verification, record_signal, backdate):
    failed = record_signal(signals.verification_failed)
    backdate(verification, 601)
    assert check(verification, lanck.sent[-1].code).refusal == "expired"
    assert check(verification, lanck.sent[-1].code).refusal == "expired"
    assert not lanck.sent[-1].checks
    assert [said["reason"] for said in failed] == ["expired"]


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "abcdef", "12 34 5", "１２３", "123456x", "-", "٠" * 7, "²²²²²²"]
)
def test_what_cannot_be_the_code_costs_nothing(lanck, verification, code):
    assert check(verification, code).refusal == "invalid_code"
    assert not lanck.sent[-1].checks
    assert Verification.objects.get().attempts == 0


@pytest.mark.parametrize("spell", ["{0}{1}{2} {3}{4}{5}", " {0}{1}{2}-{3}{4}{5}\n", "{0} {1} {2} {3} {4} {5}"])
def test_spaces_and_dashes_do_not_matter(lanck, verification, spell):
    assert check(verification, spell.format(*lanck.sent[-1].code)).proof


def test_digits_of_any_script_are_digits(lanck, verification):
    arabic = "".join(chr(ord("٠") + int(digit)) for digit in lanck.sent[-1].code)
    assert check(verification, arabic).proof


@pytest.mark.parametrize(("error_code", "status"), [(4, 429), (1, 401), (5, 401), (6, 403), (2, 400), (8, 400)])
def test_an_attempt_that_was_not_compared_is_given_back(lanck, verification, error_code, status):
    lanck.refuse(error_code, http_status=status)
    with pytest.raises(Refusal) as refused:
        check(verification, lanck.sent[-1].code)
    assert refused.value.code == "unavailable"
    assert refused.value.retry_after
    assert Verification.objects.get().attempts == 0


def test_an_attempt_that_did_not_reach_lanck_is_given_back(lanck, verification, unused_port):
    with (
        override_settings(LANCK={**lanck.settings, "BASE_URL": f"http://127.0.0.1:{unused_port}/v1"}),
        pytest.raises(Refusal),
    ):
        check(verification, lanck.sent[-1].code)
    assert Verification.objects.get().attempts == 0


@pytest.mark.parametrize(("error_code", "status"), [(20, 404), (22, 400), (23, 400)])
def test_a_code_that_is_over_at_lanck_leaves_room_for_a_new_one(lanck, verification, error_code, status, backdate):
    lanck.refuse(error_code, http_status=status)
    assert check(verification, "123456").refusal == "code_expired"
    backdate(verification, 31)
    resend_verification(verification_id=verification.pk)
    assert check(verification, lanck.sent[-1].code).proof


@pytest.mark.parametrize("error_code", [9, 10, 25, 99])
def test_any_other_error_keeps_the_attempt_spent(lanck, verification, error_code):
    lanck.refuse(error_code)
    with pytest.raises(Refusal) as refused:
        check(verification, lanck.sent[-1].code)
    assert refused.value.code == "unavailable"
    assert Verification.objects.get().attempts == 1


def test_a_lost_right_answer_is_settled_by_the_same_code(lanck, verification, record_signal):
    verified = record_signal(signals.number_verified)
    code = lanck.sent[-1].code
    lanck.lose_answer()
    with pytest.raises(Refusal) as refused:
        check(verification, code)
    assert (refused.value.code, refused.value.retry_after) == ("check_unknown", 2)
    assert not verified
    assert Message.objects.get().lost_check not in ("", code)
    assert check(verification, code).proof
    assert len(verified) == 1
    assert Verification.objects.get().attempts == 1


def test_a_lost_right_answer_is_not_settled_by_other_digits(lanck, verification):
    lanck.lose_answer()
    with pytest.raises(Refusal):
        check(verification, lanck.sent[-1].code)
    assert check(verification, wrong(lanck)).refusal == "invalid_code"
    assert Verification.objects.get().attempts == 2
    assert check(verification, lanck.sent[-1].code).proof


def test_a_lost_wrong_answer_does_not_make_it_right(lanck, verification):
    lanck.lose_answer()
    with pytest.raises(Refusal):
        check(verification, wrong(lanck))
    assert check(verification, wrong(lanck)).refusal == "invalid_code"
    assert check(verification, lanck.sent[-1].code).proof


def test_a_lost_answer_on_the_last_attempt_can_still_be_settled(lanck, verification):
    for step in range(1, 5):
        check(verification, wrong(lanck, step))
    lanck.lose_answer()
    with pytest.raises(Refusal):
        check(verification, lanck.sent[-1].code)
    assert check(verification, lanck.sent[-1].code).proof


def test_after_a_lost_answer_lanck_is_asked_so_often_a_minute_whatever_is_typed(enable_limits, lanck, phone, backdate):
    """A refused check spends nothing, and must not be a way to have LANCK asked without end."""
    enable_limits(CHECK_LIMITS={"number": ("3/day",)})
    verification, code = start_verification(number=phone), lanck.sent[-1].code
    lanck.lose_answer()
    for step in range(15):  # the right one first
        with contextlib.suppress(Refusal):
            check(verification, wrong(lanck, step))
    with pytest.raises(Refusal) as refused:
        check(verification, code)
    assert (refused.value.code, refused.value.retry_after) == ("check_unknown", 60)
    assert lanck.requests.count("POST /verify/info") == 10
    backdate(verification, 60)
    assert check(verification, code).proof


def test_when_the_time_ends_during_a_check_the_answer_is_expired(
    lanck, verification, backdate, monkeypatch, record_signal
):
    failed = record_signal(signals.verification_failed)
    get_client = checking.get_client
    monkeypatch.setattr(checking, "get_client", lambda: backdate(verification, 700) or get_client())
    assert check(verification, lanck.sent[-1].code).refusal == "expired"
    assert not lanck.sent[-1].checks
    assert [said["reason"] for said in failed] == ["expired"]


def test_a_purpose_that_was_removed_meanwhile_still_gets_its_proof(lanck, verification):
    with override_settings(LANCK={**lanck.settings, "PURPOSES": {}}):
        assert check(verification, lanck.sent[-1].code).proof


def test_an_invalid_number_at_a_check_is_not_the_persons_fault(lanck, verification):
    lanck.refuse(11)
    with pytest.raises(Refusal) as refused:
        check(verification, lanck.sent[-1].code)
    assert (refused.value.code, refused.value.errors) == ("unavailable", {})


def test_where_lanck_does_not_say_the_code_is_checked_again(lanck, verification):
    lanck.answer({}, http_status=502)
    with pytest.raises(Refusal):
        check(verification, lanck.sent[-1].code)
    lanck.refuse(20, http_status=404)  # it has no /verify/info
    assert check(verification, lanck.sent[-1].code).proof


def test_a_right_answer_that_lanck_knows_of_late_is_not_lost(lanck, verification):
    code = lanck.sent[-1].code
    lanck.lose_answer()
    with pytest.raises(Refusal):
        check(verification, code)
    lanck.answer({"status": "processing", "number": verification.number})
    assert check(verification, code).proof


def test_the_user_who_started_comes_with_the_signal(lanck, phone, record_signal):
    verified = record_signal(signals.number_verified)
    user = get_user_model().objects.create_user("someone")
    verification = start_verification(number=phone, user=user)
    with CaptureQueriesContext(connection) as captured:
        check(verification, lanck.sent[-1].code)
    assert len(statements(captured)) == 3
    assert verified[0]["user"] == user


def test_an_odd_answer_is_not_settled_by_what_another_code_earned(lanck, verification):
    lanck.lose_answer()
    with pytest.raises(Refusal):
        check(verification, lanck.sent[-1].code)
    lanck.answer({"status": "processing", "number": verification.number})  # LANCK is late
    lanck.answer({})  # and odd
    with pytest.raises(Refusal) as refused:
        check(verification, wrong(lanck))
    assert refused.value.code == "check_unknown"
    assert Verification.objects.get().state == "pending"


def test_a_user_deleted_during_the_check_does_not_lose_the_proof(lanck, phone, record_signal, monkeypatch):
    verified = record_signal(signals.number_verified)
    user = get_user_model().objects.create_user("gone")
    verification = start_verification(number=phone, user=user)
    get_client = checking.get_client
    monkeypatch.setattr(checking, "get_client", lambda: user.delete() and get_client())
    assert check(verification, lanck.sent[-1].code).proof
    assert verified[0]["user"] == None  # noqa: E711 (it is a lazy one)


def test_two_lost_answers_for_different_codes_settle_nothing(lanck, verification):
    message = Message.objects.all()
    message.remember_lost_check("a" * 64)
    message.remember_lost_check("a" * 64)
    assert message.get().lost_check == "a" * 64
    message.remember_lost_check("b" * 64)
    assert message.get().lost_check == Message.AMBIGUOUS
    message.remember_lost_check("b" * 64)
    assert message.get().lost_check == Message.AMBIGUOUS


def test_when_settling_fails_too_nobody_is_verified_by_guess(lanck, verification):
    lanck.lose_answer()
    with pytest.raises(Refusal):
        check(verification, lanck.sent[-1].code)
    lanck.refuse(99, http_status=500)
    with pytest.raises(Refusal) as refused:
        check(verification, lanck.sent[-1].code)
    assert refused.value.code == "check_unknown"
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
def test_an_answer_that_proves_nothing_verifies_nobody(lanck, verification, answer):
    if answer.get("requestId") == "SAME":
        answer = {**answer, "requestId": lanck.sent[-1].request_id}
    lanck.answer(answer)
    lanck.answer({"status": "processing", "number": verification.number})
    with pytest.raises(Refusal) as refused:
        check(verification, lanck.sent[-1].code)
    assert refused.value.code == "check_unknown"
    assert Verification.objects.get().state == "pending"


def test_an_odd_answer_is_settled_by_asking(lanck, verification):
    lanck.answer({})
    lanck.answer({"status": "verified", "number": verification.number, "verifiedAt": 1700000000000})
    assert check(verification, lanck.sent[-1].code).proof


def test_asking_about_another_number_verifies_nobody(lanck, verification):
    lanck.answer({})
    lanck.answer({"status": "verified", "number": "+12015550199", "verifiedAt": 1700000000000})
    with pytest.raises(Refusal):
        check(verification, lanck.sent[-1].code)


def test_while_the_newest_message_is_unknown_nothing_is_spent(lanck, phone):
    lanck.lose_answer()
    verification = start_verification(number=phone)
    with pytest.raises(Refusal) as refused:
        check(verification, lanck.sent[-1].code)
    assert (refused.value.code, refused.value.retry_after) == ("outcome_unknown", 2)
    assert Verification.objects.get().attempts == 0
    assert not lanck.sent[-1].checks


def test_a_receipt_makes_the_code_of_an_unknown_message_work(lanck, phone):
    lanck.lose_answer()
    verification = start_verification(number=phone)
    assert lanck.report(lanck.sent[-1], "DELIVERED").status_code == 204
    assert check(verification, lanck.sent[-1].code).proof


def test_a_verified_one_is_not_checked_again(lanck, verification):
    check(verification, lanck.sent[-1].code)
    assert check(verification, lanck.sent[-1].code).refusal == "already_verified"
    assert len(lanck.sent[-1].checks) == 1


def test_refuses_to_run_inside_a_transaction(lanck, phone, transactional_db):
    verification = start_verification(number=phone)
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        check(verification, lanck.sent[-1].code)
    assert not lanck.sent[-1].checks


def test_no_log_has_the_code_the_number_or_the_proof(lanck, phone, caplog):
    caplog.set_level(logging.DEBUG)
    verification = start_verification(number=phone)
    code = lanck.sent[-1].code
    lanck.lose_answer()
    with pytest.raises(Refusal):
        check(verification, code)
    proof = check(verification, code).proof
    ours = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("django.db"))
    for secret in (code, proof, phone, phone.removeprefix("+"), "test:test", "dGVzdDp0ZXN0"):
        assert secret not in ours


def test_an_error_report_has_neither_code_nor_token(lanck, verification, rf, monkeypatch):
    code = lanck.sent[-1].code
    monkeypatch.setattr("django_lanck.client.transport._answer", len)
    with pytest.raises(TypeError) as failed:
        check(verification, code)
    service = failed.tb.tb_next.tb_next
    reporter = ExceptionReporter(rf.get("/"), failed.type, failed.value, service)
    shown = [value for frame in reporter.get_traceback_frames() for value in frame["vars"]]
    assert len(shown) > 10
    assert not [name for name, value in shown if code in str(value) or "test:test" in str(value)]
