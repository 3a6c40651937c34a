"""The circuit breaker blocks requests while LANCK is down, except for one probe at a time.

The tests use real sockets. Only the breaker's clock is replaced.
"""

import subprocess
import sys
import threading

import pytest
import trustme

from django_lanck.client import Verify, breaker
from django_lanck.exceptions import APIError, InvalidArgument, NotSent, OutcomeUnknown
from tests.parallel import call_concurrently

from .scripted import resets, says, scripted
from .test_failures import tls_context

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
OK = says('{"requestId": "r1"}')
DOWN = says("", "500 Oops")
NO = says('{"errorCode": 10, "errorReason": "x"}', "400 Bad Request")
BUSY = says('{"errorCode": 4, "errorReason": "x"}', "429 Too Many Requests")


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(breaker, "monotonic", clock)
    return clock


@pytest.fixture
def make(make_client, clock):
    return lambda url, failures=5, **keys: make_client(url, breaker_failures=failures, **keys)


def send(client, number="+12015550123"):
    """Send once and return how it ends."""
    try:
        client.send(Verify("sms"), number=number)
    except NotSent as error:
        return "blocked" if error.retry_after else "not sent"
    except OutcomeUnknown:
        return "unknown"
    except APIError:
        return "refused"
    return "accepted"


def send_times(client, times):
    return [send(client) for _ in range(times)]


def test_fifth_failure_in_a_row_opens_the_breaker(make):
    with scripted(DOWN) as server:
        client = make(server.url)
        assert send_times(client, 8) == ["unknown"] * 5 + ["blocked"] * 3
        assert len(server.requests) == 5


def test_answer_resets_the_count_of_failures(make):
    with scripted(*[DOWN, DOWN, DOWN, resets, OK] * 3, OK) as server:
        assert send_times(make(server.url), 16) == ["unknown", "unknown", "unknown", "unknown", "accepted"] * 3 + [
            "accepted"
        ]


@pytest.mark.parametrize("answer", [OK, NO, BUSY, says("{}")])
def test_error_answer_resets_the_count_of_failures(make, answer):
    with scripted(*[DOWN] * 4, answer, *[DOWN] * 4, answer, DOWN) as server:
        assert "blocked" not in send_times(make(server.url), 14)


def test_answered_probe_closes_the_breaker_and_restarts_the_count(make, clock):
    with scripted(*[DOWN] * 5, NO, *[DOWN] * 4, OK, DOWN) as server:
        client = make(server.url)
        send_times(client, 5)
        clock.now += 3.1
        assert send(client) == "blocked"
        clock.now += 1.8
        assert send_times(client, 6) == ["refused"] + ["unknown"] * 4 + ["accepted"]


def test_failed_probe_doubles_the_pause_up_to_twenty_seconds(make, clock):
    with scripted(DOWN) as server:
        client = make(server.url)
        send_times(client, 5)
        for pause in (4, 8, 16, 20, 20, 20):
            clock.now += 0.79 * pause
            assert send(client) == "blocked"
            clock.now += 0.42 * pause
            assert send(client) == "unknown"
        assert len(server.requests) == 5 + 6


def test_blocked_request_has_the_rest_of_the_pause_as_retry_after(make, clock):
    with scripted(DOWN) as server:
        client = make(server.url)
        send_times(client, 5)
        with pytest.raises(NotSent, match="LANCK was not called") as refused:
            client.send(Verify("sms"), number="+12015550123")
        assert 4 <= refused.value.retry_after <= 5
        clock.now += 3
        with pytest.raises(NotSent) as refused:
            client.send(Verify("sms"), number="+12015550123")
        assert 1 <= refused.value.retry_after <= 2


