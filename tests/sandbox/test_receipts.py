"""What LANCK posts to the callback URL, and when."""

import threading
import time

import pytest

from django_lanck.sandbox.models import SandboxReceipt, SandboxRequest
from django_lanck.sandbox.provider import callbacks, receipts, scheduler

PHONE = "+12015550123"
ALWAYS = {"requestId", "number", "mccmnc", "status", "timestamp"}
CALL = {"sipStatus", "callCreatedAt", "callRingStartedAt", "callEndedAt", "billable", "duration"}


def test_sent_then_delivered(live, site):
    request_id = live.start(callbackUrl=site.url)
    receipts.flush()
    assert site.statuses == ["SENT", "DELIVERED"]
    assert site.content_types == ["json/application"] * 2
    for body in site.bodies:
        assert set(body) == ALWAYS
        assert (body["requestId"], body["number"], body["mccmnc"]) == (request_id, PHONE, "310260")
        assert abs(body["timestamp"] - time.time()) < 30
    assert live.get(f"requests/{request_id}").json()["status"] == "DELIVERED"
    assert live.messages()[0]["status"] == "DELIVERED"


def test_a_voice_call_is_answered(live, site):
    live.start(method="voice", callbackUrl=site.url)
    receipts.flush()
    assert site.statuses == ["SENT", "ANSWERED"]
    assert set(site.bodies[0]) == ALWAYS
    call = site.bodies[1]
    assert set(call) == ALWAYS | CALL | {"callAnsweredAt"}
    assert (call["sipStatus"], call["billable"]) == (200, True)
    assert call["duration"] == call["callEndedAt"] - call["callAnsweredAt"] >= 1
    assert call["callCreatedAt"] <= call["callRingStartedAt"] <= call["callAnsweredAt"]


def test_a_flash_call_rings_and_is_not_picked_up(live, site):
    live.start(method="call", callbackUrl=site.url)
    receipts.flush()
    assert site.statuses == ["SENT", "DELIVERED"]
    call = site.bodies[1]
    assert set(call) == ALWAYS | CALL
    assert (call["sipStatus"], call["billable"], call["duration"]) == (487, False, 0)


CHANNELS = {
    "sms": {"text": "Hi"},
    "messaging/push": {"text": "Hi"},
    "messaging/viber": {"text": "Hi"},
    "messaging/rcs": {"text": "Hi"},
    "calls/flash": {},
    "calls/p2s": {"code": "4711"},
    "calls/t2s": {"text": "Hi"},
}
SPOKEN = ("calls/p2s", "calls/t2s")
# What a receipt of a call says besides, and its SIP status.
SHOWN_OF_CALLS = {
    "SENT": (set(), None),
    "ANSWERED": (CALL | {"callAnsweredAt"}, 200),
    "DELIVERED": (CALL, 487),
    "UNDELIVERED": (CALL, 486),
    "REJECTED": (CALL - {"callRingStartedAt"}, 603),
}


@pytest.mark.parametrize("path", CHANNELS)
def test_every_channel_has_its_receipts_and_its_last_word(live, site, path):
    got_through = "ANSWERED" if path in SPOKEN else "DELIVERED"
    courses = {
        PHONE: ["SENT", got_through],
        "+12015550101": ["SENT", "UNDELIVERED"],
        "+12015550102": ["REJECTED"],
        "+12015550103": [],
        "+12015550108": ["SENT"],
        "+12015550109": ["SENT", "UNDELIVERED", got_through],
    }
    for number, statuses in courses.items():
        site.bodies.clear()
        request_id = live.post(path, number=number, callbackUrl=site.url, **CHANNELS[path]).json()["requestId"]
        receipts.flush()
        assert site.statuses == statuses
        assert live.status(request_id) == (statuses[-1] if statuses else got_through)
        for body in site.bodies:
            expected, sip_status = SHOWN_OF_CALLS[body["status"]] if path.startswith("calls/") else (set(), None)
            assert set(body) == ALWAYS | expected
            assert body.get("sipStatus") == sip_status


@pytest.mark.parametrize(("number", "sip_status"), [("+12015550101", 486), ("+12015550102", 603)])
def test_a_call_that_fails_says_how(live, site, number, sip_status):
    live.start(number=number, method="voice", callbackUrl=site.url)
    receipts.flush()
    call = site.bodies[-1]
    assert (call["sipStatus"], call["billable"], call["duration"]) == (sip_status, False, 0)
    assert "callAnsweredAt" not in call


def test_the_thread_does_it_without_being_asked(live, site, settings):
    settings.LANCK_SANDBOX |= {"RECEIPT_DELAY": 0.15}
    started = time.monotonic()
    request_id = live.start(callbackUrl=site.url)
    assert live.get(f"requests/{request_id}").json()["status"] == "SENT"
    assert receipts.wait(request_id, timeout=10)
    assert time.monotonic() - started >= 0.3
    assert site.statuses == ["SENT", "DELIVERED"]


