from __future__ import annotations

import json
import re
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import reverse

from ..client import CONTENT_CLASSES

Answer = tuple[int, dict[str, Any]]

# Tests send more codes to one number than any limit allows.
NO_LIMITS: dict[str, Any] = {"LIMITS": None, "CHECK_LIMITS": None, "SEND_LIMITS": None, "CONVERSION": {}}
INBOUND_SECRET = "inbound-secret-for-tests"  # noqa: S105
CHANNELS = {kind.path: channel for channel, kind in CONTENT_CLASSES.items()}
NETWORK = {"mccmnc": "310260", "network": "Test Mobile", "country": "US"}


@dataclass
class Sent:
    """One sent message. ``params`` are the parameters of the request, by LANCK's names.

    ``channel`` is that of the :class:`~django_lanck.models.Message`, ``code`` the code that a person would type.
    """

    request_id: str
    number: str
    channel: str
    code: str
    params: dict[str, Any]
    sent_at: int = field(default_factory=lambda: int(time.time() * 1000))
    checks: list[str] = field(default_factory=list)
    verified_at: int | None = None
    status: str = "SENT"
    goals: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text of the message; for a failover chain, of its last step."""
        last = self.params["flow"][-1]["message"] if "flow" in self.params else self.params
        return str(last.get("text", ""))


class FakeLanck:
    """A fake LANCK for tests. ``sent`` is its outbox, ``requests`` the list of requests that it received."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._server = _Server(self)
        self.reset()

    def reset(self) -> None:
        """Return to the initial state, as before each test."""
        self.sent: list[Sent] = []
        self.requests: list[str] = []
        self._faults: list[tuple[str, Any]] = []

    @property
    def settings(self) -> dict[str, Any]:
        """``LANCK`` for a test: the site's settings with this server and without limits."""
        return {
            **_without_limits(getattr(settings, "LANCK", {})),
            "ACCESS_TOKEN": "test:test",
            "BASE_URL": f"http://127.0.0.1:{self._server.server_port}/v1",
            "CALLBACK_BASE_URL": "http://testserver",
            "INBOUND_SECRETS": [INBOUND_SECRET],
            "RATE_LIMIT_WAIT": 0,
            "BREAKER_FAILURES": 0,
            "PROXIES": {},
            "CA_FILE": "",
        }

    def refuse(self, error_code: int, *, http_status: int = 400, reason: str = "refused by the test") -> None:
        """Answer the next request with an error and do nothing else."""
        self.answer({"errorCode": error_code, "errorReason": reason}, http_status=http_status)

    def lose_answer(self) -> None:
        """Process the next request, then close the connection instead of answering."""
        self._faults.append(("lose", None))

    def answer(self, body: Mapping[str, Any], *, http_status: int = 200) -> None:
        """Answer the next request with this body and do nothing else."""
        self._faults.append(("answer", (http_status, dict(body))))

    def report(self, sent: Sent, status: str, **fields: Any) -> HttpResponseBase:
        """Post a delivery receipt to the site, as LANCK does; return the response."""
        sent.status = status
        payload = {"requestId": sent.request_id, "number": sent.number, "status": status, **fields}
        payload.setdefault("timestamp", int(time.time()))
        return _post(urlsplit(sent.params["callbackUrl"]).path, payload)

    def inbound(self, sender: str, text: str, **fields: Any) -> HttpResponseBase:
        """Post an inbound SMS to the site, as LANCK does; return the response."""
        payload = {"from": sender.removeprefix("+"), "to": "12065550100", "text": text, "parts": 1, **fields}
        payload.setdefault("messageId", secrets.token_hex(16))
        payload.setdefault("timestamp", int(time.time()))
        return _post(reverse("lanck:inbound", args=[INBOUND_SECRET]), payload)

    def handle(self, verb: str, path: str, params: dict[str, Any]) -> Answer | None:
        """Return the answer to one request, or None to close the connection."""
        with self._lock:
            self.requests.append(f"{verb} {path}")
            fault, prepared = self._faults.pop(0) if self._faults else ("", None)
            if fault == "answer":
                return prepared
            answer = self._process(verb, path, params)
            return None if fault == "lose" else answer

    def _process(self, verb: str, path: str, params: dict[str, Any]) -> Answer:
        if path == "/verify" or path in CHANNELS:
            return self._send(path, params)
        if path == "/insight/hlr":
            answer = {"id": secrets.token_hex(16), "product": "insight.hlr", "number": params["number"]}
            return 200, {**answer, **NETWORK, "status": "DELIVERED", "createdAt": int(time.time() * 1000)}
        if path == "/insight/fraudcheck":
            return 200, {"status": "PASSED", "mobilePrefix": True}
        request_id = params.get("requestId") or path.removeprefix("/requests/")
        sent = next((sent for sent in self.sent if sent.request_id == request_id), None)
        if sent is None:
            return 404, {"errorCode": 20, "errorReason": "Request not found"}
        if path == "/verify/check":
            return self._check(sent, params["code"])
        if path == "/verify/info":
            return 200, self._info(sent)
        if verb == "POST":
            sent.goals.append(params["goal"])
            return 200, {}
        product = f"verify.{sent.channel}" if "method" in sent.params else sent.channel
        facts = {"id": sent.request_id, "product": product, "number": sent.number, **NETWORK, "status": sent.status}
        return 200, {**facts, "createdAt": sent.sent_at, "payload": sent.params, "goals": sent.goals}

    def _send(self, path: str, params: dict[str, Any]) -> Answer:
        sent = Sent(
            request_id=secrets.token_hex(16),
            number=params["number"],
            channel=CHANNELS.get(path) or params["method"],
            code=_code(path, params),
            params=params,
        )
        self.sent.append(sent)
        caller = {"from": f"3728232{sent.code}"} if path == "/calls/flash" else {}
        return 200, {"requestId": sent.request_id, **caller}

    def _check(self, sent: Sent, code: str) -> Answer:
        sent.checks.append(code)
        if sent.verified_at is not None:
            return 400, {"errorCode": 22, "errorReason": "Request expired"}
        if code != sent.code:
            return 400, {"errorCode": 21, "errorReason": "Invalid verification code"}
        sent.verified_at = int(time.time() * 1000)
        answer = {"requestId": sent.request_id, "number": sent.number, "method": sent.channel}
        return 200, {**answer, "verifiedAt": sent.verified_at}

    def _info(self, sent: Sent) -> dict[str, Any]:
        info: dict[str, Any] = {"number": sent.number, "method": sent.channel, "checkAttempts": len(sent.checks)}
        info["verificationRequestedAt"] = sent.sent_at
        if sent.verified_at is None:
            return {**info, "status": "processing"}
        return {**info, "status": "verified", "verifiedAt": sent.verified_at}