def test_one_of_many_parallel_requests_is_the_probe(make, clock):
    received, answer_now = threading.Event(), threading.Event()

    def slow(connection):
        received.set()
        answer_now.wait(10)
        OK(connection)

    with scripted(*[DOWN] * 5, slow, OK) as server:
        client = make(server.url, read_timeout=20, total_timeout=20)
        send_times(client, 5)
        clock.now += 5
        results = []
        probe = threading.Thread(target=lambda: results.append(send(client)))
        probe.start()
        assert received.wait(10)
        assert call_concurrently(lambda _: send(client), 20, threads=20) == ["blocked"] * 20
        answer_now.set()
        probe.join(10)
        assert results == ["accepted"]
        assert send(client) == "accepted"
        assert len(server.requests) == 7


@pytest.mark.parametrize("ending", ["exception", "killed thread"])
def test_probe_that_ends_without_an_outcome_is_replaced(make, clock, monkeypatch, ending):
    with scripted(*[DOWN] * 5, OK) as server:
        client = make(server.url)
        send_times(client, 5)
        clock.now += 5
        if ending == "exception":
            monkeypatch.setattr(client._transport, "_request", lambda *_: exec("raise SystemExit"))
            with pytest.raises(SystemExit):
                send(client)
            monkeypatch.undo()
            monkeypatch.setattr(breaker, "monotonic", clock)
        else:  # the thread was killed, so that it does not even clean up
            client._transport._breaker[1]._admit()
            assert send(client) == "blocked"
            clock.now += client._transport.options.total_timeout + 1
        assert send(client) == "accepted"


def test_late_failure_of_an_earlier_request_does_not_change_the_pause(make, clock):
    received, fail_now = threading.Event(), threading.Event()

    def late(connection):
        received.set()
        fail_now.wait(10)
        resets(connection)

    with scripted(late, DOWN) as server:
        client = make(server.url, read_timeout=20, total_timeout=20)
        before = threading.Thread(target=send, args=[client])
        before.start()
        assert received.wait(10)
        send_times(client, 5)
        clock.now += 5
        assert send(client) == "unknown"  # the pause is now 8 seconds
        fail_now.set()
        before.join(10)
        clock.now += 0.79 * 8
        assert send(client) == "blocked"
        clock.now += 0.42 * 8
        assert send(client) == "unknown"


def test_refused_connection_and_untrusted_certificate_count_as_failures(make, unused_port):
    assert send_times(make(f"http://127.0.0.1:{unused_port}/v1"), 6) == ["not sent"] * 5 + ["blocked"]
    with scripted(OK, tls=tls_context(trustme.CA(), "127.0.0.1")) as server:
        assert send_times(make(server.url), 6) == ["not sent"] * 5 + ["blocked"]


def test_invalid_argument_does_not_count_as_a_failure(make):
    with scripted(*[DOWN] * 4, OK) as server:
        client = make(server.url)
        send_times(client, 4)
        for _ in range(10):
            with pytest.raises(InvalidArgument):
                client.send(Verify("sms"), number="")
        assert send(client) == "accepted"


def test_number_of_failures_is_configurable_and_zero_disables_the_breaker(make):
    with scripted(DOWN) as server:
        assert send_times(make(server.url, failures=1), 2) == ["unknown", "blocked"]
        assert send_times(make(server.url, failures=0), 50) == ["unknown"] * 50


FORK = """
import os, signal, sys
from django.conf import settings
settings.configure()
from django_lanck.client import LanckClient, Options, Verify
options = Options(base_url=sys.argv[1], access_token="a:b", connect_timeout=1, read_timeout=1, total_timeout=3,
                  rate_limit_wait=0, proxies=(), ca_file="", max_answer_bytes=1000, breaker_failures=5)
client = LanckClient(options)
client._transport._breaker[1]._lock.acquire()
child = os.fork()
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
signal.alarm(20)
client.send(Verify("sms"), number="+12015550123")
"""


def test_fork_while_the_lock_is_held_does_not_block_the_child():
    with scripted(OK) as server:
        subprocess.run([sys.executable, "-c", FORK, server.url], check=True, timeout=60)
        assert len(server.requests) == 1
