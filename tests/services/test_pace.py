"""The lease and the rate of background work. Tests set the runner's clock, and age the lease in the database."""

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


def age_leases(seconds):
    Lease.objects.update(ends_at=F("ends_at") - timedelta(seconds=seconds))


def expire_leases(_):
    age_leases(60)


def start_times(pace, clock, *requests):
    """Return when each request starts, in milliseconds; each request takes so many seconds."""
    begun = clock.now
    times = []
    for seconds in requests:
        pace.wait()
        times.append(round((clock.now - begun) * 1000))
        clock.now += seconds
    return times


def test_requests_start_at_the_default_rate_of_10_a_second(clock):
    with background() as pace:
        assert start_times(pace, clock, 0, 0, 0, 0) == [0, 100, 200, 300]


def test_duration_of_a_request_counts_towards_the_interval(clock):
    with background() as pace:
        assert start_times(pace, clock, 0.07, 0.3, 0.09, 0) == [0, 100, 400, 500]


def test_unused_slots_are_not_made_up_for(clock):
    with background() as pace:
        assert start_times(pace, clock, 0, 9, 0, 0) == [0, 100, 9100, 9200]


def test_background_rate_sets_the_interval(clock, lanck):
    with override_settings(LANCK={**lanck.settings, "BACKGROUND_RATE": 0.5}), background() as pace:
        assert start_times(pace, clock, 0, 0, 0) == [0, 2000, 4000]


def test_second_runner_raises_until_the_first_ends(clock):
    with background():
        for _ in range(2):
            with pytest.raises(BackgroundTaken), background():
                pass
    with background():
        pass


@pytest.mark.parametrize("end", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_lease_is_released_on_any_exception(clock, end):
    with pytest.raises(end), background():
        raise end
    with background():
        pass


def test_wait_makes_a_runner_wait_for_the_lease(clock, monkeypatch):
    with background():
        begun = clock.now
        with pytest.raises(BackgroundTaken), background(wait=3.5):
            pass
        assert clock.now - begun == 3.5
        monkeypatch.setattr(module, "sleep", expire_leases)
        with background(wait=3.5):
            pass


def test_lease_of_a_killed_runner_expires_after_a_minute(clock):
    assert Lease.objects.acquire("background", "killed", 60)
    age_leases(59)
    with pytest.raises(BackgroundTaken), background():
        pass
    age_leases(1)
    with background():
        pass


def test_active_runner_renews_its_lease(clock):
    with background() as pace:
        for _ in range(10):
            clock.now += 14
            age_leases(14)
            pace.wait()
            with pytest.raises(BackgroundTaken), background():
                pass


def test_runner_renews_its_lease_during_a_long_wait(clock, lanck, monkeypatch):
    def sleep(seconds):
        clock.now += seconds
        age_leases(seconds)
        with pytest.raises(BackgroundTaken), background():
            pass

    monkeypatch.setattr(module, "sleep", sleep)
    with override_settings(LANCK={**lanck.settings, "BACKGROUND_RATE": 0.005}), background() as pace:
        assert start_times(pace, clock, 0, 0) == [0, 200_000]


def test_runner_without_lease_stops_and_leaves_the_new_lease(clock, lanck, phone):
    def stall():
        clock.now += 61
        age_leases(61)
        assert Lease.objects.acquire("background", "other", 60)

    def send_many():
        with background() as pace:
            for number in (phone, "+12015550199"):
                pace.wait()
                send_sms(number=number, text="Hi")
                stall()

    with pytest.raises(BackgroundTaken):
        send_many()
    assert [sent.number for sent in lanck.sent] == [phone]
    assert Lease.objects.get().holder == "other"


def test_stalled_runner_continues_if_its_lease_was_not_taken(clock):
    with background() as pace:
        clock.now += 61
        age_leases(61)
        pace.wait()
        with pytest.raises(BackgroundTaken), background():
            pass


def test_database_error_at_release_does_not_hide_the_exception(clock, monkeypatch, caplog):
    def gone(*_):
        raise OperationalError("gone")

    monkeypatch.setattr(LeaseQuerySet, "release", gone)
    with pytest.raises(ZeroDivisionError), background():
        raise ZeroDivisionError
    assert "not released: gone" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_background_inside_a_transaction_raises(clock):
    with transaction.atomic(), pytest.raises(RuntimeError, match="transaction"), background():
        pass
    with background() as pace, transaction.atomic(), pytest.raises(RuntimeError, match="transaction"):
        pace.wait()


@pytest.mark.django_db(transaction=True)
def test_one_of_20_concurrent_runners_gets_the_lease():
    ran, others_ended = [], threading.Barrier(20)

    def run(_):
        try:
            with background():
                ran.append(1)
                others_ended.wait(20)
        except BackgroundTaken:
            others_ended.wait(20)
            raise

    results = call_concurrently(run, 20, threads=20)
    assert len(ran) == 1
    assert sum(isinstance(result, BackgroundTaken) for result in results) == 19


def test_reconcile_is_blocked_while_messages_are_sent_at_the_background_rate(clock, lanck):
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
