"""Numbers with a fixed code, for those who review an app: only as long, and only for what, the site says."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model

from django_lanck import services, signals
from django_lanck.exceptions import Refusal
from django_lanck.models import LimitCounter, Message, RefusalCount, Verification, VerifiedNumber

pytestmark = pytest.mark.django_db

PHONE, OTHER = "+12015550123", "+12015550124"
CODE = "424242"
URL = "/api/phone/verifications/"


def today():
    return datetime.now(UTC).date()


def test_number(**keys):
    return {PHONE: {"CODE": CODE, "UNTIL": today(), "PURPOSES": ["signup"], **keys}}


test_number.__test__ = False


@pytest.fixture(autouse=True)
def switched_on(enable_limits):
    enable_limits(TEST_NUMBERS=test_number(), TEST_NUMBERS_IN_PRODUCTION=True)


def start(number=PHONE, **arguments):
    return services.start_verification(number=number, **arguments)


def check(verification, code=CODE, **arguments):
    return services.check_verification(verification_id=verification.pk, code=code, **arguments)


def refused(call, *given, **arguments) -> str:
    with pytest.raises(Refusal) as caught:
        call(*given, **arguments)
    return caught.value.code


def make_user(name="alice", **facts):
    return get_user_model().objects.create_user(name, **facts)


def test_its_code_is_fixed_and_lanck_hears_nothing(lanck, record_signal):
    verified = record_signal(signals.number_verified)
    verification = start()
    assert (verification.is_test, verification.delivery) == (True, "accepted")
    assert check(verification, "000000").refusal == "invalid_code"
    assert check(verification).proof
    assert not lanck.requests
    assert verified[0]["verification"].is_test


def test_all_of_the_api_works_with_it(client, lanck, backdate):
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


def test_its_proof_buys_the_number_for_a_customer(lanck):
    proof = check(start()).proof
    assert services.redeem_proof(proof=proof) == PHONE
    assert services.claim_number(user=make_user(), proof=proof).number == PHONE


def test_its_code_may_be_shorter_than_others(enable_limits, lanck):
    enable_limits(TEST_NUMBERS=test_number(CODE="4242"), TEST_NUMBERS_IN_PRODUCTION=True)
    verification = start()
    assert verification.code_length == 4
    assert check(verification, "42-42").proof


@pytest.mark.parametrize("code_source", ["lanck", "site"])
def test_its_code_is_nobody_elses(lanck, code_source):
    verification = start(OTHER, code_source=code_source)
    assert not verification.is_test
    assert check(verification).refusal == "invalid_code"
    assert len(lanck.sent) == 1


def test_its_code_is_bound_to_who_started_it(lanck):
    verification = start(binding="session:a")
    assert check(verification, binding="session:b").refusal == "not_found"
    proof = check(verification, binding="session:a").proof
    assert refused(services.redeem_proof, proof=proof, binding="session:b") == "invalid_proof"


def test_it_has_as_many_attempts_as_any_other(lanck):
    verification = start()
    for _ in range(5):
        check(verification, "000000")
    assert check(verification).refusal == "exhausted"


def test_it_is_one_until_the_end_of_its_last_day(enable_limits, lanck):
    enable_limits(TEST_NUMBERS=test_number(UNTIL=today() - timedelta(days=1)), TEST_NUMBERS_IN_PRODUCTION=True)
    assert not start().is_test
    assert len(lanck.sent) == 1


@pytest.mark.parametrize("until", [lambda: str(today()), today, lambda: date(9999, 12, 31)])
def test_its_last_day_is_a_date_or_its_text(enable_limits, lanck, until):
    enable_limits(TEST_NUMBERS=test_number(UNTIL=until()), TEST_NUMBERS_IN_PRODUCTION=True)
    assert start().is_test


def test_it_is_one_for_its_purposes_only(enable_limits, lanck):
    enable_limits(
        TEST_NUMBERS=test_number(), TEST_NUMBERS_IN_PRODUCTION=True, PURPOSES={"signup": {}, "login": {}}, LIMITS=None
    )
    assert start().is_test
    assert not start(purpose="login").is_test


def test_it_is_none_in_production_unless_that_is_said(enable_limits, lanck, settings):
    enable_limits(TEST_NUMBERS=test_number(), LIMITS=None)
    assert not start().is_test
    enable_limits(TEST_NUMBERS=test_number(), TEST_NUMBERS_IN_PRODUCTION="yes", LIMITS=None)
    assert not start().is_test
    settings.DEBUG = True
    assert start().is_test


@pytest.mark.parametrize("facts", [{"is_staff": True}, {"is_superuser": True}])
def test_it_opens_no_account_of_the_staff(lanck, facts):
    staff = make_user(**facts)
    proof = check(start()).proof
    assert services.redeem_proof(proof=proof) == PHONE
    assert refused(services.claim_number, user=staff, proof=proof) == "invalid_proof"
    assert not VerifiedNumber.objects.exists()


@pytest.mark.parametrize("facts", [{"is_staff": True}, {"is_superuser": True}])
def test_for_the_staff_it_is_a_number_like_any_other(enable_limits, lanck, facts):
    assert not start(user=make_user(**facts)).is_test
    enable_limits(TEST_NUMBERS=test_number(), TEST_NUMBERS_IN_PRODUCTION=True, LIMITS=None)
    assert start().is_test
    VerifiedNumber.objects.create(number=PHONE, user=get_user_model().objects.get(), verified_at=datetime.now(UTC))
    assert not start().is_test
    assert len(lanck.sent) == 2


def test_a_number_that_became_the_staffs_meanwhile_is_not_proved_by_its_code(lanck):
    proof = check(start()).proof
    VerifiedNumber.objects.create(number=PHONE, user=make_user(is_staff=True), verified_at=datetime.now(UTC))
    assert refused(services.redeem_proof, proof=proof) == "invalid_proof"


def test_a_resend_after_its_time_is_refused(enable_limits, lanck, backdate):
    verification = start()
    backdate(verification, 30)
    enable_limits()
    assert refused(services.resend_verification, verification_id=verification.pk) == "expired"
    assert not lanck.requests


def test_a_resend_makes_the_code_good_again(lanck, backdate):
    verification = start()
    backdate(verification, 30)
    services.resend_verification(verification_id=verification.pk)
    assert check(verification).proof


# Limits and figures


def test_it_keeps_the_same_limits_and_rules(enable_limits, lanck):
    assert refused(lambda: [start(), start()]) == "resend_too_soon"
    assert set(LimitCounter.objects.filter(used=1).values_list("rule", flat=True)) == {
        "signal",
        *("number", "prefix", "country", "site", "ladder"),
    }
    enable_limits(TEST_NUMBERS=test_number(), TEST_NUMBERS_IN_PRODUCTION=True, COUNTRIES=["DE"])
    assert refused(start) == "number_not_supported"


def test_its_wrong_codes_are_limited_too(enable_limits, lanck):
    on = {"TEST_NUMBERS": test_number(), "TEST_NUMBERS_IN_PRODUCTION": True}
    enable_limits(**on, CHECK_LIMITS={"number": ["2/day"]})
    verification = start()
    for _ in range(2):
        check(verification, "000000")
    assert check(verification).refusal == "too_many_requests"


def test_it_is_in_no_figure(enable_limits, lanck):
    enable_limits(
        TEST_NUMBERS=test_number(),
        TEST_NUMBERS_IN_PRODUCTION=True,
        LIMITS={"number": ["3/day"]},
        WATCH=["ladder"],
        CODE_SOURCE="site",
    )
    for _ in range(3):
        check(start())
    refused(start)
    assert not RefusalCount.objects.exists()
    assert not LimitCounter.objects.filter(rule__contains="conversion").exists()
    assert not Message.objects.exclude(goal="").exists()
    assert set(Message.objects.values_list("is_test", flat=True)) == {True}
    assert set(Verification.objects.values_list("is_test", flat=True)) == {True}


def test_it_makes_nobody_known(enable_limits, lanck):
    keys = {"TEST_NUMBERS": test_number(), "LIMITS": {"prefix": ["1/day"]}, "WATCH": ["ladder"]}
    enable_limits(**keys, TEST_NUMBERS_IN_PRODUCTION=True)
    assert check(start()).proof
    enable_limits(**keys)
    assert refused(start) == "too_many_requests"


def test_it_is_not_reconciled_and_no_goal_is_told(enable_limits, lanck, backdate):
    enable_limits(TEST_NUMBERS=test_number(), TEST_NUMBERS_IN_PRODUCTION=True, CODE_SOURCE="site", RECONCILE_AFTER=1)
    verification = start()
    check(verification)
    backdate(verification, 7200)
    done = services.reconcile()
    assert (done.requests, done.goals, done.lost) == (0, 0, 0)
    assert not lanck.requests
    assert Message.objects.get().status == "accepted"


def test_it_is_not_screened(enable_limits, lanck):
    enable_limits(TEST_NUMBERS=test_number(), TEST_NUMBERS_IN_PRODUCTION=True, FRAUD_CHECK="block", HLR_CHECK="block")
    start()
    assert not lanck.requests


def test_its_code_is_kept_nowhere(lanck):
    start()
    rows = [str(list(model.objects.values())) for model in (Verification, Message, LimitCounter)]
    assert CODE not in "".join(rows)
