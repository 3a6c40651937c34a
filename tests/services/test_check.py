"""Checking a code: what it costs, and what LANCK's answers and errors lead to."""

import logging

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.views.debug import ExceptionReporter

from django_lanck import signals
from django_lanck.exceptions import Refusal
from django_lanck.models import Verification
from django_lanck.services import resend_verification
from django_lanck.services.verifications import check as check_module
from tests.helpers import check, start, statements, with_lanck, wrong_code

pytestmark = pytest.mark.django_db


@pytest.fixture
def verification(lanck):
    return start()


def wrong(lanck, step=1):
    return wrong_code(lanck.sent[-1].code, step)


# A right or wrong code


def test_right_code_returns_a_proof_and_sends_one_signal(lanck, verification, record_signal, phone):
    verified = record_signal(signals.number_verified)
    result = check(verification, lanck.sent[-1].code)
    assert (result.refusal, result.retry_after, result.error) == (None, None, None)
    assert result.raise_for_refusal() == verification
    assert len(result.proof) >= 43
    assert [(sent["number"], sent["user"]) for sent in verified] == [(phone, None)]
    stored = Verification.objects.get()
    assert stored.state == "verified"
    assert result.proof not in str(vars(stored))
    assert result.proof not in repr(result)


def test_right_code_takes_three_statements(lanck, verification, django_assert_max_num_queries):
    with django_assert_max_num_queries(20) as captured:
        check(verification, lanck.sent[-1].code)
    assert len(statements(captured)) == 3


def test_each_wrong_code_takes_three_statements(lanck, verification, django_assert_max_num_queries):
    for attempt in range(5):
        with django_assert_max_num_queries(20) as captured:
            check(verification, wrong(lanck, attempt + 1))
        assert len(statements(captured)) == 3, attempt


def test_wrong_code_is_returned_as_refusal_and_spends_an_attempt(lanck, verification):
    result = check(verification, wrong(lanck))
    assert (result.refusal, result.proof, result.verification) == ("invalid_code", None, verification)
    with pytest.raises(Refusal, match="invalid_code"):
        result.raise_for_refusal()
    assert result.verification.attempts_left == 4
    assert check(verification, lanck.sent[-1].code).proof


def test_last_wrong_code_exhausts_the_verification_and_sends_one_signal(lanck, verification, record_signal):
    failed = record_signal(signals.verification_failed)
    refusals = [check(verification, wrong(lanck, step)).refusal for step in range(1, 8)]
    assert refusals == ["invalid_code"] * 4 + ["exhausted"] * 3
    assert len(lanck.sent[-1].checks) == 5
    assert [sent["reason"] for sent in failed] == ["exhausted"]
    assert check(verification, lanck.sent[-1].code).refusal == "exhausted"
    assert Verification.objects.get().state == "exhausted"


def test_expired_verification_is_refused_without_a_call_and_sends_one_signal(
    lanck, verification, record_signal, backdate
):
    failed = record_signal(signals.verification_failed)
    backdate(verification, 601)
    assert check(verification, lanck.sent[-1].code).refusal == "expired"
    assert check(verification, lanck.sent[-1].code).refusal == "expired"
    assert not lanck.sent[-1].checks
    assert [sent["reason"] for sent in failed] == ["expired"]


def test_verification_that_expires_during_a_check_is_refused_as_expired(
    lanck, verification, backdate, monkeypatch, record_signal
):
    failed = record_signal(signals.verification_failed)
    get_client = check_module.get_client
    monkeypatch.setattr(check_module, "get_client", lambda: backdate(verification, 700) or get_client())
    assert check(verification, lanck.sent[-1].code).refusal == "expired"
    assert not lanck.sent[-1].checks
    assert [sent["reason"] for sent in failed] == ["expired"]


def test_verified_verification_is_refused_without_a_call(lanck, verification):
    check(verification, lanck.sent[-1].code)
    assert check(verification, lanck.sent[-1].code).refusal == "already_verified"
    assert len(lanck.sent[-1].checks) == 1


def test_unknown_verification_is_returned_as_not_found(lanck, verification):
    result = check(verification, lanck.sent[-1].code, binding="another")
    assert (result.refusal, result.verification, result.proof) == ("not_found", None, None)
    with pytest.raises(Refusal, match="not_found"):
        result.raise_for_refusal()


def refuse_on_holidays(attempt):
    if attempt.action == "check":
        raise Refusal("holiday", detail="We are closed today.", http_status=451, retry_after=7)


def test_refusal_of_the_sites_rule_is_returned_with_its_detail(lanck, verification):
    with with_lanck(lanck, GUARD="tests.services.test_check.refuse_on_holidays"):
        result = check(verification, lanck.sent[-1].code)
    assert (result.refusal, result.retry_after, result.verification) == ("holiday", 7, verification)
    assert (result.error.detail, result.error.http_status) == ("We are closed today.", 451)
    assert Verification.objects.get().attempts == 0


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "abcdef", "12 34 5", "１２３", "123456x", "-", "٠" * 7, "²²²²²²"]
)
def test_text_that_cannot_be_a_code_spends_no_attempt(lanck, verification, code):
    assert check(verification, code).refusal == "invalid_code"
    assert not lanck.sent[-1].checks
    assert Verification.objects.get().attempts == 0


