"""Retention: figures become final before the rows of their days are deleted."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from django_lanck.models import CountedDay, DayCount, Message, NumberInsight
from django_lanck.models.time import site_day, start_of_day
from django_lanck.services import (
    count_days,
    prune,
)
from django_lanck.services.figures import days as counting
from django_lanck.services.maintenance import retention
from tests.services.figures import reference
from tests.services.figures.stored import DAY, days_ago, is_dirty, stored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


@pytest.fixture
def prune_after_30_days(lanck, settings, monkeypatch):
    """Prune with a retention of 30 days for messages and verifications, and of other kinds as given."""

    def run(**days):
        settings.LANCK = {**lanck.settings, "RETENTION": {"messages": 30, "verifications": 30, **days}}
        return prune()

    monkeypatch.setattr(retention, "MAX_PAUSE", 0)
    return run


def test_days_are_counted_before_their_rows_are_deleted_and_not_again(lanck, prune_after_30_days):
    reference.fill(days_ago(40), 20, 1, each_day=5)
    expected = reference.expected()
    prune_after_30_days()
    assert 0 < Message.objects.count() < 100
    assert stored() == expected
    CountedDay.objects.mark([days_ago(30), days_ago(29)])
    count_days()
    assert stored() == expected
    assert CountedDay.objects.filter(is_closed=True, day__lte=days_ago(30)).count() == 11
    assert not CountedDay.objects.filter(is_closed=True, day__gt=days_ago(29)).exists()


def test_day_that_reaches_the_horizon_within_the_grace_period_is_closed_too(monkeypatch):
    """A long run deletes rows that are not old enough yet when it begins."""
    left = start_of_day(site_day() + DAY) - datetime.now(UTC)
    monkeypatch.setattr(counting, "GRACE", left - timedelta(minutes=1))
    assert counting.horizon(30) == days_ago(30)
    monkeypatch.setattr(counting, "GRACE", left + timedelta(minutes=1))
    assert counting.horizon(30) == days_ago(29)


def test_uncounted_day_is_not_closed():
    reference.fill(days_ago(), 1, 1)
    CountedDay.objects.mark([days_ago()])
    CountedDay.objects.close(days_ago())
    assert count_days().counted == 1
    assert stored() == reference.expected()


def test_count_removes_the_mark_of_a_closed_day(lanck, old_verification):
    CountedDay.objects.close(days_ago())
    before = stored()
    lanck.report(lanck.sent[-1], "DELIVERED")
    assert is_dirty(days_ago())
    count_days()
    assert not is_dirty(days_ago())
    assert stored() == before
    assert count_days().due == 0


def test_day_closed_before_its_count_keeps_its_figures(lanck, old_verification, monkeypatch):
    before = stored()
    monkeypatch.setattr(counting, "_days_to_count", lambda: [days_ago()])
    CountedDay.objects.close(days_ago())
    Message.objects.all().delete()
    count_days()
    assert stored() == before


def test_fraud_checks_deleted_before_their_messages_stay_counted(lanck, prune_after_30_days):
    reference.fill(days_ago(20), 2, 1)
    fraud = Counter(NumberInsight.objects.filter(kind="fraud").values_list("status", flat=True))
    assert prune_after_30_days(insights=10).insights
    CountedDay.objects.mark([days_ago(20), days_ago(19)])
    assert count_days().counted == 2
    counts = Counter()
    for word, count in DayCount.objects.filter(kind="fraud").values_list("word", "count"):
        counts[word] += count
    assert counts == fraud


def test_fraud_checks_without_retention_are_counted_again(lanck, settings):
    settings.LANCK = {**lanck.settings, "RETENTION": {"insights": None}}
    reference.fill(days_ago(), 1, 1)
    count_days()
    at = start_of_day(days_ago())
    NumberInsight.objects.create(number="+12015550123", kind="fraud", status="FRAUDULENT", created_at=at)
    CountedDay.objects.mark([days_ago()])
    count_days()
    assert DayCount.objects.get(kind="fraud", word="FRAUDULENT").count == 1


def test_figures_are_deleted_after_their_own_retention(lanck, prune_after_30_days):
    reference.fill(days_ago(200), 1, 1)
    reference.fill(days_ago(120), 1, 1)
    assert prune_after_30_days(figures=150).figures > 0
    assert {day for day, *_ in stored()} == {days_ago(120)}
    assert not DayCount.objects.filter(day__lt=days_ago(150)).exists()
    assert prune_after_30_days(figures=150).figures == 0


def test_deleted_figures_of_stored_rows_are_not_counted_again(lanck, prune_after_30_days):
    reference.fill(days_ago(200), 1, 1)
    prune_after_30_days(messages=None, verifications=None, figures=150)
    assert not stored()
    assert count_days().counted == 0
    assert not stored()
