"""While LANCK is down it is not asked, apart from one probe at a time. Over real sockets; only the clock is ours."""

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


def ask(client, number="+12015550123"):
    """How one send ends, in a word."""
    try:
        client.send(Verify("sms"), number=number)
    except NotSent as error:
        return "not asked" if error.retry_after else "not sent"
    except OutcomeUnknown:
        return "unknown"
    except APIError:
        return "refused"
    return "accepted"


def asks(client, times):
    return [ask(client) for _ in range(times)]


def test_a_lanck_that_is_down_is_asked_five_times_and_no_more(make):
    with scripted(DOWN) as server:
        client = make(server.url)
        assert asks(client, 8) == ["unknown"] * 5 + ["not asked"] * 3
        assert len(server.requests) == 5


def test_a_single_fault_between_answers_is_what_it_is(make):
    with scripted(*[DOWN, DOWN, DOWN, resets, OK] * 3, OK) as server:
        assert asks(make(server.url), 16) == ["unknown", "unknown", "unknown", "unknown", "accepted"] * 3 + ["accepted"]


@pytest.mark.parametrize("answer", [OK, NO, BUSY, says("{}")])
def test_every_answer_of_lancks_is_a_sign_of_life(make, answer):
    with scripted(*[DOWN] * 4, answer, *[DOWN] * 4, answer, DOWN) as server:
        assert "not asked" not in asks(make(server.url), 14)


def test_a_probe_that_is_answered_ends_it_and_it_takes_five_faults_again(make, clock):
    with scripted(*[DOWN] * 5, NO, *[DOWN] * 4, OK, DOWN) as server:
        client = make(server.url)
        asks(client, 5)
        clock.now += 3.1
        assert ask(client) == "not asked"
        clock.now += 1.8
        assert asks(client, 6) == ["refused"] + ["unknown"] * 4 + ["accepted"]


def test_each_probe_without_an_answer_makes_the_pause_longer_up_to_twenty_seconds(make, clock):
    with scripted(DOWN) as server:
        client = make(server.url)
        asks(client, 5)
        for pause in (4, 8, 16, 20, 20, 20):
            clock.now += 0.79 * pause
            assert ask(client) == "not asked"
            clock.now += 0.42 * pause
            assert ask(client) == "unknown"
        assert len(server.requests) == 5 + 6


def test_whoever_is_not_let_through_is_told_how_long(make, clock):
    with scripted(DOWN) as server:
        client = make(server.url)
        asks(client, 5)
        with pytest.raises(NotSent, match="LANCK was not called") as refused:
            client.send(Verify("sms"), number="+12015550123")
        assert 4 <= refused.value.retry_after <= 5
        clock.now += 3
        with pytest.raises(NotSent) as refused:
            client.send(Verify("sms"), number="+12015550123")
        assert 1 <= refused.value.retry_after <= 2


def test_of_many_at_once_one_is_the_probe(make, clock):
    asked, answer_now = threading.Event(), threading.Event()

    def slow(connection):
        asked.set()
        answer_now.wait(10)
        OK(connection)

    with scripted(*[DOWN] * 5, slow, OK) as server:
        client = make(server.url, read_timeout=20, total_timeout=20)
        asks(client, 5)
        clock.now += 5
        results = []
        probe = threading.Thread(target=lambda: results.append(ask(client)))
        probe.start()
        assert asked.wait(10)
        assert call_concurrently(lambda _: ask(client), 20, threads=20) == ["not asked"] * 20
        answer_now.set()
        probe.join(10)
        assert results == ["accepted"]
        assert ask(client) == "accepted"
        assert len(server.requests) == 7


@pytest.mark.parametrize("death", ["an exception", "its thread"])
def test_a_probe_that_dies_makes_room_for_the_next(make, clock, monkeypatch, death):
    with scripted(*[DOWN] * 5, OK) as server:
        client = make(server.url)
        asks(client, 5)
        clock.now += 5
        if death == "an exception":
            monkeypatch.setattr(client._transport, "_request", lambda *_: exec("raise SystemExit"))
            with pytest.raises(SystemExit):
                ask(client)
            monkeypatch.undo()
            monkeypatch.setattr(breaker, "monotonic", clock)
        else:  # nothing of it runs any more, not even what would tidy up
            client._transport._breaker[1]._admit()
            assert ask(client) == "not asked"
            clock.now += client._transport.options.total_timeout + 1
        assert ask(client) == "accepted"


def test_the_fault_of_a_call_from_before_changes_no_pause(make, clock):
    asked, fail_now = threading.Event(), threading.Event()

    def late(connection):
        asked.set()
        fail_now.wait(10)
        resets(connection)

    with scripted(late, DOWN) as server:
        client = make(server.url, read_timeout=20, total_timeout=20)
        before = threading.Thread(target=ask, args=[client])
        before.start()
        assert asked.wait(10)
        asks(client, 5)
        clock.now += 5
        assert ask(client) == "unknown"  # the pause is 8 seconds now
        fail_now.set()
        before.join(10)
        clock.now += 0.79 * 8
        assert ask(client) == "not asked"
        clock.now += 0.42 * 8
        assert ask(client) == "unknown"


def test_connections_that_are_refused_and_certificates_that_are_not_trusted_count(make, unused_port):
    assert asks(make(f"http://127.0.0.1:{unused_port}/v1"), 6) == ["not sent"] * 5 + ["not asked"]
    with scripted(OK, tls=tls_context(trustme.CA(), "127.0.0.1")) as server:
        assert asks(make(server.url), 6) == ["not sent"] * 5 + ["not asked"]


def test_what_is_wrong_with_a_call_says_nothing_of_lanck(make):
    with scripted(*[DOWN] * 4, OK) as server:
        client = make(server.url)
        asks(client, 4)
        for _ in range(10):
            with pytest.raises(InvalidArgument):
                client.send(Verify("sms"), number="")
        assert ask(client) == "accepted"


def test_it_can_be_set_and_switched_off(make):
    with scripted(DOWN) as server:
        assert asks(make(server.url, failures=1), 2) == ["unknown", "not asked"]
        assert asks(make(server.url, failures=0), 50) == ["unknown"] * 50


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


def test_a_fork_while_it_is_held_blocks_nobody():
    with scripted(OK) as server:
        subprocess.run([sys.executable, "-c", FORK, server.url], check=True, timeout=60)
        assert len(server.requests) == 1