@pytest.mark.parametrize("spelling", ["{0}{1}{2} {3}{4}{5}", " {0}{1}{2}-{3}{4}{5}\n", "{0} {1} {2} {3} {4} {5}"])
def test_spaces_and_dashes_in_a_code_are_ignored(lanck, verification, spelling):
    assert check(verification, spelling.format(*lanck.sent[-1].code)).proof


def test_digits_of_another_script_are_accepted(lanck, verification):
    arabic = "".join(chr(ord("٠") + int(digit)) for digit in lanck.sent[-1].code)
    assert check(verification, arabic).proof


def test_purpose_that_was_removed_from_the_settings_still_returns_a_proof(lanck, verification):
    with override_settings(LANCK={**lanck.settings, "PURPOSES": {}}):
        assert check(verification, lanck.sent[-1].code).proof


def test_signal_carries_the_user_who_started(lanck, record_signal):
    verified = record_signal(signals.number_verified)
    user = get_user_model().objects.create_user("someone")
    verification = start(user=user)
    with CaptureQueriesContext(connection) as captured:
        check(verification, lanck.sent[-1].code)
    assert len(statements(captured)) == 3
    assert verified[0]["user"] == user


def test_user_deleted_during_the_check_still_gets_a_proof(lanck, record_signal, monkeypatch):
    verified = record_signal(signals.number_verified)
    user = get_user_model().objects.create_user("gone")
    verification = start(user=user)
    get_client = check_module.get_client
    monkeypatch.setattr(check_module, "get_client", lambda: user.delete() and get_client())
    assert check(verification, lanck.sent[-1].code).proof
    assert verified[0]["user"] == None  # noqa: E711 (a lazy object)


# Errors of LANCK


@pytest.mark.parametrize(("error_code", "status"), [(4, 429), (1, 401), (5, 401), (6, 403), (2, 400), (8, 400)])
def test_attempt_is_refunded_if_lanck_did_not_compare_the_code(lanck, verification, error_code, status):
    lanck.refuse(error_code, http_status=status)
    result = check(verification, lanck.sent[-1].code)
    assert result.refusal == "unavailable"
    assert result.retry_after
    assert Verification.objects.get().attempts == 0


def test_attempt_is_refunded_if_the_request_did_not_reach_lanck(lanck, verification, unused_port):
    with override_settings(LANCK={**lanck.settings, "BASE_URL": f"http://127.0.0.1:{unused_port}/v1"}):
        assert check(verification, lanck.sent[-1].code).refusal == "unavailable"
    assert Verification.objects.get().attempts == 0


@pytest.mark.parametrize(("error_code", "status"), [(20, 404), (22, 400), (23, 400)])
def test_code_that_expired_at_lanck_can_be_replaced_by_a_resend(lanck, verification, error_code, status, backdate):
    lanck.refuse(error_code, http_status=status)
    assert check(verification, "123456").refusal == "code_expired"
    backdate(verification, 31)
    resend_verification(verification_id=verification.pk)
    assert check(verification, lanck.sent[-1].code).proof


@pytest.mark.parametrize("error_code", [9, 10, 25, 99])
def test_attempt_stays_spent_after_any_other_error(lanck, verification, error_code):
    lanck.refuse(error_code)
    assert check(verification, lanck.sent[-1].code).refusal == "unavailable"
    assert Verification.objects.get().attempts == 1


def test_invalid_number_error_of_a_check_names_no_field(lanck, verification):
    lanck.refuse(11)
    error = check(verification, lanck.sent[-1].code).error
    assert (error.code, error.errors) == ("unavailable", {})


# Transactions and secrets


def test_check_inside_a_transaction_raises_runtime_error(lanck, transactional_db):
    verification = start()
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        check(verification, lanck.sent[-1].code)
    assert not lanck.sent[-1].checks


def test_logs_contain_no_code_number_or_proof(lanck, phone, caplog):
    caplog.set_level(logging.DEBUG)
    verification = start()
    code = lanck.sent[-1].code
    lanck.lose_answer()
    check(verification, code)
    proof = check(verification, code).proof
    ours = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("django.db"))
    for secret in (code, proof, phone, phone.removeprefix("+"), "test:test", "dGVzdDp0ZXN0"):
        assert secret not in ours


def test_error_report_contains_no_code_and_no_token(lanck, verification, rf, monkeypatch):
    code = lanck.sent[-1].code
    monkeypatch.setattr("django_lanck.client.transport._answer", len)
    with pytest.raises(TypeError) as failed:
        check(verification, code)
    service = failed.tb.tb_next.tb_next
    reporter = ExceptionReporter(rf.get("/"), failed.type, failed.value, service)
    shown = [value for frame in reporter.get_traceback_frames() for value in frame["vars"]]
    assert len(shown) > 10
    assert not [name for name, value in shown if code in str(value) or "test:test" in str(value)]


def test_error_report_of_a_returned_refusal_contains_no_code(lanck, verification, rf):
    code = lanck.sent[-1].code
    lanck.lose_answer()
    result = check(verification, code)
    with pytest.raises(Refusal) as refused:
        result.raise_for_refusal()
    frames = ExceptionReporter(rf.get("/"), refused.type, refused.value, refused.tb.tb_next).get_traceback_frames()
    ours = [frame for frame in frames if "django_lanck" in frame["filename"]]
    shown = [repr(value) for frame in ours for _name, value in frame["vars"]]
    assert shown
    assert not [value for value in shown if code in value]
