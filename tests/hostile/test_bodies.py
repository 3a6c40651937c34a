"""Attacks by bodies that are too large or too deep, from clients and from the provider."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from django_lanck.jsonbody import MAX_BYTES
from django_lanck.models import InboundMessage, Message, Receipt, Verification
from django_lanck.services import start_verification
from django_lanck.services.messages.receipts import callback_url
from tests.client.scripted import Scripted, Step, says, scripted

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/api/phone/verifications/"
LARGE = 50_000_000
DEEP = [b"[" * 10_000 + b"]" * 10_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000, b"[" * 10_000, b"[{" * 5_000]
MAX_PEAK = 3_000_000  # bytes of memory that a refusal may use


class Flood(io.RawIOBase):
    """A body without an end."""

    def __init__(self) -> None:
        self.bytes_read = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        size = LARGE if size < 0 else size
        self.bytes_read += size
        return b" " * size

    def readline(self, size: int | None = -1) -> bytes:
        return self.read(-1 if size is None else size)


def peak_of(call: Callable[[], object]) -> int:
    """Return the peak memory of a call in bytes."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_attack_25_large_or_deep_bodies_are_refused(phone, use_lanck_at, settings):
    """A webhook body or an answer of the provider of 50 MB is refused at a size limit, and JSON that is 10,000 levels
    deep is refused with 400."""
    settings.LANCK = {**settings.LANCK, "INBOUND_SECRETS": ["inbound-secret"]}
    with scripted(says('{"requestId": "r1"}')) as server:
        use_lanck_at(server.url)
        person = Client()
        verification_id = person.post(URL, {"number": phone}, "application/json").json()["id"]
        token_address = str(callback_url(Message.objects.get())).removeprefix("https://www.example.com")
        webhooks = [token_address, reverse("lanck:inbound", args=["inbound-secret"])]
        api = [URL, f"{URL}{verification_id}/check/", f"{URL}{verification_id}/resend/"]
        customer = Client()
        customer.force_login(get_user_model().objects.create_user("customer"))
        for client, address in [*((each, address) for each in (person, customer) for address in [*webhooks, *api])]:
            _flood(client, address, "application/json", {400})
            for body in DEEP:
                answer = client.generic("POST", address, body, "application/json")
                assert (answer.status_code, answer.json()["code"]) == (400, "invalid_body"), address
        for address in webhooks:
            for content_type in ("json/application", "text/plain", "multipart/form-data; boundary=x", ""):
                _flood(person, address, content_type, {400})
        for content_type in ("text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
            _flood(person, URL, content_type, {415})
            _flood(customer, URL, content_type, {400, 403, 415})
        assert len(server.requests) == 1
    assert not Receipt.objects.exists()
    assert not InboundMessage.objects.exists()
    assert Verification.objects.get().attempts == 0
    for step in (_large, _large_chunks, _large_error, _unpacks_to_large, *(says(body) for body in DEEP)):
        _lanck_floods(phone, use_lanck_at, step)


def _flood(client: Client, address: str, content_type: str, statuses: set[int]) -> None:
    flood = Flood()
    raw = {"wsgi.input": flood, "CONTENT_LENGTH": str(LARGE)}
    answers = []
    peak = peak_of(lambda: answers.append(client.generic("POST", address, b" ", content_type, **raw)))
    assert answers[0].status_code in statuses, (address, content_type, answers[0].content)
    assert flood.bytes_read <= MAX_BYTES + 1, (address, content_type)
    assert peak < MAX_PEAK, (address, content_type)


def _large(connection) -> None:
    connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n".encode())
    for _ in range(LARGE // 100_000):
        connection.sendall(b" " * 100_000)


def _large_chunks(connection) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(LARGE // 100_000):
        connection.sendall(b"186a0\r\n" + b" " * 100_000 + b"\r\n")


def _large_error(connection) -> None:
    connection.sendall(f"HTTP/1.1 500 Oh\r\nContent-Length: {LARGE}\r\n\r\n".encode())
    for _ in range(LARGE // 100_000):
        connection.sendall(b"x" * 100_000)


PACKED = gzip.compress(json.dumps({"requestId": "r1", "x": " " * LARGE}).encode(), 1)


def _unpacks_to_large(connection) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(PACKED)}\r\n\r\n"
    connection.sendall(head.encode() + PACKED)


def _lanck_floods(phone: str, use_lanck_at, step: Step) -> None:
    with scripted(step) as server:
        use_lanck_at(server.url, MAX_ANSWER_BYTES=1_000_000)
        started: list[Verification] = []
        peak = peak_of(lambda: started.append(start_verification(number=phone)))
        assert started[0].delivery == "unknown"
        assert _one_post(server)
    assert peak < MAX_PEAK


def _one_post(server: Scripted) -> bool:
    return [request.verb for request in server.requests] == ["POST"]
