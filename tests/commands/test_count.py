from datetime import timedelta

import pytest

from django_lanck.models import DeliveryDay, Message
from django_lanck.models.time import site_day, start_of_day
from django_lanck.services.figures import days as counting

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


@pytest.fixture
def days():
    """Three days that have a message each."""
    for number in (2, 3, 5):
        at = start_of_day(site_day() - timedelta(days=number))
        Message.objects.create(channel="sms", number="+12015550123", created_at=at)


def test_says_what_it_counted(run, days):
    ran = run("lanck_count")
    assert (ran.code, ran.err, ran.out) == (0, "", "Counted: 3 days.\n")
    assert DeliveryDay.objects.count() == 3
    assert run("lanck_count", "--json").document == {"due": 0, "counted": 0}


def test_progress_is_for_a_terminal(run, days):
    assert "Counting: 2 of 3 days" in run("lanck_count", terminal=True).err


def test_it_can_be_interrupted_and_run_again(run, days, monkeypatch):
    tally = counting.aggregate_days

    def interrupt(days):
        if DeliveryDay.objects.count() == 2:
            raise KeyboardInterrupt
        return tally(days)

    with monkeypatch.context() as patched:
        patched.setattr(counting, "aggregate_days", interrupt)
        ran = run("lanck_count")
    assert (ran.code, ran.err) == (130, "Interrupted. The next run counts the rest.\n")
    assert run("lanck_count", "--json").document == {"due": 1, "counted": 1}


def test_pruning_and_reconciling_count_too(run, days):
    assert "counted 3 days" in run("lanck_reconcile").out
    DeliveryDay.objects.all().delete()
    assert run("lanck_prune").code == 0
