"""Days that are over are counted once, and again when something of them changed later."""

from __future__ import annotations

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
from .aggregate import COUNTS, HISTOGRAMS, Key, Tally, Totals, checks_of, errors_of, hour_of_day, tally_days

# A day is counted so long after its end: by then clocks that are slow, and transactions, are in the next day too.
GRACE: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
# Rows of one day. Beyond that the smallest are merged: who makes up numbers must not make up rows.
MOST_ROWS: Final = 200


@dataclass(slots=True)
class CountedDays:
    """How many days were due to be counted, and how many of them were."""

    due: int = 0
    counted: int = 0


def count_days(*, progress: Callable[[CountedDays], None] | None = None) -> CountedDays:
    """Count each day that is over for an hour and was not counted yet, and each that changed since; oldest first.

    A day is one transaction, which only those wait for who change something of that day. Safe to interrupt, to run
    again, and to run twice at once. Tells ``progress`` after each day. Must not be called inside a transaction.
    """
    if in_transaction():
        raise RuntimeError("Counting inside a transaction would hold up all who change something of those days.")
    days = _due()
    done = CountedDays(due=len(days))
    for day in days:
        retry_transaction(partial(_count, day))
        done.counted += 1
        if progress:
            progress(done)
    return done


def close_days(until: date) -> None:
    """Count what is due, and then no more up to this day: its rows are about to be erased, its figures stay."""
    count_days()
    CountedDay.objects.close(until)


def mark_changed_days(*times: datetime | None) -> None:
    """Say, in the transaction of a change, when the rows that it changes began. Of today's it costs nothing."""
    today = site_day()
    CountedDay.objects.mark({day for at in times if at and (day := site_day(at)) < today})


def horizon(days: float) -> date:
    """The last day of which rows may be that are so many days old, or soon."""
    return site_day(_now() - timedelta(days=days) + GRACE)


def _now() -> datetime:
    """The time by the database's clock, by which rows are erased. It is told with a row, if there is any."""
    rows = Message.objects.filter(pk__gt=0).order_by().annotate(now=DatabaseNow())
    return rows.values_list("now", flat=True).first() or timezone.now()


def _due() -> list[date]:
    """Days to count. Those between them on which nothing was are noted as counted, at once for all."""
    last = site_day(_now() - GRACE) - DAY
    known = {row.day: row for row in CountedDay.objects.filter(day__lte=last)}
    counted = {day for day, row in known.items() if row.counted_at and not row.is_dirty}
    busy = list(_days_with_rows(last, counted))
    if busy:
        between = (busy[0] + DAY * number for number in range((last - busy[0]).days + 1))
        empty = [CountedDay(day=day, counted_at=DatabaseNow()) for day in between if day not in {*known, *busy}]
        CountedDay.objects.bulk_create(empty, ignore_conflicts=True, batch_size=BATCH)
    return sorted({*busy, *known} - counted)


def _days_with_rows(last: date, counted: Container[date]) -> Iterator[date]:
    """The days up to the last that have rows, without those that were counted."""
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


def _count(day: date) -> None:
    """Put in the place of what is kept of a day what its rows come to.

    The day's row is held until the commit, and is written before anything is read: whoever changes something of the
    day is either seen, or waits here and marks it again. A closed day loses its mark and nothing else.
    """
    row = CountedDay.objects.claim(day)
    if row.is_closed:
        return
    tally = tally_days([day])[day]
    DeliveryDay.objects.filter(day=day).delete()
    DeliveryDay.objects.bulk_create(_rows(day, tally))
    DayCount.objects.filter(day=day, kind=DayCount.Kind.ERROR).delete()
    counts = list(_errors(day))
    if row.counted_at is None or _keeps_checks(day):
        DayCount.objects.filter(day=day, kind=DayCount.Kind.FRAUD).delete()
        counts += _fraud(day)
    DayCount.objects.bulk_create(counts)
    CountedDay.objects.filter(day=day).update(counted_at=DatabaseNow())


def _keeps_checks(day: date) -> bool:
    """Whether the fraud checks of a day are all still there: they may be erased before its messages."""
    kept = conf.retention["insights"]
    return kept is None or day > horizon(kept)


def _rows(day: date, tally: Tally) -> Iterator[DeliveryDay]:
    for key, totals in _bounded(tally.totals).items():
        counts = {name: getattr(totals, name) for name in (*COUNTS, *HISTOGRAMS)}
        yield DeliveryDay(day=day, network=tally.networks.get(key.mccmnc, ""), **key._asdict(), **counts)


def _bounded(totals: dict[Key, Totals]) -> dict[Key, Totals]:
    """Without the networks, and if need be the countries, of the smallest where there are too many of them."""
    for less in ({"mccmnc": ""}, {"mccmnc": "", "country": ""}):
        if len(totals) <= MOST_ROWS:
            break
        ordered = sorted(totals.items(), key=lambda each: -each[1].messages)
        totals = dict(ordered[: MOST_ROWS // 2])
        for key, small in ordered[MOST_ROWS // 2 :]:
            totals.setdefault(key._replace(**less), Totals()).add(small)
    return totals


def _errors(day: date) -> Iterator[DayCount]:
    counts: Counter[tuple[str, str, int]] = Counter()
    for word, country, hours, count in errors_of(day).values_list("word", "country", "hours").annotate(Count("pk")):
        counts[word, country, hour_of_day(day, hours)] += count  # an hour may come twice
    for (word, country, hour), count in counts.items():
        yield DayCount(day=day, kind=DayCount.Kind.ERROR, word=word, country=country, hour=hour, count=count)


def _fraud(day: date) -> Iterator[DayCount]:
    for word, country, count in checks_of(day).values_list("status", "country").annotate(Count("pk")):
        yield DayCount(day=day, kind=DayCount.Kind.FRAUD, word=word, country=country, count=count)
