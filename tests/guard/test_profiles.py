"""Profiles: values of the purpose, the site and the defaults; stricter for purposes that give access to an account."""

import pytest
from django.test import override_settings

from django_lanck import services
from django_lanck.conf import conf
from django_lanck.conf.profiles import Rate, parse_rate
from django_lanck.exceptions import Refusal
from django_lanck.testing.mixin import shared_lanck
from tests.guard.test_limits import NO_LADDER
from tests.test_checks import GOOD

DAY = 86_400
STRICT = ["login", "recovery", "reset", "password_reset"]


def profile(purpose, own=None, **keys):
    with override_settings(LANCK={**keys, "PURPOSES": {purpose: own or {}}}):
        return conf.profile(purpose)


@pytest.mark.parametrize("purpose", STRICT)
def test_purpose_that_gives_access_to_an_account_is_stricter(purpose):
    strict = profile(purpose)
    assert (strict.max_attempts, strict.code_length, strict.lifetime, strict.proof_lifetime) == (3, 6, 300, 300)
    assert strict.methods == ("sms", "voice")
    assert "flash" not in strict.channels
    assert strict.limits["number_purpose"] == (Rate(5, DAY),)


def test_other_purposes_have_the_usual_values():
    usual = profile("signup")
    assert (usual.max_attempts, usual.code_length, usual.lifetime, usual.proof_lifetime) == (5, 6, 600, 900)
    assert "call" in usual.methods
    assert "flash" in usual.channels
    assert usual.limits["number_purpose"] == ()


def test_strict_can_be_set_for_a_purpose():
    assert profile("payout", {"STRICT": True}) == profile("payout", {"STRICT": True, "MAX_ATTEMPTS": 3})
    assert profile("payout", {"STRICT": True}).max_attempts == 3
    assert profile("login", {"STRICT": False}).max_attempts == 5
    assert profile("login", {"STRICT": False}).methods == ("sms", "voice", "call")


def test_site_can_only_make_a_strict_purpose_stricter():
    loose = {
        "MAX_ATTEMPTS": 10,
        "CODE_LENGTH": 4,
        "CODE_LIFETIME": 3600,
        "PROOF_LIFETIME": 3600,
        "METHODS": ["call", "sms"],
    }
    strict = profile("login", **loose, LIMITS={"number_purpose": ["100/day"]})
    assert (strict.max_attempts, strict.code_length, strict.lifetime, strict.proof_lifetime) == (3, 6, 300, 300)
    assert strict.methods == ("sms",)
    assert strict.limits["number_purpose"] == (Rate(5, DAY),)
    tight = {"MAX_ATTEMPTS": 2, "CODE_LIFETIME": 60, "PROOF_LIFETIME": 30}
    strict = profile("login", **tight, LIMITS={"number_purpose": ["2/day", "1/hour"]})
    assert (strict.max_attempts, strict.lifetime, strict.proof_lifetime) == (2, 60, 30)
    assert strict.limits["number_purpose"] == (Rate(2, DAY), Rate(1, 3600))


def test_own_values_of_a_strict_purpose_apply():
    own = {
        "MAX_ATTEMPTS": 6,
        "CODE_LENGTH": 4,
        "CODE_LIFETIME": 900,
        "PROOF_LIFETIME": 901,
        "METHODS": ["call"],
        "CHANNELS": ["flash"],
        "LIMITS": {"number_purpose": ["50/day"]},
    }
    loose = profile("login", own)
    assert (loose.max_attempts, loose.code_length, loose.lifetime, loose.proof_lifetime) == (6, 4, 900, 901)
    assert (loose.methods, loose.channels) == (("call",), ("flash",))
    assert loose.limits["number_purpose"] == (Rate(50, DAY),)


def test_strict_purpose_has_no_limits_if_the_site_has_none():
    assert profile("login", LIMITS=None).limits is None
    assert profile("login", {"LIMITS": None}).limits is None


@pytest.mark.parametrize("length", [4, 5])
def test_short_code_has_three_attempts_unless_the_purpose_sets_more(length):
    assert profile("order", {"CODE_LENGTH": length}).max_attempts == 3
    assert profile("order", CODE_LENGTH=length, MAX_ATTEMPTS=5).max_attempts == 3
    assert profile("order", CODE_LENGTH=length, MAX_ATTEMPTS=2).max_attempts == 2
    assert profile("order", {"MAX_ATTEMPTS": 5}, CODE_LENGTH=length).max_attempts == 5


