import signal
import threading
from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.db import OperationalError
from django.db.models import F
from django.test import override_settings

from django_lanck.management.commands import lanck_reconcile
from django_lanck.models import Lease, Message
from django_lanck.services import Reconciled, background, send_sms
from tests.live import wait_until

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fast(lanck):
    with override_settings(LANCK={**lanck.settings, "BACKGROUND_RATE": 10_000}):
        yield


@pytest.fixture
def due(lanck, phone):
    for _ in range(3):
        send_sms(number=phone, text="Hi")
        lanck.sent[-1].status = "DELIVERED"
    Message.objects.update(created_at=F("created_at") - timedelta(seconds=400))
    lanck.requests.clear()


def statuses():
    return sorted(Message.objects.values_list("status", flat=True))


def test_counts_are_printed_in_one_line(lanck, run, due):
    ran = run("lanck_reconcile")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "Reconciled: refreshed 3 messages, 3 changed, reported 0 goals, gave up 0 messages, closed 0, "
        "expired 0 verifications, counted 0 days, 0 requests failed.\n"
    )
    assert statuses() == ["DELIVERED"] * 3


def test_json_has_the_counts(run, due):
    document = run("lanck_reconcile", "--json").document
    assert (document["asked"], document["changed"], document["stopped"]) == (3, 3, "")


def test_verbosity_0_prints_nothing(run, due):
    ran = run("lanck_reconcile", verbosity=0)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert statuses() == ["DELIVERED"] * 3


def test_progress_is_shown_on_a_terminal(run, due):
    ran = run("lanck_reconcile", terminal=True)
    assert "[####################..........] 2 of 3, 2 changed, 0 failed" in ran.err
    assert "[##############################] 3 of 3, 3 changed, 0 failed" in ran.err
    assert ran.out.startswith("Reconciled")
    assert run("lanck_reconcile", terminal=True, verbosity=0).err == ""


def test_limit_ends_the_run_with_exit_code_0(lanck, run, due):
    ran = run("lanck_reconcile", "--limit", "2")
    assert ran.code == 0
    assert ran.out.endswith("Stopped at the limit; the next run continues.\n")
    assert len(lanck.requests) == 2


def test_error_that_stops_the_run_exits_with_1_at_any_verbosity(lanck, run, due):
    for options in ({"verbosity": 0}, {"verbosity": 1}):
        lanck.refuse(6, http_status=403)
        ran = run("lanck_reconcile", **options)
        assert ran.code == 1
        assert ran.error.startswith("Reconciliation stopped: LANCK answered HTTP 403, error 6")
    lanck.refuse(6, http_status=403)
    ran = run("lanck_reconcile", "--json")
    assert ran.document["failed"] == 1
    assert ran.document["error"] == ran.error


def test_second_concurrent_run_reports_the_active_runner(lanck, run, due):
    with background():
        ran = run("lanck_reconcile")
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.endswith(" Another runner of background work is active, so this run did not call LANCK.\n")
        document = run("lanck_reconcile", "--json").document
        assert (document["stopped"], document["requests"], document.get("error")) == ("taken", 0, None)
    assert lanck.requests == []
    assert run("lanck_reconcile").out.startswith("Reconciled: refreshed 3 messages")


@pytest.mark.parametrize("options", [["--limit", "0"], ["--limit", "x"], ["--loop", "0"], ["--loop", "1", "--json"]])
def test_invalid_options_are_refused(lanck, run, due, options):
    assert run("lanck_reconcile", *options).error.startswith("Error: argument")
    assert lanck.requests == []


@pytest.mark.django_db(transaction=True)
def test_loop_continues_after_errors_until_it_is_interrupted(lanck, run, due, monkeypatch):
    pauses = []

    def sleep(seconds):
        pauses.append(seconds)
        if len(pauses) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(lanck_reconcile, "sleep", sleep)
    lanck.refuse(1, http_status=401)
    ran = run("lanck_reconcile", "--loop", "60")
    assert pauses == [60, 60, 60]
    assert "Reconciliation stopped: LANCK answered HTTP 401" in ran.err
    assert ran.out.count("Reconciled: ") == 3
    # The failed request counts as a refresh, so its message is not due yet.
    assert statuses() == ["DELIVERED", "DELIVERED", "accepted"]
    assert (ran.code, ran.err.splitlines()[-1]) == (130, "Interrupted. The next run does the rest.")


@pytest.mark.django_db(transaction=True)
def test_loop_continues_after_a_database_error(lanck, run, due, monkeypatch):
    monkeypatch.setattr(lanck_reconcile, "sleep", Mock(side_effect=[None, KeyboardInterrupt]))
    monkeypatch.setattr(lanck_reconcile, "reconcile", Mock(side_effect=[OperationalError("gone"), Reconciled()]))
    ran = run("lanck_reconcile", "--loop", "60")
    assert ran.err.splitlines()[0] == "gone"
    assert (ran.code, ran.out.count("Reconciled: ")) == (130, 1)


@pytest.fixture
def running_process(lanck, manage, due, monkeypatch):
    """A process that is waiting for the answer to its second request; the fixture is a function that ends it."""
    handle, ended = lanck.handle, threading.Event()

    def slow(verb, path, params):
        answer = handle(verb, path, params)
        if len(lanck.requests) == 2:
            ended.wait(60)
        return answer

    monkeypatch.setattr(lanck, "handle", slow)
    process = manage.start("lanck_reconcile")
    wait_until(lambda: len(lanck.requests) == 2)

    def end(with_signal):
        process.send_signal(with_signal)
        out, err = process.communicate(timeout=60)
        ended.set()
        return process.returncode, out, err

    return end


@pytest.mark.django_db(transaction=True)
def test_interrupted_process_exits_with_130_and_the_next_run_completes_it(run, running_process):
    code, out, err = running_process(signal.SIGINT)
    assert (code, out) == (130, b"")
    assert err == b"Interrupted. The next run does the rest.\n"
    assert statuses() == ["DELIVERED", "accepted", "accepted"]
    assert run("lanck_reconcile", "--json").document["changed"] == 1


@pytest.mark.django_db(transaction=True)
def test_run_after_a_killed_process_waits_for_its_lease(run, running_process):
    assert running_process(signal.SIGKILL)[0] == -signal.SIGKILL
    assert run("lanck_reconcile", "--json").document["stopped"] == "taken"
    Lease.objects.update(ends_at=F("ends_at") - timedelta(seconds=60))
    assert run("lanck_reconcile", "--json").document["changed"] == 1
