"""Counting days: which days are counted, when, and what is stored."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from django_lanck.models import CountedDay, DayCount, DeliveryDay, Message, NumberInsight
from django_lanck.models.time import site_day, start_of_day
from django_lanck.services import (
    count_days,
)
from django_lanck.services.figures import days as counting
from django_lanck.services.figures.totals import Dimensions
from tests.helpers import statements
from tests.parallel import call_concurrently
from tests.services.figures import reference
from tests.services.figures.stored import DAY, days_ago, stored, stored_on

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


@pytest.mark.parametrize("seed", range(5))
def test_counts_equal_those_of_the_reference_implementation(seed):
    reference.fill(days_ago(4), 4, seed)
    assert count_days().counted == 4
    assert stored() == reference.expected()


def test_second_run_changes_nothing_in_at_most_8_statements():
    reference.fill(days_ago(4), 3, 1)
    count_days()
    before = stored()
    with CaptureQueriesContext(connection) as captured:
        assert count_days().due == 0
    assert len(statements(captured)) <= 8
    assert stored() == before


def test_fraud_checks_and_errors_are_counted():
    day = days_ago()
    reference.fill(day, 1, 3, each_day=80)
    count_days()
    checks = NumberInsight.objects.filter(kind="fraud")
    fraud = dict(DayCount.objects.filter(kind="fraud").values_list("word", "count"))
    assert fraud == Counter(checks.values_list("status", flat=True))
    refused = Message.objects.filter(status="refused", error_code__isnull=False, is_test=False)
    errors = Counter((str(each.error_code), each.country, reference.local(each.created_at).hour) for each in refused)
    rows = DayCount.objects.filter(kind="error", day=day).values_list("word", "country", "hour", "count")
    assert {tuple(key): count for *key, count in rows} == errors
    names = {network: f"Network {network}" for network in ("310260", "311480", "23415")}
    assert dict(DeliveryDay.objects.exclude(network="").values_list("mccmnc", "network")) == names


def test_day_is_counted_an_hour_after_its_end(monkeypatch):
    reference.fill(site_day() - 2 * DAY, 3, 1)
    hours = datetime.now(UTC) - start_of_day(site_day())
    monkeypatch.setattr(counting, "GRACE", hours + timedelta(minutes=1))
    assert count_days().counted == 1
    monkeypatch.setattr(counting, "GRACE", hours - timedelta(minutes=1))
    assert count_days().counted == 1
    assert {day for day, *_ in stored()} == {site_day() - 2 * DAY, site_day() - DAY}


def test_days_without_rows_are_marked_as_counted_in_one_statement():
    reference.fill(days_ago(300), 1, 1)
    reference.fill(days_ago(5), 1, 1)
    with CaptureQueriesContext(connection) as captured:
        assert count_days().counted == 2
    assert len(statements(captured)) < 50
    assert CountedDay.objects.filter(is_dirty=False, counted_at__isnull=False).count() >= 299


def test_progress_is_called_after_each_day():
    reference.fill(days_ago(4), 3, 1)
    reported = []
    count_days(progress=lambda done: reported.append((done.counted, done.due)))
    assert reported == [(1, 3), (2, 3), (3, 3)]


def test_counting_inside_a_transaction_raises():
    with transaction.atomic(), pytest.raises(RuntimeError, match="Counting inside a transaction"):
        count_days()


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2025, 3, 30), 23),
        ("Europe/Berlin", date(2025, 10, 26), 25),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),  # clocks go forward at midnight: the day begins at one
        ("America/Havana", date(2025, 11, 2), 25),  # clocks go back at one: midnight comes twice
        ("Asia/Kolkata", date(2025, 6, 1), 24),
    ],
)
def test_days_and_hours_are_those_of_the_sites_time_zone(settings, zone, day, hours):
    settings.TIME_ZONE = zone
    start = start_of_day(day)
    assert start_of_day(day + DAY) - start == timedelta(hours=hours)
    for quarter in range(-8, 27 * 4):
        Message.objects.create(
            number="+12015550123",
            channel="sms",
            status="refused",
            status_rank=1,
            error_code=402,
            created_at=start + timedelta(minutes=15 * quarter, seconds=1),
        )
    count_days()
    assert stored() == reference.expected()
    assert stored_on(day)["messages"] == hours * 4
    times = [reference.local(row.created_at) for row in Message.objects.all()]
    shown = Counter(at.hour for at in times if at.date() == day)
    assert dict(DayCount.objects.filter(day=day).values_list("hour", "count")) == shown


def test_networks_beyond_the_limit_are_merged():
    at = start_of_day(days_ago())
    Message.objects.bulk_create(
        Message(number="+12015550123", channel="sms", country="US", mccmnc=str(n), created_at=at) for n in range(500)
    )
    Message.objects.bulk_create(
        Message(number="+12015550123", channel="sms", country="GB", mccmnc="23415", created_at=at) for _ in range(20)
    )
    count_days()
    assert DeliveryDay.objects.count() <= counting.MAX_ROWS
    assert stored_on(days_ago())["messages"] == 520
    assert DeliveryDay.objects.get(mccmnc="23415").messages == 20


def test_countries_beyond_the_limit_are_merged():
    at = start_of_day(days_ago())
    Message.objects.bulk_create(
        Message(number="+12015550123", channel="sms", country=chr(65 + n // 26) + chr(65 + n % 26), created_at=at)
        for n in range(500)
    )
    count_days()
    assert DeliveryDay.objects.count() <= counting.MAX_ROWS
    assert stored_on(days_ago())["messages"] == 500


@pytest.mark.django_db(transaction=True)
def test_concurrent_runs_count_each_day_once():
    reference.fill(days_ago(5), 5, 1)
    results = call_concurrently(lambda number: count_days(), 6, threads=6)
    assert not [result for result in results if isinstance(result, Exception)]
    assert stored() == reference.expected()
    assert CountedDay.objects.filter(is_dirty=True).count() == 0


def test_dimensions_are_the_unique_columns_of_delivery_day():
    assert Dimensions._fields == DeliveryDay._meta.constraints[0].fields[1:]
