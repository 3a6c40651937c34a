"""The webhook for inbound SMS."""

import json
from io import BytesIO
from unittest.mock import Mock

import pytest
from django.db import DatabaseError
from django.test import Client

from django_lanck.models import InboundMessage
from django_lanck.testing.fake import INBOUND_SECRET

pytestmark = pytest.mark.django_db
PATH = f"/lanck/inbound/{INBOUND_SECRET}/"
PAYLOAD = {"from": "447700900001", "to": "447700900000", "messageId": "m1", "text": "Hello", "timestamp": 1578787200}


@pytest.mark.parametrize("content_type", ["application/json", "json/application", "text/plain", "x/y"])
def test_message_is_stored_with_any_content_type(lanck, client, content_type):
    body = json.dumps({**PAYLOAD, "text": "Привет"}, ensure_ascii=False).encode()
    assert client.post(PATH, body, content_type).status_code == 204
    assert InboundMessage.objects.get().text == "Привет"


def test_repeat_gets_the_same_answer(lanck, client):
    assert [client.post(PATH, PAYLOAD, "application/json").status_code for _ in range(3)] == [204] * 3
    assert InboundMessage.objects.count() == 1


def test_wrong_secret_gets_the_same_answer_as_a_wrong_token(lanck, client):
    answers = [
        client.post(path, PAYLOAD, "application/json")
        for path in ("/lanck/inbound/wrong/", f"/lanck/inbound/{INBOUND_SECRET}x/", "/lanck/receipts/wrong/")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert not InboundMessage.objects.exists()


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 10_000, b'{"messageId": "\\u0000"}', b'{"a": NaN}']
)
def test_invalid_body_is_refused(lanck, client, body):
    assert client.post(PATH, body, "application/json").status_code == 400
    assert not InboundMessage.objects.exists()


def test_body_that_is_too_large_is_refused(lanck, client):
    assert client.post(PATH, b" " * 70_000, "application/json").status_code == 400


def test_database_error_is_answered_with_503(lanck, client, monkeypatch):
    monkeypatch.setattr(InboundMessage.objects, "get_or_create", Mock(side_effect=DatabaseError("gone")))
    assert client.post(PATH, PAYLOAD, "application/json").status_code == 503


def test_interrupted_body_is_refused_without_logging_the_secret(lanck, caplog):
    class Interrupted(BytesIO):
        def read(self, *args):
            raise ConnectionResetError

    client = Client(raise_request_exception=False)
    answer = client.post(PATH, PAYLOAD, "application/json", **{"wsgi.input": Interrupted()})
    assert answer.status_code == 400
    assert "invalid_body" in caplog.text
    assert INBOUND_SECRET not in caplog.text


def test_logs_contain_no_secret(lanck, client, caplog, monkeypatch):
    caplog.set_level("DEBUG")
    client.post(PATH, PAYLOAD, "application/json")
    client.post(PATH, "{", "application/json")
    client.put(PATH)
    monkeypatch.setattr(InboundMessage.objects, "get_or_create", Mock(side_effect=DatabaseError("gone")))
    client.post(PATH, PAYLOAD, "application/json")
    assert caplog.records
    assert INBOUND_SECRET not in caplog.text


def test_webhook_needs_no_login_with_login_required_middleware(lanck, client, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    assert client.post(PATH, PAYLOAD, "application/json").status_code == 204
    assert client.get("/lanck/l/1-x/").status_code == 404
