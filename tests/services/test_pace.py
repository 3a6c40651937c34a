"""One runner at a time, at a pace. The runner's clock is moved by hand, the lease by the database's."""

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, transaction
from django.db.models import F
from django.test import override_settings

from django_lanck.exceptions import BackgroundTaken
from django_lanck.models import Lease, LeaseQuerySet
from django_lanck.services import background, reconcile, send_sms
from django_lanck.services import pace as module
from tests.parallel import call_concurrently

pytestmark = pytest.mark.django_db


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch, lanck):
    clock = Clock()
    monkeypatch.setattr(module, "monotonic", clock)
    monkeypatch.setattr(module, "sleep", clock.sleep)
    return clock


def pass_time(seconds):
    Lease.objects.update(ends_at=F("ends_at") - timedelta(seconds=seconds))


def pass_time_of_all(_):
    pass_time(60)


def turns(pace, clock, *requests):
    """When each request begins, in milliseconds; each takes so many seconds."""
    begun = clock.now
    times = []
    for seconds in requests:
        pace.wait()
        times.append(round((clock.now - begun) * 1000))
        clock.now += seconds
    return times


def test_requests_begin_a_tenth_of_a_second_apart(clock):
    with background() as pace:
        assert turns(pace, clock, 0, 0, 0, 0) == [0, 100, 200, 300]


def test_what_a_request_takes_is_part_of_its_turn(clock):
    with background() as pace:
        assert turns(pace, clock, 0.07, 0.3, 0.09, 0) == [0, 100, 400, 500]


def test_nothing_is_caught_up_after_a_pause(clock):
    with background() as pace:
        assert turns(pace, clock, 0, 9, 0, 0) == [0, 100, 9100, 9200]


def test_the_rate_can_be_set(clock, lanck):
    with override_settings(LANCK={**lanck.settings, "BACKGROUND_RATE": 0.5}), background() as pace:
        assert turns(pace, clock, 0, 0, 0) == [0, 2000, 4000]


def test_a_second_runner_finds_another_at_work_until_it_ends(clock):
    with background():
        for _ in range(2):
            with pytest.raises(BackgroundTaken), background():
                pass
    with background():
        pass


@pytest.mark.parametrize("end", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_the_lease_is_given_back_however_the_work_ends(clock, end):
    with pytest.raises(end), background():
        raise end
    with background():
        pass


def test_a_runner_can_wait_for_its_turn(clock, monkeypatch):
    with background():
        begun = clock.now
        with pytest.raises(BackgroundTaken), background(wait=3.5):
            pass
        assert clock.now - begun == 3.5
        monkeypatch.setattr(module, "sleep", pass_time_of_all)
        with background(wait=3.5):
            pass


def test_after_a_runner_that_was_killed_another_may_run_in_a_minute(clock):
    assert Lease.objects.acquire("background", "killed", 60)
    pass_time(59)
    with pytest.raises(BackgroundTaken), background():
        pass
    pass_time(1)
    with background():
        pass


def test_a_runner_that_works_holds_on(clock):
    with background() as pace:
        for _ in range(10):
            clock.now += 14
            pass_time(14)
            pace.wait()
            with pytest.raises(BackgroundTaken), background():
                pass


def test_a_runner_that_waits_long_for_its_turn_holds_on(clock, lanck, monkeypatch):
    def sleep(seconds):
        clock.now += seconds
        pass_time(seconds)
        with pytest.raises(BackgroundTaken), background():
            pass

    monkeypatch.setattr(module, "sleep", sleep)
    with override_settings(LANCK={**lanck.settings, "BACKGROUND_RATE": 0.005}), background() as pace:
        assert turns(pace, clock, 0, 0) == [0, 200_000]


def test_a_runner_that_lost_its_lease_stops_and_leaves_the_others_alone(clock, lanck, phone):
    def stand_still():
        clock.now += 61
        pass_time(61)
        assert Lease.objects.acquire("background", "other", 60)

    def send_many():
        with background() as pace:
            for number in (phone, "+12015550199"):
                pace.wait()
                send_sms(number=number, text="Hi")
                stand_still()

    with pytest.raises(BackgroundTaken):
        send_many()
    assert [sent.number for sent in lanck.sent] == [phone]
    assert Lease.objects.get().holder == "other"


def test_a_runner_that_stood_still_goes_on_while_nobody_took_its_place(clock):
    with background() as pace:
        clock.now += 61
        pass_time(61)
        pace.wait()
        with pytest.raises(BackgroundTaken), background():
            pass


def test_a_database_that_went_away_does_not_hide_why_the_work_ended(clock, monkeypatch, caplog):
    def gone(*_):
        raise OperationalError("gone")

    monkeypatch.setattr(LeaseQuerySet, "give_back", gone)
    with pytest.raises(ZeroDivisionError), background():
        raise ZeroDivisionError
    assert "not given back: gone" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_it_is_not_held_inside_a_transaction(clock):
    with transaction.atomic(), pytest.raises(RuntimeError, match="transaction"), background():
        pass
    with background() as pace, transaction.atomic(), pytest.raises(RuntimeError, match="transaction"):
        pace.wait()


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_runs():
    def run(_):
        with background():
            held.append(1)
            stay.wait(20)
        return "ran"

    held, stay = [], threading.Event()
    threading.Timer(1.5, stay.set).start()
    results = call_concurrently(run, 20, threads=20)
    assert results.count("ran") == len(held) == 1
    assert sum(isinstance(result, BackgroundTaken) for result in results) == 19


def test_many_texts_are_sent_at_the_pace_while_reconciliation_waits(clock, lanck):
    numbers = [f"+120155501{last}" for last in range(10, 20)]
    begun = clock.now
    with background() as pace:
        for number in numbers:
            pace.wait()
            send_sms(number=number, text="We are open on Sunday.")
        assert reconcile().stopped == "taken"
    assert [sent.number for sent in lanck.sent] == numbers
    assert round(clock.now - begun, 3) == 0.9
    assert reconcile().stopped == ""