def _without_limits(keys: Mapping[str, Any]) -> dict[str, Any]:
    purposes = {
        name: {key: value for key, value in own.items() if key not in NO_LIMITS}
        for name, own in keys.get("PURPOSES", {}).items()
    }
    return {**keys, **NO_LIMITS, **({"PURPOSES": purposes} if purposes else {})}


def _code(path: str, params: dict[str, Any]) -> str:
    """Return the generated code, the one of the request or the one in its text; empty for none."""
    if path == "/verify":
        return _digits(int(params.get("codeLength", 4)))
    if path == "/calls/flash":
        return params.get("code") or _digits(4)
    texts = json.dumps(params.get("flow") or params.get("text", ""), ensure_ascii=False)
    in_text = re.search(r"(?<!\d)\d{4,6}(?!\d)", texts)
    return params.get("code") or (in_text[0] if in_text else "")


def _digits(length: int) -> str:
    return "".join(secrets.choice("0123456789") for _ in range(length))


def _post(path: str, payload: dict[str, Any]) -> HttpResponseBase:
    return Client().post(path, json.dumps(payload), content_type="json/application")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # a full queue resets connections of concurrent tests

    def __init__(self, lanck: FakeLanck) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.lanck = lanck
        threading.Thread(target=self.serve_forever, name="fake-lanck", daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._respond("GET", {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.headers.get_content_type() == "application/json":
            self._respond("POST", json.loads(body))
        else:
            self._respond("POST", dict(parse_qsl(body)))

    def _respond(self, verb: str, params: dict[str, Any]) -> None:
        answer = self.server.lanck.handle(verb, urlsplit(self.path).path.removeprefix("/v1"), params)
        if answer is None:
            self.close_connection = True
            return
        status, body = answer
        encoded = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, format: str, *args: Any) -> None:
        """Do not log requests."""
