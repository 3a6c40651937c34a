"""The webhook for delivery receipts."""

import json
from unittest.mock import Mock

import pytest
from django.db import DatabaseError, connection
from django.test import Client, override_settings
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from django_lanck.models import Message, Receipt
from django_lanck.services import start_verification
from django_lanck.services.messages.receipts import callback_url
from tests.helpers import wrong_code

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(lanck, phone):
    message = start_verification(number=phone).newest_message
    return callback_url(message).removeprefix("http://testserver")


@pytest.fixture
def payload(lanck, path):
    sent = lanck.sent[-1]
    return {"requestId": sent.request_id, "number": sent.number, "status": "SENT", "timestamp": 1700000000}


@pytest.mark.parametrize(
    "content_type",
    [
        "json/application",
        "application/json",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
        "??",
    ],
)
def test_body_is_parsed_as_json_with_any_content_type(client, path, payload, content_type):
    response = client.generic("POST", path, json.dumps(payload), content_type)
    assert (response.status_code, response.content) == (204, b"")
    assert Message.objects.get().status == "SENT"


@pytest.mark.parametrize("verb", ["get", "head"])
@pytest.mark.parametrize("token", [None, "1:forged"])
def test_get_and_head_change_nothing(client, path, verb, token):
    address = reverse("lanck:receipt", args=[token]) if token else path
    response = getattr(client, verb)(address)
    assert response.status_code == 200
    assert not Receipt.objects.exists()


@pytest.mark.parametrize("verb", ["put", "patch", "delete"])
def test_other_http_methods_are_refused(client, path, verb):
    assert getattr(client, verb)(path).status_code == 405


@pytest.mark.parametrize("token", ["1", "1:", ":", "1:forged", "x:y", "1:a:b", "%00", "1" * 2000, "é"])
def test_invalid_token_is_not_found_without_a_query(client, payload, token, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.post(f"/lanck/receipts/{token}/", json.dumps(payload), "application/json")
    assert response.status_code == 404
    assert json.loads(response.content) == {"code": "not_found", "detail": "Not found."}


def test_token_of_another_message_is_not_found(client, lanck, path, payload, phone):
    other = callback_url(start_verification(number=phone).newest_message).removeprefix("http://testserver")
    assert client.post(other, json.dumps(payload), "application/json").status_code == 404
    assert not Receipt.objects.exists()


def test_token_stays_valid_after_a_rotation_of_the_secret_key(client, path, payload, settings):
    old = settings.SECRET_KEY
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[old]):
        assert client.post(path, json.dumps(payload), "application/json").status_code == 204
    with override_settings(SECRET_KEY="new"):
        assert client.post(path, json.dumps(payload), "application/json").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b'"x"',
        b"\xff\xfe",
        b"{}",
        b"[" * 10_000,
        b'{"a":' * 10_000,
        b'{"requestId": NaN}',
        b'{"requestId": 1' + b"0" * 5000 + b"}",
        b'{"requestId": "\\u0000"}',
        b'{"requestId": "\\ud800"}',
        b" " * 70_000,
        b'{"requestId": "x", "number": "+1"}',
        b'{"requestId": "x", "number": [], "status": "SENT"}',
        b'{"requestId": "", "number": "1", "status": "SENT"}',
        b'{"requestId": "x", "number": "1", "status": {}}',
    ],
)
def test_invalid_body_is_refused_and_changes_nothing(client, path, body):
    response = client.generic("POST", path, body, "json/application")
    assert response.status_code == 400
    assert set(json.loads(response.content)) == {"code", "detail"}
    assert not Receipt.objects.exists()
    assert Message.objects.get().status == "accepted"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.dictionaries(
        st.sampled_from(["requestId", "number", "status", "timestamp", "mccmnc", "extra", "sipStatus"]), json_values
    )
)
def test_any_json_body_is_accepted_or_refused(client, path, payload, changes):
    response = client.post(path, json.dumps({**payload, **changes}), "application/json")
    assert response.status_code in (204, 400, 404)


def test_logs_contain_no_token(client, path, payload, caplog, monkeypatch):
    caplog.set_level("DEBUG")
    client.post(path, json.dumps(payload), "application/json")
    client.post(path, json.dumps({**payload, "requestId": "another"}), "application/json")
    client.post(path, "{", "application/json")
    client.put(path)
    monkeypatch.setattr(
        "django_lanck.services.messages.receipts._record_without_lock", Mock(side_effect=DatabaseError("gone"))
    )
    assert client.post(path, json.dumps(payload), "application/json").status_code == 503
    messages = [record.getMessage() for record in caplog.records if not record.name.startswith("django.db")]
    assert [message for message in messages if "A callback was refused" in message]
    assert not [message for message in messages if path.split("/")[3] in message]


MIDDLEWARE = ["django.contrib.auth.middleware.LoginRequiredMiddleware"]


@pytest.mark.parametrize("atomic", [False, True])
@pytest.mark.parametrize("login_required", [False, True])
def test_verification_works_with_atomic_requests_and_required_login(
    lanck, phone, settings, transactional_db, atomic, login_required
):
    if login_required:
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, *MIDDLEWARE]
    client = Client()
    connection.settings_dict["ATOMIC_REQUESTS"] = atomic
    try:
        started = client.post("/api/phone/verifications/", {"number": phone}, "application/json")
        assert started.status_code == 201
        address = f"/api/phone/verifications/{started.json()['id']}/"
        assert lanck.report(lanck.sent[-1], "DELIVERED").status_code == 204
        assert client.get(address).json()["delivery"] == "DELIVERED"
        assert client.post(f"{address}check/", {"code": "x"}, "application/json").status_code == 400
        code = lanck.sent[-1].code
        assert client.post(f"{address}check/", {"code": wrong_code(code)}, "application/json").status_code == 400
        assert client.get(address).json()["attempts_left"] == 4
        assert client.post(f"{address}check/", {"code": code}, "application/json").status_code == 200
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False
