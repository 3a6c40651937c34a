"""The system checks of the guard's settings, and those for deployment."""

import pytest
from django.core.checks import run_checks
from django.test import override_settings

from django_lanck.checks import check_deployment, check_settings
from tests.test_checks import GOOD, found

FIXED = {"CODE": "424242", "UNTIL": "2026-12-31", "PURPOSES": ["signup"]}


def no_rule(attempt):
    return None


@pytest.mark.parametrize(
    ("keys", "ids"),
    [
        *[
            ({key: value}, ["E015"])
            for key in ("LIMITS", "CHECK_LIMITS")
            for value in (
                "5/hour",
                ["5/hour"],
                {"number": "5/hour"},
                {"number": ["5 per hour"]},
                {"number": [["5/hour"]]},
                {"number": [5]},
                {"number": None},
                {"nummer": ["5/hour"]},
                {7: ["5/hour"]},
            )
        ],
        *[({key: value}, []) for key in ("LIMITS", "CHECK_LIMITS") for value in (None, {}, {"number": []})],
        ({"LIMITS": {"number": ("5/hour", "20/10 minutes"), "session": ["1/day"]}}, []),
        ({"CHECK_LIMITS": {"session": ["5/hour"]}}, ["E015"]),
        ({"PURPOSES": {"signup": {"LIMITS": {"site": ["0/day"]}}}}, ["E015"]),
        *[({"COUNTRIES": value}, ["E015"]) for value in ("US", [], ["us"], ["XX"], ["001"], [7], [["US"]], {"US": 1})],
        ({"COUNTRIES": ("US", "DE", "GG")}, []),
        ({"COUNTRIES": None}, ["W005"]),
        ({"PURPOSES": {"signup": {"COUNTRIES": None}}}, ["W005"]),
        ({"COUNTRIES": None, "PURPOSES": {"signup": {"COUNTRIES": ["US"]}}}, ["W005"]),
        *[({key: value}, ["E015"]) for key in ("FRAUD_CHECK", "HLR_CHECK") for value in (True, "on", None, [])],
        *[({key: value}, []) for key in ("FRAUD_CHECK", "HLR_CHECK") for value in ("off", "watch", "block")],
        ({"PURPOSES": {"signup": {"STRICT": "yes"}}}, ["E015"]),
        ({"PURPOSES": {"signup": {"STRICT": True}}}, []),
        ({"STRICT": True}, ["E002"]),
        *[
            ({"SEND_LIMITS": value}, ["E035"])
            for value in ("x", {"number": "5/hour"}, {"address": ["5/hour"]}, {"user": ["5/hour"]})
        ],
        ({"SEND_LIMITS": None}, []),
        ({"SEND_LIMITS": {"number": ["5/hour"]}}, []),
        *[({"WATCH": value}, ["E036"]) for value in ("number", ["nummer"], [["number"]], None, {"number": 1})],
        ({"WATCH": []}, []),
        ({"WATCH": ("number", "guard", "line_type", "country_list", "prefix_conversion")}, []),
        *[({"REFUSED_LINE_TYPES": value}, ["E037"]) for value in ("pager", ["fax"], None)],
        ({"REFUSED_LINE_TYPES": ["voip"]}, []),
        *[
            ({"CONVERSION": value}, ["E038"])
            for value in (
                "x",
                {"site": (20, 10)},
                {"prefix": 20},
                {"prefix": (20,)},
                {"prefix": (0, 10)},
                {"prefix": (20, 0)},
                {"prefix": (20, 101)},
                {"prefix": "20"},
            )
        ],
        *[({"CONVERSION": value}, []) for value in (None, {}, {"country": [100, 5]})],
        *[({"CONVERSION_PAUSE": value}, ["E039"]) for value in (0, "1", 1.5, None)],
        *[
            ({"TRUSTED_PROXIES": value}, ["E040"])
            for value in ("10.0.0.0/8", ["10.0.0.1/8"], ["proxy"], [""], [7], [None], [["10.0.0.0/8"]])
        ],
        ({"TRUSTED_PROXIES": ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "unix:"]}, []),
        *[({"GUARD": value}, ["E041"]) for value in ("no.such.rule", "nothing", "tests.guard.test_checks.FIXED", 7)],
        *[({"GUARD": value}, []) for value in ("", None, "tests.guard.test_checks.no_rule")],
        *[({"SCREENING_TIMEOUT": value}, ["E042"]) for value in (0, -1, "2", None, True)],
        *[({"SCREENING_FAILED": value}, ["E042"]) for value in ("block", True, None, [])],
        ({"SCREENING_FAILED": "refuse", "SCREENING_TIMEOUT": 0.5}, []),
        *[
            ({key: value}, ["E043"])
            for key in ("REFUSED_FRAUD_STATES", "REFUSED_HLR_STATES")
            for value in ("FRAUDULENT", [""], [7], None)
        ],
        ({"REFUSED_FRAUD_STATES": [], "REFUSED_HLR_STATES": ["UNDELIVERED"]}, []),
        *[({"TEST_NUMBERS_IN_PRODUCTION": value}, ["E046"]) for value in ("True", 1, None)],
    ],
)
def test_invalid_value_is_reported(keys, ids):
    assert found(**keys) == ids


