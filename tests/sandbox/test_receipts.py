"""The receipts that LANCK posts to the callback URL: their content, their order and their retries."""

import threading
import time

import pytest

from django_lanck.sandbox.models import SandboxReceipt, SandboxRequest
from django_lanck.sandbox.provider import callbacks, receipts, scheduler
from tests.live import wait_until
from tests.sandbox.conftest import RECEIPT_KEYS, SENDING

PHONE = "+12015550123"
CALL = {"sipStatus", "callCreatedAt", "callRingStartedAt", "callEndedAt", "billable", "duration"}


def test_sms_has_receipts_sent_and_delivered(sandbox, site):
    request_id = sandbox.start(callbackUrl=site.url)
    receipts.flush()
    assert site.statuses == ["SENT", "DELIVERED"]
    assert site.content_types == ["json/application"] * 2
    for body in site.bodies:
        assert set(body) == RECEIPT_KEYS
        assert (body["requestId"], body["number"], body["mccmnc"]) == (request_id, PHONE, "310260")
        assert abs(body["timestamp"] - time.time()) < 30
    assert sandbox.status(request_id) == "DELIVERED"
    assert sandbox.messages()[0]["status"] == "DELIVERED"


def test_voice_call_is_answered(sandbox, site):
    sandbox.start(method="voice", callbackUrl=site.url)
    receipts.flush()
    assert site.statuses == ["SENT", "ANSWERED"]
    assert set(site.bodies[0]) == RECEIPT_KEYS
    call = site.bodies[1]
    assert set(call) == RECEIPT_KEYS | CALL | {"callAnsweredAt"}
    assert (call["sipStatus"], call["billable"]) == (200, True)
    assert call["duration"] == call["callEndedAt"] - call["callAnsweredAt"] >= 1
    assert call["callCreatedAt"] <= call["callRingStartedAt"] <= call["callAnsweredAt"]


def test_flash_call_rings_and_is_not_answered(sandbox, site):
    sandbox.start(method="call", callbackUrl=site.url)
    receipts.flush()
    assert site.statuses == ["SENT", "DELIVERED"]
    call = site.bodies[1]
    assert set(call) == RECEIPT_KEYS | CALL
    assert (call["sipStatus"], call["billable"], call["duration"]) == (487, False, 0)


SPOKEN = ("calls/p2s", "calls/t2s")
# By status: the additional keys of a call's receipt, and its SIP status.
KEYS_OF_CALLS = {
    "SENT": (set(), None),
    "ANSWERED": (CALL | {"callAnsweredAt"}, 200),
    "DELIVERED": (CALL, 487),
    "UNDELIVERED": (CALL, 486),
    "REJECTED": (CALL - {"callRingStartedAt"}, 603),
}


@pytest.mark.parametrize("path", SENDING)
def test_each_channel_has_the_receipts_of_each_delivery(sandbox, site, path):
    success = "ANSWERED" if path in SPOKEN else "DELIVERED"
    deliveries = {
        PHONE: ["SENT", success],
        "+12015550101": ["SENT", "UNDELIVERED"],
        "+12015550102": ["REJECTED"],
        "+12015550103": [],
        "+12015550108": ["SENT"],
        "+12015550109": ["SENT", "UNDELIVERED", success],
    }
    for number, statuses in deliveries.items():
        site.bodies.clear()
        response = sandbox.post(path, number=number, callbackUrl=site.url, **SENDING[path])
        receipts.flush()
        assert site.statuses == statuses
        assert sandbox.status(response.json()["requestId"]) == (statuses[-1] if statuses else success)
        for body in site.bodies:
            expected, sip_status = KEYS_OF_CALLS[body["status"]] if path.startswith("calls/") else (set(), None)
            assert set(body) == RECEIPT_KEYS | expected
            assert body.get("sipStatus") == sip_status


@pytest.mark.parametrize(("number", "sip_status"), [("+12015550101", 486), ("+12015550102", 603)])
def test_receipt_of_a_failed_call_has_its_sip_status(sandbox, site, number, sip_status):
    sandbox.start(number=number, method="voice", callbackUrl=site.url)
    receipts.flush()
    call = site.bodies[-1]
    assert (call["sipStatus"], call["billable"], call["duration"]) == (sip_status, False, 0)
    assert "callAnsweredAt" not in call


def test_thread_posts_receipts_after_the_delay(live, live_site, settings):
    settings.LANCK_SANDBOX |= {"RECEIPT_DELAY": 0.15}
    started = time.monotonic()
    request_id = live.start(callbackUrl=live_site.url)
    assert live.status(request_id) == "SENT"
    assert receipts.wait(request_id, timeout=10)
    assert time.monotonic() - started >= 0.3
    assert live_site.statuses == ["SENT", "DELIVERED"]
    assert live_site.content_types == ["json/application"] * 2


