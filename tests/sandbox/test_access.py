"""The permission to run, and the system checks of the sandbox."""

import pytest
from django.core import checks
from django.test import Client

PATHS = ["", "handsets/", "handset/+12015550123/", "v1", "v1/verify", "v1/requests/x", "v1/nope"]


def ids():
    return {message.id for message in checks.run_checks() if message.id.startswith("lanck_sandbox")}


@pytest.mark.parametrize("setting", [{}, {"ALLOW_WITHOUT_DEBUG": False}, {"ALLOW_WITHOUT_DEBUG": "yes"}])
def test_every_page_is_forbidden_without_debug(settings, setting):
    settings.LANCK_SANDBOX = setting
    responses = [Client().get(f"/sandbox/{path}") for path in PATHS]
    responses += [Client().post(f"/sandbox/{path}") for path in PATHS if path.startswith("v1")]
    for response in responses:
        assert response.status_code == 403
        assert response["Content-Type"].startswith("text/plain")
        assert b"ALLOW_WITHOUT_DEBUG" in response.content


def test_sandbox_runs_with_debug_without_any_setting(api, settings):
    settings.LANCK_SANDBOX = {}
    settings.DEBUG = True
    assert api.post("verify", number="+12015550123", method="sms").status_code == 200
    assert api.client.get("/sandbox/").status_code == 200
    assert ids() == set()


def test_system_check_without_debug_names_the_setting(settings):
    settings.LANCK_SANDBOX = {}
    [error] = [message for message in checks.run_checks() if message.id == "lanck_sandbox.E001"]
    assert "ALLOW_WITHOUT_DEBUG" in error.hint


def test_deploy_check_warns_of_the_sandbox():
    messages = checks.run_checks(tags=["security"], include_deployment_checks=True)
    assert [message.id for message in messages if message.id.startswith("lanck_sandbox")] == ["lanck_sandbox.W001"]


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("yes", {"E002"}),
        ({"TOKENS": "a:b"}, {"E003"}),
        ({"TOKEN": "sandbox"}, {"E004"}),
        ({"TOKEN": None}, {"E004"}),
        ({"ALLOW_WITHOUT_DEBUG": "yes"}, {"E001", "E005"}),
        ({"REQUESTS_PER_SECOND": 0}, {"E006"}),
        ({"REQUESTS_PER_SECOND": True}, {"E006"}),
        ({"RECEIPT_DELAY": -1}, {"E007"}),
        ({"HANG_SECONDS": float("nan")}, {"E007"}),
        ({"HANG_SECONDS": "30"}, {"E007"}),
        ({"CALLBACK_HOSTS": "web"}, {"E008"}),
        ({"CALLBACK_HOSTS": ["http://web/"]}, {"E008"}),
        ({"CALLBACK_HOSTS": None}, {"E008"}),
        ({"WAIT_SCALE": -0.1}, {"E009"}),
        ({"WAIT_SCALE": True}, {"E009"}),
        ({"RENTED_NUMBER": "12065550100"}, {"E010"}),
        ({"RENTED_NUMBER": None}, {"E010"}),
        ({"INBOUND_URL": "/lanck/inbound/"}, {"E011"}),
        ({"INBOUND_URL": None}, {"E011"}),
        ({"WAIT_SCALE": 0, "RENTED_NUMBER": "+447700900000", "INBOUND_URL": "http://web:8000/in/"}, set()),
        ({"CALLBACK_HOSTS": ["web"], "RECEIPT_DELAY": 0, "HANG_SECONDS": 1, "TOKEN": "a:b"}, set()),
    ],
)
def test_invalid_settings_are_reported(settings, setting, expected):
    allowed = {"ALLOW_WITHOUT_DEBUG": True} | setting if isinstance(setting, dict) else setting
    settings.LANCK_SANDBOX = allowed
    assert ids() == {f"lanck_sandbox.{code}" for code in expected}


def test_sandbox_needs_no_login_with_login_required_middleware(api, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    assert api.post("verify", number="+12015550123", method="sms").status_code == 200
    for path in PATHS[:3]:
        assert api.client.get(f"/sandbox/{path}").status_code == 200


def test_api_needs_no_csrf_token(api):
    api.client = Client(enforce_csrf_checks=True)
    assert api.post("verify", number="+12015550123", method="sms").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_refused_check_is_counted_with_atomic_requests(api, settings):
    from django.db import connection

    connection.settings_dict["ATOMIC_REQUESTS"] = True
    try:
        request_id = api.start()
        api.post("verify/check", requestId=request_id, code="x")
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False
    assert api.post("verify/info", requestId=request_id).json()["checkAttempts"] == 1
