"""Attacks by request headers and by redirects of the provider."""

from __future__ import annotations

import gc
import json
import logging
import sys
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.wsgi import get_wsgi_application
from django.test import Client, RequestFactory

from django_lanck.exceptions import LanckError, Refusal
from django_lanck.models import Message
from django_lanck.services import request_info, send_sms, start_verification
from tests.client.scripted import Scripted, says, scripted

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/api/phone/verifications/"
ORIGIN = "https://www.example.com"
EVIL_HEADERS = {
    "Host": "evil.example",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Server": "evil.example",
    "X-Forwarded-Proto": "http",
    "X-Original-URL": "https://evil.example/",
    "Forwarded": "host=evil.example;proto=http",
    "Origin": "https://evil.example",
    "Referer": "https://evil.example/",
}


def sent_values(server: Scripted, name: str) -> list[str]:
    """Return the values of one parameter in all requests to a server."""
    return [value for request in server.requests for value in parse_qs(request.body.decode()).get(name, [])]


def test_attack_21_evil_host_headers_and_redirects_are_ignored(phone, use_lanck_at, settings):
    """With `Host: evil.example` the callback URLs do not change, because they come from a setting. Redirects by the
    provider are not followed, and the access token is not sent to another host."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.USE_X_FORWARDED_HOST = True
    answers = [says(json.dumps({"requestId": name})) for name in ("r1", "r2", "r3")]
    with scripted(*answers) as server:
        use_lanck_at(server.url)
        for headers in ({}, EVIL_HEADERS):
            started = Client().post(URL, {"number": phone}, "application/json", headers=headers)
            assert started.status_code == 201
            assert b"evil" not in started.content + str(started.headers).encode()
        send_sms(number=phone, text="{link}", link=f"{ORIGIN}/page")
        addresses = [*sent_values(server, "callbackUrl"), *sent_values(server, "text")]
        assert len(addresses) == 4
        assert {f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, addresses)} == {ORIGIN}
        assert {request.headers["host"] for request in server.requests} == {f"127.0.0.1:{server.port}"}
    settings.ALLOWED_HOSTS = ["www.example.com"]
    assert Client().post(URL, {"number": phone}, "application/json", headers=EVIL_HEADERS).status_code == 400
    assert Message.objects.count() == 3
    settings.ALLOWED_HOSTS = ["testserver"]
    for status in ("301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent", "300 Many", "304 Same"):
        _redirect(phone, use_lanck_at, status)


def _redirect(phone: str, use_lanck_at, status: str) -> None:
    with scripted(says('{"requestId": "stolen"}')) as other_host:
        other = other_host.url
        headers = [f"Location: {other}/verify", f"Content-Location: {other}/", f"Refresh: 0; url={other}/"]
        redirect = says("", status, *headers)
        with scripted(redirect) as server:
            use_lanck_at(server.url)
            started = Client().post(URL, {"number": phone}, "application/json")
            assert (started.status_code, started.json()["delivery"]) == (201, "unknown")
            assert len(server.requests) == 1  # the POST is not repeated at the original URL either
            with pytest.raises(LanckError):
                request_info(request_id="r1")
            assert [request.path for request in server.requests] == ["/v1/verify", "/v1/requests/r1"]
        assert other_host.connections == 0


@pytest.mark.parametrize("count", [1_500, pytest.param(10_000, marks=pytest.mark.slow)])
def test_attack_24_many_languages_do_not_use_up_memory(lanck, phone, monkeypatch, count):
    """10,000 different values of `Accept-Language` do not make the memory grow."""
    monkeypatch.setattr(logging.getLogger("django.request"), "disabled", True)  # pytest stores log records
    site = get_wsgi_application()

    def visit(numbers: range) -> None:
        for number in numbers:
            values = f"fr-{number:05}, x{number:05};q=0.9, de-{number:05};q=0.8, *;q=0.{number}"
            environ = RequestFactory().get(f"{URL}x/").environ
            answer = site({**environ, "HTTP_ACCEPT_LANGUAGE": values}, lambda status, headers: None)
            assert answer.status_code == 404
            answer.close()
            with pytest.raises(Refusal, match="invalid_language"):
                start_verification(number=phone, language=f"fr-{number:05}")

    visit(range(1_100))  # Django caches the last 1,000
    gc.collect()
    before = sys.getallocatedblocks()
    visit(range(1_100, 1_100 + count))
    gc.collect()
    assert sys.getallocatedblocks() - before < count / 5
    assert not lanck.requests
