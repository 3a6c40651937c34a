"""Counting days: the figures of a past day are computed once, and again when its rows change later."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db.models import Count, Min
from django.utils import timezone

from ...conf import conf
from ...models import CountedDay, DatabaseNow, DayCount, DeliveryDay, Message, NumberInsight, Verification
from ...models.time import site_day, start_of_day
from ..batches import BATCH, retry_transaction
from ..transactions import in_transaction
from .aggregate import DayTotals, aggregate_days, errors_on, fraud_checks_on, hour_on_clock
from .totals import COUNTS, HISTOGRAMS, Dimensions, Totals

# A day is counted this long after its end, when slow clocks and open transactions have reached the next day too.
GRACE: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
# The largest number of rows per day. The smallest groups beyond it are merged, so that made-up numbers of many
# countries and networks do not fill the table.
MAX_ROWS: Final = 200


@dataclass(slots=True)
class CountedDays:
    """How many days were due to be counted, and how many of them were counted."""

    due: int = 0
    counted: int = 0


def count_days(
    *, progress: Callable[[CountedDays], None] | None = None, max_seconds: float | None = None
) -> CountedDays:
    """Count the past days that are not counted yet or have changed since, oldest first.

    A day is counted from one hour after its end, in a transaction of its own, which blocks only changes to that day.
    ``progress`` is called after each day; no day is begun after ``max_seconds``. A run can be interrupted and
    repeated, and runs may overlap. Must not be called inside a transaction.
    """
    if in_transaction():
        raise RuntimeError("Counting inside a transaction would block every change to the counted days until its end.")
    began = time.monotonic()
    days = _days_to_count()
    done = CountedDays(due=len(days))
    for day in days:
        retry_transaction(partial(_count_day, day))
        done.counted += 1
        if progress:
            progress(done)
        if max_seconds is not None and time.monotonic() - began > max_seconds:
            break
    return done


def close_days(until: date) -> None:
    """Count what is due, then make the figures up to this day final: its rows are about to be deleted."""
    count_days()
    CountedDay.objects.close(until)


def mark_changed_days(*times: datetime | None) -> None:
    """Mark the past days of these times as changed, so that they are counted again.

    Call it in the transaction that changes rows, with their creation times. It costs nothing for rows of today.
    """
    today = site_day()
    CountedDay.objects.mark({day for at in times if at and (day := site_day(at)) < today})


def horizon(days: float) -> date:
    """Return the last day that has rows older than this number of days, now or within ``GRACE``."""
    return site_day(_now() - timedelta(days=days) + GRACE)


def _now() -> datetime:
    """Return the database's time, which retention uses; without any message, the time of this process."""
    rows = Message.objects.filter(pk__gt=0).order_by().annotate(now=DatabaseNow())
    return rows.values_list("now", flat=True).first() or timezone.now()


def _days_to_count() -> list[date]:
    """Return the days to count, and mark the days without rows between them as counted, in one statement."""
    last = site_day(_now() - GRACE) - DAY
    known = {row.day: row for row in CountedDay.objects.filter(day__lte=last)}
    counted = {day for day, row in known.items() if row.counted_at and not row.is_dirty}
    with_rows = list(_days_with_rows(last, counted))
    if with_rows:
        between = (with_rows[0] + DAY * number for number in range((last - with_rows[0]).days + 1))
        empty = [CountedDay(day=day, counted_at=DatabaseNow()) for day in between if day not in {*known, *with_rows}]
        CountedDay.objects.bulk_create(empty, ignore_conflicts=True, batch_size=BATCH)
    return sorted({*with_rows, *known} - counted)


def _days_with_rows(last: date, counted: Container[date]) -> Iterator[date]:
    """Yield the days up to ``last`` that have rows and are not counted."""
    day = _next_day_with_rows({}, last)
    while day:
        if day not in counted:
            yield day
        day += DAY
        while day in counted:
            day += DAY
        day = _next_day_with_rows({"created_at__gte": start_of_day(day)}, last)


def _next_day_with_rows(after: Mapping[str, datetime], last: date) -> date | None:
    models: tuple[Any, ...] = (Message, Verification, NumberInsight)
    oldest = [model.objects.filter(**after).aggregate(at=Min("created_at"))["at"] for model in models]
    day = min((site_day(at) for at in oldest if at), default=None)
    return day if day and day <= last else None


def _count_day(day: date) -> None:
    """Replace the stored figures of a day with new ones.

    The row of the day is written, and so locked, before anything is read: a concurrent change is either read here, or
    waits for the lock and marks the day again. A closed day only loses its mark.
    """
    row = CountedDay.objects.claim(day)
    if row.is_closed:
        return
    result = aggregate_days([day])[day]
    DeliveryDay.objects.filter(day=day).delete()
    DeliveryDay.objects.bulk_create(_delivery_rows(day, result))
    DayCount.objects.filter(day=day, kind=DayCount.Kind.ERROR).delete()
    counts = list(_error_counts(day))
    if row.counted_at is None or _has_all_fraud_checks(day):
        DayCount.objects.filter(day=day, kind=DayCount.Kind.FRAUD).delete()
        counts += _fraud_counts(day)
    DayCount.objects.bulk_create(counts)
    CountedDay.objects.filter(day=day).update(counted_at=DatabaseNow())


def _has_all_fraud_checks(day: date) -> bool:
    """Return whether no fraud check of the day is deleted yet: retention may delete them before the messages."""
    days = conf.retention["insights"]
    return days is None or day > horizon(days)


def _delivery_rows(day: date, result: DayTotals) -> Iterator[DeliveryDay]:
    for dimensions, totals in _merge_small_groups(result.totals).items():
        counts = {name: getattr(totals, name) for name in (*COUNTS, *HISTOGRAMS)}
        network = result.networks.get(dimensions.mccmnc, "")
        yield DeliveryDay(day=day, network=network, **dimensions._asdict(), **counts)


def _merge_small_groups(groups: dict[Dimensions, Totals]) -> dict[Dimensions, Totals]:
    """Merge the smallest groups where there are too many: first their networks, then also their countries."""
    for merged in ({"mccmnc": ""}, {"mccmnc": "", "country": ""}):
        if len(groups) <= MAX_ROWS:
            break
        ordered = sorted(groups.items(), key=lambda each: -each[1].messages)
        groups = dict(ordered[: MAX_ROWS // 2])
        for dimensions, totals in ordered[MAX_ROWS // 2 :]:
            groups.setdefault(dimensions._replace(**merged), Totals()).add(totals)
    return groups


def _error_counts(day: date) -> Iterator[DayCount]:
    counts: Counter[tuple[str, str, int]] = Counter()
    for word, country, hours, count in errors_on(day).values_list("word", "country", "hours").annotate(Count("pk")):
        counts[word, country, hour_on_clock(day, hours)] += count  # the clock shows an hour twice when it is set back
    for (word, country, hour), count in counts.items():
        yield DayCount(day=day, kind=DayCount.Kind.ERROR, word=word, country=country, hour=hour, count=count)


def _fraud_counts(day: date) -> Iterator[DayCount]:
    for status, country, count in fraud_checks_on(day).values_list("status", "country").annotate(Count("pk")):
        yield DayCount(day=day, kind=DayCount.Kind.FRAUD, word=status, country=country, count=count)
