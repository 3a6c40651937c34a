"""Test numbers, which have a fixed code for a limited time and for some purposes."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model

from django_lanck import services, signals
from django_lanck.models import LimitCounter, Message, RefusalCount, Verification, VerifiedNumber
from tests.helpers import PHONE, catch_refusal, check, start

pytestmark = pytest.mark.django_db

OTHER = "+12015550124"
CODE = "424242"
URL = "/api/phone/verifications/"


def today():
    return datetime.now(UTC).date()


def test_number(**keys):
    return {PHONE: {"CODE": CODE, "UNTIL": today(), "PURPOSES": ["signup"], **keys}}


test_number.__test__ = False


@pytest.fixture(autouse=True)
def with_test_number(enable_limits):
    enable_limits(TEST_NUMBERS=test_number(), TEST_NUMBERS_IN_PRODUCTION=True)


def check_fixed_code(verification, **arguments):
    return check(verification, CODE, **arguments)


def make_user(name="alice", **fields):
    return get_user_model().objects.create_user(name, **fields)


def test_fixed_code_is_accepted_without_calling_lanck(lanck, record_signal):
    verified = record_signal(signals.number_verified)
    verification = start()
    assert (verification.is_test, verification.delivery) == (True, "accepted")
    assert check(verification, "000000").refusal == "invalid_code"
    assert check_fixed_code(verification).proof
    assert not lanck.requests
    assert verified[0]["verification"].is_test


def test_all_api_calls_work_for_a_test_number(client, lanck, backdate):
    started = client.post(URL, {"number": "+1 (201) 555-0123"}, "application/json").json()
    url = f"{URL}{started['id']}/"
    backdate(Verification.objects.get(), 30)
    assert client.post(f"{url}resend/", {"method": "voice"}, "application/json").json()["method"] == "voice"
    assert client.get(url).json()["status"] == "pending"
    assert client.post(f"{url}check/", {"code": CODE}, "application/json").json()["proof"]
    backdate(Verification.objects.get(), 60)
    started = client.post(URL, {"number": PHONE}, "application/json").json()
    assert client.delete(f"{URL}{started['id']}/").status_code == 204
    assert not lanck.requests
    assert set(Message.objects.values_list("is_test", "request_id")) == {(True, None)}


def test_proof_of_a_test_number_can_be_redeemed_and_claims_the_number(lanck):
    proof = check_fixed_code(start()).proof
    assert services.redeem_proof(proof=proof) == PHONE
    assert services.claim_number(user=make_user(), proof=proof).number == PHONE


def test_fixed_code_can_be_shorter_than_other_codes(enable_limits, lanck):
    enable_limits(TEST_NUMBERS=test_number(CODE="4242"), TEST_NUMBERS_IN_PRODUCTION=True)
    verification = start()
    assert verification.code_length == 4
    assert check(verification, "42-42").proof


@pytest.mark.parametrize("code_source", ["lanck", "site"])
def test_fixed_code_is_wrong_for_other_numbers(lanck, code_source):
    verification = start(OTHER, code_source=code_source)
    assert not verification.is_test
    assert check_fixed_code(verification).refusal == "invalid_code"
    assert len(lanck.sent) == 1


def test_fixed_code_and_proof_need_the_same_binding(lanck):
    verification = start(binding="session:a")
    assert check_fixed_code(verification, binding="session:b").refusal == "not_found"
    proof = check_fixed_code(verification, binding="session:a").proof
    assert catch_refusal(services.redeem_proof, proof=proof, binding="session:b").code == "invalid_proof"


def test_test_number_has_the_usual_number_of_attempts(lanck):
    verification = start()
    for _ in range(5):
        check(verification, "000000")
    assert check_fixed_code(verification).refusal == "exhausted"


def test_test_number_ends_after_its_last_day(enable_limits, lanck):
    enable_limits(TEST_NUMBERS=test_number(UNTIL=today() - timedelta(days=1)), TEST_NUMBERS_IN_PRODUCTION=True)
    assert not start().is_test
    assert len(lanck.sent) == 1


@pytest.mark.parametrize("until", [lambda: str(today()), today, lambda: date(9999, 12, 31)])
def test_last_day_can_be_a_date_or_a_text(enable_limits, lanck, until):
    enable_limits(TEST_NUMBERS=test_number(UNTIL=until()), TEST_NUMBERS_IN_PRODUCTION=True)
    assert start().is_test


def test_test_number_is_limited_to_its_purposes(enable_limits, lanck):
    enable_limits(
        TEST_NUMBERS=test_number(), TEST_NUMBERS_IN_PRODUCTION=True, PURPOSES={"signup": {}, "login": {}}, LIMITS=None
    )
    assert start().is_test
    assert not start(purpose="login").is_test


def test_test_number_is_ignored_in_production_unless_enabled(enable_limits, lanck, settings):
    enable_limits(TEST_NUMBERS=test_number(), LIMITS=None)
    assert not start().is_test
    enable_limits(TEST_NUMBERS=test_number(), TEST_NUMBERS_IN_PRODUCTION="yes", LIMITS=None)
    assert not start().is_test
    settings.DEBUG = True
    assert start().is_test


@pytest.mark.parametrize("fields", [{"is_staff": True}, {"is_superuser": True}])
def test_proof_of_a_test_number_cannot_be_claimed_by_staff(lanck, fields):
    staff = make_user(**fields)
    proof = check_fixed_code(start()).proof
    assert services.redeem_proof(proof=proof) == PHONE
    assert catch_refusal(services.claim_number, user=staff, proof=proof).code == "invalid_proof"
    assert not VerifiedNumber.objects.exists()


@pytest.mark.parametrize("fields", [{"is_staff": True}, {"is_superuser": True}])
def test_number_of_staff_is_not_a_test_number(enable_limits, lanck, fields):
    assert not start(user=make_user(**fields)).is_test
    enable_limits(TEST_NUMBERS=test_number(), TEST_NUMBERS_IN_PRODUCTION=True, LIMITS=None)
    assert start().is_test
    VerifiedNumber.objects.create(number=PHONE, user=get_user_model().objects.get(), verified_at=datetime.now(UTC))
    assert not start().is_test
    assert len(lanck.sent) == 2


def test_proof_is_invalid_once_staff_have_claimed_the_test_number(lanck):
    proof = check_fixed_code(start()).proof
    VerifiedNumber.objects.create(number=PHONE, user=make_user(is_staff=True), verified_at=datetime.now(UTC))
    assert catch_refusal(services.redeem_proof, proof=proof).code == "invalid_proof"


def test_resend_is_refused_when_the_test_number_has_ended(enable_limits, lanck, backdate):
    verification = start()
    backdate(verification, 30)
    enable_limits()
    assert catch_refusal(services.resend_verification, verification_id=verification.pk).code == "expired"
    assert not lanck.requests


def test_fixed_code_is_accepted_after_a_resend(lanck, backdate):
    verification = start()
    backdate(verification, 30)
    services.resend_verification(verification_id=verification.pk)
    assert check_fixed_code(verification).proof


# Limits and figures


def test_limits_and_rules_apply_to_a_test_number(enable_limits, lanck):
    assert catch_refusal(lambda: [start(), start()]).code == "resend_too_soon"
    assert set(LimitCounter.objects.filter(used=1).values_list("rule", flat=True)) == {
        "signal",
        *("number", "prefix", "country", "site", "ladder"),
    }
    enable_limits(TEST_NUMBERS=test_number(), TEST_NUMBERS_IN_PRODUCTION=True, COUNTRIES=["DE"])
    assert catch_refusal(start).code == "number_not_supported"


def test_wrong_codes_of_a_test_number_are_limited(enable_limits, lanck):
    on = {"TEST_NUMBERS": test_number(), "TEST_NUMBERS_IN_PRODUCTION": True}
    enable_limits(**on, CHECK_LIMITS={"number": ["2/day"]})
    verification = start()
    for _ in range(2):
        check(verification, "000000")
    assert check_fixed_code(verification).refusal == "too_many_requests"


def test_test_number_is_not_in_refusals_conversions_and_goals(enable_limits, lanck):
    enable_limits(
        TEST_NUMBERS=test_number(),
        TEST_NUMBERS_IN_PRODUCTION=True,
        LIMITS={"number": ["3/day"]},
        WATCH=["ladder"],
        CODE_SOURCE="site",
    )
    for _ in range(3):
        check_fixed_code(start())
    catch_refusal(start)
    assert not RefusalCount.objects.exists()
    assert not LimitCounter.objects.filter(rule__contains="conversion").exists()
    assert not Message.objects.exclude(goal="").exists()
    assert set(Message.objects.values_list("is_test", flat=True)) == {True}
    assert set(Verification.objects.values_list("is_test", flat=True)) == {True}


def test_test_number_does_not_count_as_verified_before(enable_limits, lanck):
    keys = {"TEST_NUMBERS": test_number(), "LIMITS": {"prefix": ["1/day"]}, "WATCH": ["ladder"]}
    enable_limits(**keys, TEST_NUMBERS_IN_PRODUCTION=True)
    assert check_fixed_code(start()).proof
    enable_limits(**keys)
    assert catch_refusal(start).code == "too_many_requests"


def test_test_number_is_not_reconciled_and_reports_no_goal(enable_limits, lanck, backdate):
    enable_limits(TEST_NUMBERS=test_number(), TEST_NUMBERS_IN_PRODUCTION=True, CODE_SOURCE="site", RECONCILE_AFTER=1)
    verification = start()
    check_fixed_code(verification)
    backdate(verification, 7200)
    done = services.reconcile()
    assert (done.requests, done.goals, done.lost) == (0, 0, 0)
    assert not lanck.requests
    assert Message.objects.get().status == "accepted"


def test_test_number_is_not_screened(enable_limits, lanck):
    enable_limits(TEST_NUMBERS=test_number(), TEST_NUMBERS_IN_PRODUCTION=True, FRAUD_CHECK="block", HLR_CHECK="block")
    start()
    assert not lanck.requests


def test_fixed_code_is_not_stored(lanck):
    start()
    rows = [str(list(model.objects.values())) for model in (Verification, Message, LimitCounter)]
    assert CODE not in "".join(rows)