def test_limits_of_a_purpose_replace_those_of_the_same_name():
    limits = profile("order", {"LIMITS": {"number": ["1/day"]}}, LIMITS={"number": ["2/day"], "site": ["9/day"]}).limits
    assert (limits["number"], limits["site"]) == ((Rate(1, DAY),), (Rate(9, DAY),))
    assert limits["address"] == (Rate(10, 3600),)
    assert profile("order", {"LIMITS": {"number": []}}).limits["number"] == ()


def test_purpose_can_have_limits_where_the_site_has_none():
    assert profile("order", {"LIMITS": {"number": ["1/day"]}}, LIMITS=None).limits == {"number": (Rate(1, DAY),)}
    checks = profile("order", {"CHECK_LIMITS": {"number": ["1/day"]}}, CHECK_LIMITS=None).check_limits
    assert checks == {"number": (Rate(1, DAY),)}


def test_lower_of_two_rates_for_the_same_time_applies():
    limits = profile("order", {"LIMITS": {"number": ["9/hour", "4/60 minutes", "5/hour", "8/day"]}}).limits
    assert limits["number"] == (Rate(4, 3600), Rate(8, DAY))


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("5/hour", Rate(5, 3600)),
        ("1/second", Rate(1, 1)),
        ("20/10 minutes", Rate(20, 600)),
        ("20/10minutes", Rate(20, 600)),
        ("7/2 days", Rate(7, 2 * DAY)),
        ("0/day", None),
        ("5/0 days", None),
        ("5/week", None),
        ("5 per hour", None),
        ("-5/hour", None),
        ("5/hour\n", None),
        ("", None),
        (5, None),
        (None, None),
    ],
)
def test_rate_is_parsed_from_a_number_and_a_time(text, rate):
    assert parse_rate(text) == rate


# Verifications with a profile


@pytest.mark.django_db
def test_login_has_three_attempts_and_no_flash_call(enable_limits, lanck, phone):
    enable_limits(PURPOSES={"login": {}})
    with pytest.raises(Refusal, match="invalid_method"):
        services.start_verification(number=phone, purpose="login", method="call")
    verification = services.start_verification(number=phone, purpose="login")
    assert (verification.expires_at - verification.created_at).total_seconds() == 300
    refusals = [services.check_verification(verification_id=verification.pk, code="000000").refusal for _ in range(4)]
    assert refusals == ["invalid_code", "invalid_code", "exhausted", "exhausted"]
    assert len(lanck.sent[-1].checks) == 3


@pytest.mark.django_db
def test_number_gets_five_codes_a_day_for_login(enable_limits, lanck, phone):
    enable_limits(PURPOSES={"login": {}, "signup": {}}, LIMITS={"number": []}, **NO_LADDER)
    for _ in range(5):
        services.start_verification(number=phone, purpose="login")
    with pytest.raises(Refusal, match="too_many_requests"):
        services.start_verification(number=phone, purpose="login")
    services.start_verification(number=phone)


@pytest.mark.django_db
def test_two_rates_for_the_same_time_allow_the_lower_number(enable_limits, lanck, phone):
    enable_limits(LIMITS={"number": ["2/hour", "3/hour"]}, **NO_LADDER)
    for _ in range(2):
        services.start_verification(number=phone)
    with pytest.raises(Refusal, match="too_many_requests"):
        services.start_verification(number=phone)


# The settings of the testing package


@pytest.mark.django_db
def test_settings_for_tests_have_only_the_limits_that_a_test_sets(phone):
    fake = shared_lanck()
    with override_settings(LANCK={**GOOD, "PURPOSES": {"signup": {"LIMITS": {"number": ["1/day"]}, "CODE_LENGTH": 5}}}):
        for_tests = fake.settings
    with override_settings(LANCK=for_tests):
        assert services.start_verification(number=phone).code_length == 5
        services.start_verification(number=phone)
    with override_settings(LANCK={**for_tests, "LIMITS": {"number": ["1/day"]}}):
        services.start_verification(number=phone)
        with pytest.raises(Refusal, match="too_many_requests"):
            services.start_verification(number=phone)
