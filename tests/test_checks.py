from unittest import mock

import pytest
from django.core.checks import run_checks
from django.test import override_settings

from django_lanck.checks import check_settings
from django_lanck.conf import KEYS, PROFILE_KEYS, LanckSettings, conf

GOOD = {
    "ACCESS_TOKEN": "id:secret",
    "BASE_URL": "https://lanck.example/v1",
    "CALLBACK_BASE_URL": "https://www.example.com",
    "COUNTRIES": ["US"],
}


def found(**keys):
    with override_settings(LANCK={**GOOD, **keys}, ROOT_URLCONF="tests.urls_without_pages"):
        return [message.id.removeprefix("django_lanck.") for message in check_settings()]


def test_token_urls_and_countries_are_sufficient():
    assert found() == []


@pytest.mark.django_db
def test_settings_of_the_demo_are_valid():
    assert [message for message in run_checks() if message.id.startswith("django_lanck")] == []


@pytest.mark.parametrize(
    ("keys", "ids"),
    [
        ({"ACESS_TOKEN": "x:y"}, ["E002"]),
        ({"ACCESS_TOKEN": ""}, ["E003"]),
        ({"ACCESS_TOKEN": "no-colon"}, ["E003"]),
        ({"ACCESS_TOKEN": ":secret"}, ["E003"]),
        ({"ACCESS_TOKEN": None}, ["E003"]),
        ({"BASE_URL": ""}, ["E004"]),
        ({"BASE_URL": "lanck.example"}, ["E004"]),
        ({"BASE_URL": "http://lanck.example/v1"}, ["E004"]),
        ({"BASE_URL": "https://user:pass@lanck.example/v1"}, ["E004"]),
        ({"BASE_URL": "https://[x/v1"}, ["E004"]),
        ({"BASE_URL": 7}, ["E004"]),
        ({"BASE_URL": "http://127.0.0.1:8000/v1"}, []),
        ({"BASE_URL": "http://localhost/v1"}, []),
        ({"BASE_URL": "http://[::1]/v1"}, []),
        ({"BASE_URL": "http://127.0.0.1.evil.example/v1"}, ["E004"]),
        ({"CALLBACK_BASE_URL": "example.com"}, ["E005"]),
        ({"CALLBACK_BASE_URL": ""}, ["W001"]),
        ({"CONNECT_TIMEOUT": 0}, ["E007"]),
        ({"ACCESS_TOKEN": "id:secret\n"}, ["E003"]),
        ({"BASE_URL": "https://lanck.example/v1\n"}, ["E004"]),
        ({"BASE_URL": "https://lanck .example/v1"}, ["E004"]),
        ({"CALLBACK_BASE_URL": "https://www.example.com\n"}, ["E005"]),
        ({"CALLBACK_BASE_URL": "https://www .example.com"}, ["E005"]),
        ({"READ_TIMEOUT": float("inf")}, ["E007"]),
        ({"SENDERS": {"sms": " "}}, ["E011"]),
        ({"PURPOSES": {"x" * 51: {}}}, ["E014"]),
        ({"PURPOSES": {1: {}}}, ["E014"]),
        ({"CODE_LENGTH": 4.0}, ["E015"]),
        ({"INSIGHT_LIFETIME": float("inf")}, ["E025"]),
        ({"BACKGROUND_RATE": float("inf")}, ["E028"]),
        ({"BACKGROUND_RATE": 0}, ["E028"]),
        ({"BACKGROUND_RATE": "10"}, ["E028"]),
        ({"BACKGROUND_RATE": 29.9}, []),
        ({"BACKGROUND_RATE": 30}, ["W003"]),
        ({"RECONCILE_RATE": 10}, ["E002"]),
        ({"BREAKER_FAILURES": -1}, ["E029"]),
        ({"BREAKER_FAILURES": 2.5}, ["E029"]),
        ({"BREAKER_FAILURES": True}, ["E029"]),
        ({"BREAKER_FAILURES": 0}, []),
        ({"RECONCILE_DAYS": 10**6}, ["E026"]),
        ({"READ_TIMEOUT": "10"}, ["E007"]),
        ({"TOTAL_TIMEOUT": True}, ["E007"]),
        ({"RATE_LIMIT_WAIT": -1}, ["E007"]),
        ({"RATE_LIMIT_WAIT": 0}, []),
        ({"CA_FILE": "/no/such/file"}, ["E008"]),
        ({"CA_FILE": __file__}, ["E008"]),
        ({"PROXIES": "http://proxy"}, ["E009"]),
        ({"PROXIES": {"https": "proxy:3128"}}, []),
        ({"PROXIES": {"https": "http://"}}, ["E009"]),
        ({"PROXIES": {"https": "http://user:secret@"}}, ["E009"]),
        ({"PROXIES": {"https": "http://proxy:x"}}, ["E009"]),
        ({"PROXIES": {"https": "http://proxy:3128\n"}}, ["E009"]),
        ({"PROXIES": {"https": "http://user:secret@proxy:3128"}}, []),
        ({"MAX_ANSWER_BYTES": 3}, ["E010"]),
        ({"SENDERS": "ACME"}, ["E011"]),
        ({"SENDERS": {"sms": 7}}, ["E011"]),
        ({"SENDERS": {"sms": "x" * 21}}, ["E011"]),
        ({"PROVIDER_CODE_EXPIRY": 0}, ["E012"]),
        ({"PROVIDER_CHECK_ATTEMPTS": "3"}, ["E012"]),
        ({"SEND_CLIENT_IP": "yes"}, ["E013"]),
        ({"PURPOSES": ["signup"]}, ["E014"]),
        ({"PURPOSES": {"signup": None}}, ["E014"]),
        ({"PURPOSES": {"signup": {"PUBLIK": True}}}, ["E002"]),
        ({"PURPOSES": {"signup": {"PUBLIC": "no"}}}, ["E015"]),
        ({"PURPOSES": {"signup": {"CODE_LENGTH": 8}}}, ["E015"]),
        ({"METHODS": []}, ["E015"]),
        ({"METHODS": [["sms"]]}, ["E015"]),
        ({"METHODS": "sms"}, ["E015"]),
        ({"CALLBACK_BASE_URL": None}, ["W001"]),
        ({"CA_FILE": None}, []),
        ({"CALLBACK_BASE_URL": "https://www.example.com/lanck/"}, ["E005"]),
        ({"METHODS": ["sms", "pigeon"]}, ["E015"]),
        ({"MAX_ATTEMPTS": 0}, ["E015"]),
        ({"CODE_LIFETIME": 1.5}, ["E015"]),
        ({"PROOF_LIFETIME": None}, ["E015"]),
        ({"RESEND_WAITS": [30, "40"]}, ["E015"]),
        ({"RESEND_WAITS": []}, []),
        ({"API_PERMISSION_CLASSES": ["no.such.Class"]}, ["E016"]),
        ({"API_THROTTLE_CLASSES": "rest_framework.throttling.AnonRateThrottle"}, ["E016"]),
        *[
            ({key: value}, [number] if wrong else [])
            for key, number in (("ACCOUNT_GUARD", "E053"), ("LOGIN_RESPONSE", "E055"), ("GUARD", "E041"))
            for value, wrong in (
                (None, False),
                ("", False),
                ("math.floor", False),
                ("math.pi", True),
                ("no.such.function", True),
                ("floor", True),
                (7, True),
                (["math.floor"], True),
            )
        ],
        ({"NOTIFY_FORMER_NUMBER": True}, []),
        ({"NOTIFY_FORMER_NUMBER": "no"}, ["E054"]),
        ({"CODE_SOURCE": "mine"}, ["E015"]),
        ({"CHANNELS": ["voice"]}, ["E015"]),
        ({"CODE_TEXTS": "Your code is {code}."}, ["E019"]),
        ({"CODE_TEXTS": {"": "Your code."}}, ["E019"]),
        ({"CODE_TEXTS": {"": "{code} für Sie", "ru": "Ваш код: {code}"}}, []),
        ({"CODE_HOST": "https://www.example.com"}, ["E020"]),
        ({"CODE_HOST": "www.example.com:8000"}, ["E020"]),
        ({"CODE_HOST": "www.example.com"}, []),
        ({"CODE_TEXTS": {"": "{code}" + "x" * 155}}, ["E021"]),
        ({"CODE_TEXTS": {"": "{code}" + "x" * 154}}, []),
        ({"CODE_TEXTS": {"": "{code}" + "x" * 154}, "CODE_HOST": "www.example.com"}, ["E021"]),
        ({"CODE_TEXTS": {"ru": "{code}" + "я" * 65}}, ["E021"]),
        *[
            ({"CODE_FLOW": flow}, ["E022"])
            for flow in ([], "sms", [("sms", 30, "read")], [["fax"]], [["sms"], ["sms"]])
        ],
        ({"CODE_FLOW": [["push", 0, "delivered"], ["sms"]]}, ["E022"]),
        ({"CODE_FLOW": [["push", 30, "sent"], ["sms"]]}, ["E022"]),
        ({"CODE_FLOW": [["push", 30, "read"], ["sms"]]}, []),
        *[({"INBOUND_SECRETS": secrets}, ["E023"]) for secrets in ("x" * 20, ["short"], ["x" * 20 + "/"], [7], None)],
        ({"INBOUND_SECRETS": ["x" * 20, "y" * 20]}, []),
        *[
            ({"RETENTION": days}, ["E032"])
            for days in ([], {"texts": 30}, {"messages": 0}, {"messages": "30"}, {"receipts": True}, {"inbound": 10**6})
        ],
        *[
            ({"RETENTION": days}, ["E033"])
            for days in (
                {"messages": 3.5},
                {"receipts": 1},
                {"inbound": 1},
                {"insights": 0.5},
                {"counters": 0.5},
                {"refusals": 0.5},
            )
        ],
        ({"RETENTION": {"verifications": 0.5, "messages": 4}}, ["E033", "W004"]),
        ({"RETENTION": {"messages": 7}, "RECONCILE_DAYS": 7}, ["E033"]),
        ({"RETENTION": {"insights": 7}, "INSIGHT_LIFETIME": 30 * 86_400}, ["E033"]),
        ({"RETENTION": {"messages": None}}, ["W004"]),
        ({"RETENTION": {"verifications": 30}}, ["W004"]),
        ({"RETENTION": {"verifications": None, "messages": None, "receipts": None, "inbound": None}}, []),
        ({"RETENTION": {"verifications": 30, "messages": 30, "counters": None}}, []),
        *[({"STOP_WORDS": words}, ["E024"]) for words in ("STOP", [""], [7])],
        ({"STOP_WORDS": []}, []),
        ({"INSIGHT_LIFETIME": -1}, ["E025"]),
        ({"INSIGHT_LIFETIME": 0}, []),
        ({"RECONCILE_AFTER": 0}, ["E026"]),
        ({"STAFF_API": "False"}, ["E027"]),
        ({"STAFF_API": True}, []),
        *[({"METRICS_TOKENS": tokens}, ["E030"]) for tokens in ("x" * 20, ["short"], ["x" * 19 + "é"], [7], None)],
        ({"METRICS_TOKENS": ["x" * 20, "y" * 20]}, []),
    ],
)
def test_invalid_value_is_reported(keys, ids):
    assert found(**keys) == ids