@pytest.mark.parametrize(
    "given",
    [
        ["+12015550123"],
        "+12015550123",
        {"2015550123": FIXED},
        {"+1 201 555 0123": FIXED},
        {"+10000000000": FIXED},
        {12015550123: FIXED},
        {"+12015550123": "424242"},
        {"+12015550123": None},
        {"+12015550123": {"CODE": "424242", "UNTIL": "2026-12-31"}},
        *[
            {"+12015550123": {**FIXED, **change}}
            for change in (
                {"CODE": 424242},
                {"CODE": "123"},
                {"CODE": "1234567"},
                {"CODE": "12a4"},
                {"CODE": "٤٢٤٢٤٢"},
                {"UNTIL": "tomorrow"},
                {"UNTIL": None},
                {"UNTIL": "2026-02-30"},
                {"PURPOSES": "signup"},
                {"PURPOSES": ["order"]},
                {"PURPOSES": [["signup"]]},
                {"PURPOSES": None},
                {"MORE": 1},
            )
        ],
    ],
)
def test_invalid_test_number_is_reported(given):
    assert found(TEST_NUMBERS=given, TEST_NUMBERS_IN_PRODUCTION=True) == ["E044"]


def test_test_numbers_in_production_are_an_error_unless_enabled(settings):
    given = {"+12015550123": FIXED}
    assert found(TEST_NUMBERS=given) == ["E045"]
    assert found(TEST_NUMBERS=given, TEST_NUMBERS_IN_PRODUCTION=True) == []
    settings.DEBUG = True
    assert found(TEST_NUMBERS=given) == []


KEYS = (
    "LIMITS CHECK_LIMITS SEND_LIMITS COUNTRIES FRAUD_CHECK HLR_CHECK WATCH REFUSED_LINE_TYPES CONVERSION "
    "CONVERSION_PAUSE TRUSTED_PROXIES GUARD SCREENING_TIMEOUT SCREENING_FAILED REFUSED_FRAUD_STATES "
    "REFUSED_HLR_STATES TEST_NUMBERS TEST_NUMBERS_IN_PRODUCTION PURPOSES"
).split()


@pytest.mark.parametrize("value", [None, 0, 1.5, True, "x", b"x", [[]], [{}], {"x": {}}, {"signup": 7}, object()])
@pytest.mark.parametrize("key", KEYS)
def test_no_value_raises_an_exception_in_the_checks(key, value):
    with override_settings(LANCK={**GOOD, "TEST_NUMBERS": {"+12015550123": FIXED}, key: value}):
        check_settings()
        check_deployment()


# check --deploy


def found_at_deployment(**keys):
    with override_settings(LANCK={**GOOD, "TRUSTED_PROXIES": [], "NOTIFY_FORMER_NUMBER": True, **keys}):
        return [message.id.removeprefix("django_lanck.") for message in check_deployment()]


def test_site_with_configured_proxies_passes_the_deployment_checks():
    assert found_at_deployment() == []


@pytest.mark.parametrize(
    ("keys", "ids"),
    [
        ({"TRUSTED_PROXIES": None}, ["W006"]),
        ({"LIMITS": None}, ["W007"]),
        ({"CHECK_LIMITS": None}, ["W007"]),
        ({"PURPOSES": {"signup": {"LIMITS": None}}}, ["W007"]),
        ({"LIMITS": None, "PURPOSES": {"signup": {"LIMITS": {"number": ["5/hour"]}}}}, []),
        *[({"WATCH": [rule]}, ["W007"]) for rule in ("number", "ladder", "site")],
        ({"WATCH": ["country_conversion", "address"]}, []),
        *[
            ({"PURPOSES": {"login": weak}}, ["W008"])
            for weak in ({"MAX_ATTEMPTS": 6}, {"CODE_LENGTH": 5}, {"METHODS": ["sms", "call"]}, {"STRICT": False})
        ],
        ({"PURPOSES": {"login": {"CHANNELS": ["flash"]}}}, ["W008"]),
        ({"PURPOSES": {"payout": {"STRICT": True, "CODE_LENGTH": 4}}}, ["W008"]),
        ({"PURPOSES": {"payout": {"CODE_LENGTH": 4}, "login": {"MAX_ATTEMPTS": 5}}}, []),
        ({"METHODS": ["call"], "PURPOSES": {"login": {}}}, ["W008"]),
        ({"TEST_NUMBERS": {"+12015550123": FIXED}, "TEST_NUMBERS_IN_PRODUCTION": True}, ["W009"]),
        ({"NOTIFY_FORMER_NUMBER": False}, ["W011"]),
        ({"NOTIFY_FORMER_NUMBER": False, "PURPOSES": {"signup": {}}}, []),
        ({"CALLBACK_BASE_URL": "http://www.example.com"}, ["E048"]),
        ({"CALLBACK_BASE_URL": ""}, []),
        ({"BASE_URL": "http://127.0.0.1:8000/sandbox/v1"}, ["E049"]),
        ({"BASE_URL": "https://localhost/v1"}, ["E049"]),
        ({"LIMITS": "x"}, []),  # reported by the usual checks, so that those for deployment are skipped
    ],
)
def test_risky_setting_is_reported_at_deployment(keys, ids):
    assert found_at_deployment(**keys) == ids


def test_deployment_checks_run_at_deployment_only_and_have_hints():
    with override_settings(LANCK={**GOOD, "LIMITS": None, "NOTIFY_FORMER_NUMBER": True}):
        usual = [message.id for message in run_checks() if message.id.startswith("django_lanck.")]
        deploying = [
            message
            for message in run_checks(tags=["security"], include_deployment_checks=True)
            if message.id.startswith("django_lanck.")
        ]
    assert usual == []
    assert [message.id for message in deploying] == ["django_lanck.W006", "django_lanck.W007"]
    assert all(message.hint for message in deploying)
