from __future__ import annotations

import base64
import io
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from django.test import Client

from django_lanck.sandbox.provider import receipts, scheduler

TOKEN = ("sandbox", "sandbox")
BASIC = "Basic " + base64.b64encode(b"sandbox:sandbox").decode()
FORM = "application/x-www-form-urlencoded"
# The keys that every receipt has.
RECEIPT_KEYS = {"requestId", "number", "mccmnc", "status", "timestamp"}
# The paths of the operations that send one message, with their required parameters besides the number.
SENDING = {
    "sms": {"text": "Hi"},
    "messaging/push": {"text": "Hi"},
    "messaging/viber": {"text": "Hi"},
    "messaging/rcs": {"text": "Hi"},
    "calls/flash": {},
    "calls/p2s": {"code": "4711"},
    "calls/t2s": {"text": "Hi"},
}


class Api:
    """The API through Django's test client: ``api.post("verify", number=…)`` returns the response."""

    def __init__(self) -> None:
        self.client = Client()

    def post(self, path: str, **form: str):
        return self.send(path, urlencode(form))

    def post_json(self, path: str, **values: Any):
        return self.send(path, json.dumps(values), content_type="application/json")

    def send(
        self,
        path: str,
        body: str | bytes = b"",
        *,
        method: str = "POST",
        content_type: str = FORM,
        token: str | None = BASIC,
        **environ: Any,
    ):
        headers = {"Authorization": token} if token else {}
        if method != "GET":
            environ["CONTENT_TYPE"] = content_type  # which the test client leaves out when the body is empty
        return self.client.generic(method, f"/sandbox/v1/{path}", body, content_type, headers=headers, **environ)

    def get(self, path: str):
        return self.send(path, method="GET")

    def status(self, request_id: str) -> str:
        return self.get(f"requests/{request_id}").json()["status"]

    def start(self, number: str = "+12015550123", method: str = "sms", **form: str) -> str:
        response = self.post("verify", number=number, method=method, **form)
        assert response.status_code == 200, response.content
        return response.json()["requestId"]

    def messages(self, number: str = "+12015550123") -> list[dict[str, Any]]:
        return self.client.get(f"/sandbox/handset/{number}/").json()["messages"]


@pytest.fixture
def api(db) -> Api:
    """The API without receipts and failover steps: they follow a commit, and the test's transaction has none."""
    return Api()


class InlineScheduler(scheduler.Scheduler):
    """A scheduler without a thread and without transactions, whose clock jumps to the next event.

    ``flush`` and ``wait`` perform all events in the calling thread, in the order of their due times. ``times`` are the
    due times of the events performed so far, in seconds from the start of the test.
    """

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def schedule_after_commit(self, events) -> None:
        self.schedule(events)

    def wait(self, ignore, timeout: float) -> bool:
        self.flush(timeout)
        return super().wait(ignore, 0)

    def _now(self) -> float:
        return self.times[-1] if self.times else 0.0

    def _start_thread(self) -> None:
        pass

    def _pop(self):
        self.times.append(max(self._now(), self._queue[0].at))
        return super()._pop()


@pytest.fixture
def inline_scheduler(monkeypatch) -> InlineScheduler:
    inline = InlineScheduler()
    monkeypatch.setattr(scheduler, "_scheduler", inline)
    return inline


@pytest.fixture
def sandbox(api, inline_scheduler, settings) -> Api:
    """The API with receipts, failover steps and inbound SMS: they are performed by ``receipts.flush()``."""
    settings.LANCK_SANDBOX = {"ALLOW_WITHOUT_DEBUG": True, "RECEIPT_DELAY": 0}
    return api


class LiveApi:
    """The API of a live server. Each request has its own connection."""

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def post(self, path: str, timeout: float = 10, **form: str) -> requests.Response:
        return requests.post(f"{self.origin}/sandbox/v1/{path}", data=form, auth=TOKEN, timeout=timeout)

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.origin}/sandbox/v1/{path}", auth=TOKEN, timeout=10)

    def status(self, request_id: str) -> str:
        return self.get(f"requests/{request_id}").json()["status"]

    def post_json(self, path: str, **values: Any) -> requests.Response:
        return requests.post(f"{self.origin}/sandbox/v1/{path}", json=values, auth=TOKEN, timeout=10)

    def start(self, number: str = "+12015550123", method: str = "sms", **form: str) -> str:
        response = self.post("verify", number=number, method=method, **form)
        assert response.status_code == 200, response.text
        return response.json()["requestId"]

    def messages(self, number: str = "+12015550123") -> list[dict[str, Any]]:
        return requests.get(f"{self.origin}/sandbox/handset/{number}/", timeout=10).json()["messages"]


@pytest.fixture
def live(live_server, settings):
    """The API over HTTP, with the scheduler's thread: for tests of connections, threads and waits only."""
    settings.LANCK_SANDBOX = {"ALLOW_WITHOUT_DEBUG": True, "RECEIPT_DELAY": 0}
    yield LiveApi(live_server.url)
    receipts.clear()


@dataclass
class Site:
    """A site that receives callbacks. ``answers`` are the HTTP statuses to come; 200 when there are none left."""

    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    content_types: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    @property
    def statuses(self) -> list[str]:
        return [body["status"] for body in self.bodies]

    def receive(self, body: bytes, content_type: str) -> int:
        self.content_types.append(content_type)
        self.bodies.append(json.loads(body))
        return self.answers.pop(0) if self.answers else 200


@pytest.fixture
def site(monkeypatch) -> Site:
    """A site without a server: what ``requests`` sends to its URL is received in the sending thread."""
    site = Site("http://127.0.0.1:9/receipts/?token=a%2Fb")
    send_over_network = requests.adapters.HTTPAdapter.send

    def send(adapter, request, *args, **options) -> requests.Response:
        if not request.url.startswith("http://127.0.0.1:9/"):
            return send_over_network(adapter, request, *args, **options)
        assert (request.method, request.url) == ("POST", site.url)
        response = requests.Response()
        response.status_code = site.receive(request.body, request.headers["Content-Type"])
        response.url, response.request, response.raw = request.url, request, io.BytesIO()
        response.headers["Location"] = site.url + "elsewhere"
        return response

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    return site


@pytest.fixture
def live_site():
    """A site with a server of its own."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(site.receive(body, self.headers["Content-Type"]))
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