@pytest.mark.parametrize("value", [None, [], "x"])
def test_settings_that_are_not_a_dictionary_are_reported(value):
    with override_settings(LANCK=value):
        assert [message.id for message in check_settings()] == ["django_lanck.E001"]


def test_missing_url_for_receipts_is_reported():
    with override_settings(ROOT_URLCONF="tests.test_checks", LANCK=GOOD):
        assert [message.id for message in check_settings()] == ["django_lanck.E006"]


urlpatterns = []


def test_metrics_without_prometheus_client_are_reported(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "prometheus_client" else mock.DEFAULT)
    assert found(METRICS_TOKENS=["x" * 20]) == ["E031"]
    assert found() == []


def test_naive_times_and_database_time_zones_are_reported(settings):
    with override_settings(USE_TZ=False, LANCK=GOOD):
        assert [message.id for message in check_settings()] == ["django_lanck.E017"]
    zone = mock.patch.dict(settings.DATABASES["default"], {"TIME_ZONE": "Europe/Berlin"})
    with override_settings(LANCK=GOOD), zone:
        assert [message.id for message in check_settings()] == ["django_lanck.E018"]


def test_site_without_sessions_is_warned():
    with override_settings(LANCK=GOOD, MIDDLEWARE=[]):
        assert [message.id for message in check_settings()] == ["django_lanck.W002"]


def test_each_message_has_a_hint():
    with override_settings(LANCK={"ACCESS_TOKEN": "", "RATE_LIMIT_WAIT": -1, "METHODS": []}):
        assert all(message.hint for message in check_settings())


def test_known_keys_are_those_that_are_read():
    class Recorder(dict):
        def get(self, key, default=None):
            read.add(key)
            return default

    read = set()
    recorder = Recorder()
    with override_settings(LANCK=recorder):
        for name in dir(LanckSettings):
            if isinstance(getattr(LanckSettings, name), property):
                getattr(conf, name)
        conf.profile("signup")
    assert read == KEYS
    assert PROFILE_KEYS < KEYS


def test_purpose_overrides_site_and_site_overrides_defaults():
    with override_settings(LANCK={"MAX_ATTEMPTS": 4, "PURPOSES": {"order": {"CODE_LENGTH": 6}}}):
        profile = conf.profile("order")
    assert (profile.max_attempts, profile.code_length, profile.lifetime, profile.public) == (4, 6, 600, False)
