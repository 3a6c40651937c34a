from __future__ import annotations

import base64
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from django.test import Client

from django_lanck.sandbox.provider import receipts

TOKEN = ("sandbox", "sandbox")
BASIC = "Basic " + base64.b64encode(b"sandbox:sandbox").decode()
FORM = "application/x-www-form-urlencoded"


class Api:
    """The API through Django's test client: ``api.post("verify", number=…)`` → response."""

    def __init__(self) -> None:
        self.client = Client()

    def post(self, path: str, **form: str):
        return self.send(path, urlencode(form))

    def post_json(self, path: str, **values: Any):
        return self.send(path, json.dumps(values), content_type="application/json")

    def send(self, path: str, body: str | bytes = b"", *, method="POST", content_type=FORM, token=BASIC):
        headers = {"Authorization": token} if token else {}
        return self.client.generic(method, f"/sandbox/v1/{path}", body, content_type=content_type, headers=headers)

    def get(self, path: str):
        return self.send(path, method="GET")

    def start(self, number: str = "+12015550123", method: str = "sms", **form: str) -> str:
        answer = self.post("verify", number=number, method=method, **form)
        assert answer.status_code == 200, answer.content
        return answer.json()["requestId"]

    def messages(self, number: str = "+12015550123") -> list[dict[str, Any]]:
        return self.client.get(f"/sandbox/handset/{number}/").json()["messages"]


@pytest.fixture
def api(db) -> Api:
    return Api()


class LiveApi:
    """The API over real HTTP. Each request has its own connection."""

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def post(self, path: str, timeout: float = 10, **form: str) -> requests.Response:
        return requests.post(f"{self.origin}/sandbox/v1/{path}", data=form, auth=TOKEN, timeout=timeout)

    def post_json(self, path: str, **values: Any) -> requests.Response:
        return requests.post(f"{self.origin}/sandbox/v1/{path}", json=values, auth=TOKEN, timeout=10)

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.origin}/sandbox/v1/{path}", auth=TOKEN, timeout=10)

    def status(self, request_id: str) -> str:
        return self.get(f"requests/{request_id}").json()["status"]

    def start(self, number: str = "+12015550123", method: str = "sms", **form: str) -> str:
        answer = self.post("verify", number=number, method=method, **form)
        assert answer.status_code == 200, answer.text
        return answer.json()["requestId"]

    def messages(self, number: str = "+12015550123") -> list[dict[str, Any]]:
        return requests.get(f"{self.origin}/sandbox/handset/{number}/", timeout=10).json()["messages"]


@pytest.fixture
def live(live_server, settings):
    settings.LANCK_SANDBOX = {"ALLOW_WITHOUT_DEBUG": True, "RECEIPT_DELAY": 0, "HANG_SECONDS": 1.0}
    yield LiveApi(live_server.url)
    receipts.clear()


@dataclass
class Site:
    """A site that LANCK calls back. ``answers`` are the HTTP statuses to come; 200 when there are none left."""

    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    content_types: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    @property
    def statuses(self) -> list[str]:
        return [body["status"] for body in self.bodies]


@pytest.fixture
def site():
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            site.content_types.append(self.headers["Content-Type"])
            site.bodies.append(json.loads(body))
            status = site.answers.pop(0) if site.answers else 200
            self.send_response(status)
            self.send_header("Location", site.url + "elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}/receipts/?token=a%2Fb"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield site
    server.shutdown()
    server.server_close()
    thread.join()