def test_thread_performs_events_in_order_of_their_due_times(sandbox, site, settings, inline_scheduler):
    settings.LANCK_SANDBOX |= {"RECEIPT_DELAY": 2}
    sandbox.start(callbackUrl=site.url)
    settings.LANCK_SANDBOX |= {"RECEIPT_DELAY": 1.5}
    sandbox.start(method="voice", callbackUrl=site.url)
    receipts.flush()
    assert inline_scheduler.times == [1.5, 2, 3, 4]
    assert site.statuses == ["SENT", "SENT", "ANSWERED", "DELIVERED"]


def test_without_callback_url_the_status_still_changes(sandbox):
    request_id = sandbox.start()
    assert receipts.wait(request_id)
    assert sandbox.status(request_id) == "DELIVERED"
    assert not SandboxReceipt.objects.exists()


def test_receipt_is_posted_again_until_the_answer_is_2xx(sandbox, site, inline_scheduler):
    site.answers = [500, 302, 404]
    sandbox.start(callbackUrl=site.url)
    assert receipts.wait()
    assert site.statuses == ["SENT", "DELIVERED", "SENT", "DELIVERED", "SENT"]
    assert site.bodies[0] == site.bodies[2] == site.bodies[4]
    statuses = SandboxReceipt.objects.order_by("pk").values_list("http_status", flat=True)
    assert list(statuses) == [500, 302, 404, 200, 200]
    assert inline_scheduler.times == [0, 0, 0.5, 0.5, 1]


def test_receipt_is_posted_at_most_three_times(sandbox, site):
    site.answers = [500] * 10
    request_id = sandbox.start(callbackUrl=site.url)
    assert receipts.wait()
    assert sorted(site.statuses) == ["DELIVERED"] * 3 + ["SENT"] * 3
    assert sandbox.status(request_id) == "DELIVERED"


def test_unreachable_site_does_not_delay_the_status(sandbox, unused_port):
    request_id = sandbox.start(callbackUrl=f"http://127.0.0.1:{unused_port}/")
    receipts.wait()
    assert sandbox.status(request_id) == "DELIVERED"
    posts = SandboxReceipt.objects.values_list("http_status", "problem")
    assert list(posts) == [(None, "no answer: ConnectionError")] * 6


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/latest/", "http://10.0.0.1/", "https://www.example.com/", "http://127.0.0.1.example.com/"],
)
def test_receipt_is_not_posted_to_a_host_that_is_not_allowed(sandbox, url, monkeypatch):
    monkeypatch.setattr("requests.Session.post", lambda *args, **kwargs: pytest.fail("posted"))
    request_id = sandbox.start(callbackUrl=url)
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
def test_only_loopback_hosts_and_callback_hosts_are_allowed(settings, url, allowed):
    settings.LANCK_SANDBOX = {"CALLBACK_HOSTS": ["web"]}
    assert callbacks.may_post_to(url) is allowed


def test_deleted_request_gets_no_receipt(sandbox, site):
    sandbox.start(callbackUrl=site.url)
    SandboxRequest.objects.all().delete()
    receipts.flush()
    assert site.bodies == []


def test_exception_in_an_event_does_not_end_the_thread(live, site, monkeypatch, caplog):
    real = receipts.ReportStatus.perform
    failures = [RuntimeError("once")]

    def perform(report):
        if failures:
            raise failures.pop()
        return real(report)

    monkeypatch.setattr(receipts.ReportStatus, "perform", perform)
    request_id = live.start(callbackUrl=site.url)
    assert receipts.wait()
    assert site.statuses == ["DELIVERED"]
    assert f"could not perform ReportStatus for {request_id}" in caplog.text


def test_one_thread_performs_all_events_and_ends_when_idle(live, monkeypatch):
    monkeypatch.setattr(scheduler, "IDLE_SECONDS", 0.05)

    def running():
        return [thread for thread in threading.enumerate() if thread.name == scheduler.THREAD_NAME]

    monkeypatch.setattr(scheduler, "_scheduler", scheduler.Scheduler())
    others = len(running())
    for _ in range(5):
        live.start()
    assert len(running()) - others <= 1
    assert receipts.wait()
    wait_until(lambda: len(running()) == others)
    request_id = live.start()
    assert receipts.wait(request_id)
    assert live.status(request_id) == "DELIVERED"


def test_request_that_is_rolled_back_schedules_nothing(api):
    """The test's own transaction is never committed, so no ``on_commit`` callback runs."""
    api.start()
    assert receipts.wait(timeout=0.1)


def test_receipts_are_posted_when_on_commit_callbacks_are_executed(
    api, site, django_capture_on_commit_callbacks, settings
):
    settings.LANCK_SANDBOX |= {"RECEIPT_DELAY": 60}
    with django_capture_on_commit_callbacks(execute=True):
        api.start(callbackUrl=site.url)
    receipts.flush()
    assert site.statuses == ["SENT", "DELIVERED"]