def test_without_a_callback_url_the_status_changes_all_the_same(live):
    request_id = live.start()
    assert receipts.wait(request_id)
    assert live.get(f"requests/{request_id}").json()["status"] == "DELIVERED"
    assert not SandboxReceipt.objects.exists()


def test_what_is_not_answered_2xx_is_posted_again(live, site, monkeypatch):
    monkeypatch.setattr(receipts, "RETRY_PAUSE", 0.01)
    site.answers = [500, 302, 404]
    live.start(callbackUrl=site.url)
    assert receipts.wait()
    assert site.statuses == ["SENT", "DELIVERED", "SENT", "DELIVERED", "SENT"]
    assert site.bodies[0] == site.bodies[2] == site.bodies[4]
    assert list(SandboxReceipt.objects.order_by("pk").values_list("http_status", flat=True)) == [
        500, 302, 404, 200, 200
    ]  # fmt: skip


def test_after_three_tries_a_receipt_is_given_up(live, site, monkeypatch):
    monkeypatch.setattr(receipts, "RETRY_PAUSE", 0.01)
    site.answers = [500] * 10
    request_id = live.start(callbackUrl=site.url)
    assert receipts.wait()
    assert sorted(site.statuses) == ["DELIVERED"] * 3 + ["SENT"] * 3
    assert live.get(f"requests/{request_id}").json()["status"] == "DELIVERED"


def test_a_site_that_is_down_holds_nothing_up(live, unused_port, monkeypatch):
    monkeypatch.setattr(receipts, "RETRY_PAUSE", 0.01)
    request_id = live.start(callbackUrl=f"http://127.0.0.1:{unused_port}/")
    receipts.wait()
    assert live.get(f"requests/{request_id}").json()["status"] == "DELIVERED"
    tries = SandboxReceipt.objects.values_list("http_status", "problem")
    assert list(tries) == [(None, "no answer: ConnectionError")] * 6


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/latest/", "http://10.0.0.1/", "https://www.example.com/", "http://127.0.0.1.example.com/"],
)
def test_nothing_is_posted_into_other_peoples_networks(live, url, monkeypatch):
    monkeypatch.setattr("requests.Session.post", lambda *args, **kwargs: pytest.fail("posted"))
    request_id = live.start(callbackUrl=url)
    receipts.wait()
    assert SandboxRequest.objects.get(request_id=request_id).status == "DELIVERED"
    problems = set(SandboxReceipt.objects.values_list("problem", flat=True))
    assert problems == {callbacks.NOT_ALLOWED}


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://localhost:8000/x", True),
        ("http://127.9.9.9/", True),
        ("http://[::1]/", True),
        ("http://web:8000/", True),
        ("http://WEB/", True),
        ("http://0.0.0.0/", False),
        ("http://2130706433/", False),
        ("http://web.example/", False),
    ],
)
def test_hosts_that_may_be_posted_to(settings, url, allowed):
    settings.LANCK_SANDBOX = {"CALLBACK_HOSTS": ["web"]}
    assert callbacks.may_post_to(url) is allowed


def test_a_request_that_is_gone_gets_no_receipt(live, site, settings):
    settings.LANCK_SANDBOX |= {"RECEIPT_DELAY": 60}
    live.start(callbackUrl=site.url)
    SandboxRequest.objects.all().delete()
    receipts.flush()
    assert site.bodies == []


def test_one_failure_does_not_end_the_thread(live, site, monkeypatch, caplog):
    real = receipts.Report.perform
    failures = [RuntimeError("once")]

    def perform(report):
        if failures:
            raise failures.pop()
        return real(report)

    monkeypatch.setattr(receipts.Report, "perform", perform)
    request_id = live.start(callbackUrl=site.url)
    assert receipts.wait()
    assert site.statuses == ["DELIVERED"]
    assert f"could not carry out Report for {request_id}" in caplog.text


def test_one_thread_serves_all_and_goes_when_there_is_nothing_to_do(live, monkeypatch):
    monkeypatch.setattr(scheduler, "IDLE_SECONDS", 0.05)

    def working():
        return [thread for thread in threading.enumerate() if thread.name == "lanck-sandbox-postman"]

    monkeypatch.setattr(scheduler, "_postman", scheduler.Postman())
    others = len(working())
    for _ in range(5):
        live.start()
    assert len(working()) - others <= 1
    assert receipts.wait()
    deadline = time.monotonic() + 5
    while len(working()) > others and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(working()) == others
    request_id = live.start()
    assert receipts.wait(request_id)
    assert live.get(f"requests/{request_id}").json()["status"] == "DELIVERED"


def test_a_request_that_is_rolled_back_has_no_consequences(api):
    """``on_commit`` never comes here: the test's own transaction is rolled back."""
    api.start()
    assert receipts.wait(timeout=0.1)


def test_receipts_in_a_test_that_is_not_committed(api, site, django_capture_on_commit_callbacks, settings):
    settings.LANCK_SANDBOX |= {"RECEIPT_DELAY": 60}
    with django_capture_on_commit_callbacks(execute=True):
        api.start(callbackUrl=site.url)
    receipts.flush()
    assert site.statuses == ["SENT", "DELIVERED"]
