from datetime import timedelta

import pytest

from django_lanck.models import DeliveryDay, Message
from django_lanck.models.time import site_day, start_of_day
from django_lanck.services.figures import days as counting

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


@pytest.fixture
def days():
    """Create a message on each of three past days."""
    for number in (2, 3, 5):
        at = start_of_day(site_day() - timedelta(days=number))
        Message.objects.create(channel="sms", number="+12015550123", created_at=at)


def test_number_of_counted_days_is_printed(run, days):
    ran = run("lanck_count")
    assert (ran.code, ran.err, ran.out) == (0, "", "Counted: 3 days.\n")
    assert DeliveryDay.objects.count() == 3
    assert run("lanck_count", "--json").document == {"due": 0, "counted": 0}


def test_progress_is_shown_on_a_terminal(run, days):
    assert "Counting: 2 of 3 days" in run("lanck_count", terminal=True).err


def test_interrupted_run_is_completed_by_the_next(run, days, monkeypatch):
    aggregate = counting.aggregate_days

    def interrupt(days):
        if DeliveryDay.objects.count() == 2:
            raise KeyboardInterrupt
        return aggregate(days)

    with monkeypatch.context() as patched:
        patched.setattr(counting, "aggregate_days", interrupt)
        ran = run("lanck_count")
    assert (ran.code, ran.err) == (130, "Interrupted. The next run counts the rest.\n")
    assert run("lanck_count", "--json").document == {"due": 1, "counted": 1}


def test_lanck_reconcile_and_lanck_prune_count_days(run, days):
    assert "counted 3 days" in run("lanck_reconcile").out
    DeliveryDay.objects.all().delete()
    assert run("lanck_prune").code == 0
