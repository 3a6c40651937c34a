"""The figures of a period, for the dashboard, its CSV files and the staff API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from django.db.models import Case, CharField, Count, DateField, F, IntegerField, Min, QuerySet, Sum, Value, When
from django.db.models.functions import Cast

from ...models import CountedDay, DayCount, DeliveryDay, Message, RefusalCount
from ...models.time import site_day
from .aggregate import aggregate_days, errors_on, fraud_checks_on, hour_on_clock, on_days
from .histogram import BUCKET_OF
from .scope import Scope
from .totals import COUNTS, HISTOGRAMS, Dimensions, Totals

# The kinds of row in the union of ``_event_rows``. A day's own rows are "live" until the day is counted.
FRAUD, ERROR = DayCount.Kind.FRAUD.value, DayCount.Kind.ERROR.value
LIVE_FRAUD, LIVE_ERROR = "live_fraud", "live_error"
REFUSAL: Final = "refusal"
COUNTED_DAY: Final = "counted"


class Network(NamedTuple):
    country: str
    mccmnc: str


class Refused(NamedTuple):
    """A rule that refused requests; ``watched`` where it only reported them."""

    rule: str
    watched: bool


class ErrorHour(NamedTuple):
    """LANCK's error ``code`` in one hour (0 to 23, in the site's time zone) of a day."""

    day: date
    hour: int
    code: int


@dataclass(slots=True)
class Figures:
    """The figures of a period. The groups by purpose, channel, country and network are ordered by size, largest first.

    ``by_day`` has every day of the scope. ``networks`` maps ``mccmnc`` to a name, where LANCK reported one. Of the
    scope's filters, ``refusals`` use purpose and country; ``fraud`` (status of a fraud check → count) and ``errors``
    use country. ``uncounted_days`` have messages that are in no figure until :func:`count_days` runs;
    ``dirty_days`` changed after they were counted.
    """

    scope: Scope
    total: Totals = field(default_factory=Totals)
    by_day: dict[date, Totals] = field(default_factory=dict)
    by_purpose: dict[str, Totals] = field(default_factory=dict)
    by_channel: dict[str, Totals] = field(default_factory=dict)
    by_country: dict[str, Totals] = field(default_factory=dict)
    by_network: dict[Network, Totals] = field(default_factory=dict)
    networks: dict[str, str] = field(default_factory=dict)
    refusals: Counter[Refused] = field(default_factory=Counter)
    fraud: Counter[str] = field(default_factory=Counter)
    errors: Counter[ErrorHour] = field(default_factory=Counter)
    uncounted_days: list[date] = field(default_factory=list)
    dirty_days: list[date] = field(default_factory=list)


def delivery_figures(scope: Scope) -> Figures:
    """Return the figures of a period, at a cost that grows with its days and not with the tables.

    Past days come from what :func:`count_days` stored; today, and yesterday until it is counted, from the rows
    themselves. Takes four statements, or five while no day is counted.
    """
    figures = Figures(scope, by_day={day: Totals() for day in scope.days})
    today = site_day()
    live = [day for day in (today - timedelta(days=1), today) if day in figures.by_day]
    counted = _add_events(figures, live)
    live = [day for day in live if day not in counted]
    figures.uncounted_days = _uncounted_days(figures, counted, live)
    by_dimensions: dict[Dimensions, Totals] = {}
    for day, dimensions, totals in _stored_totals(figures, live):
        figures.by_day[day].add(totals)
        by_dimensions.setdefault(dimensions, Totals()).add(totals)
    for day, dimensions, totals in _live_totals(figures, live):
        figures.by_day[day].add(totals)
        by_dimensions.setdefault(dimensions, Totals()).add(totals)
    _group(figures, by_dimensions)
    return figures


def _add_events(figures: Figures, live: list[date]) -> set[date]:
    """Add refusals, fraud checks, errors and dirty days; return the days of the scope that are counted."""
    # MariaDB returns decimals for integers in a union.
    rows = [
        (kind, day, value, int(number), count) for kind, day, value, number, count in _event_rows(figures.scope, live)
    ]
    counted = {day for kind, day, *_ in rows if kind == COUNTED_DAY}
    for kind, day, value, number, count in rows:
        if kind == REFUSAL:
            figures.refusals[Refused(value, bool(number))] += count
        elif kind == ERROR:
            figures.errors[ErrorHour(day, number, int(value))] += count
        elif kind == LIVE_ERROR and day not in counted:
            figures.errors[ErrorHour(day, hour_on_clock(day, number), int(value))] += count
        elif kind == FRAUD or (kind == LIVE_FRAUD and day not in counted):
            figures.fraud[value] += count
        elif kind == COUNTED_DAY and number:
            figures.dirty_days.append(day)
    figures.dirty_days.sort()
    return counted


def _event_rows(scope: Scope, live: list[date]) -> Iterable[tuple[str, date, str, int, int]]:
    """Return rows of kind, day, rule, code or status, number, and count, in one statement.

    The number is the hour of an error, the hours since midnight of a live one, or 1 for a watched rule or a dirty day.
    """
    days = {"day__range": (scope.since, scope.until)}
    country = scope.filters("country")
    counts = DayCount.objects.filter(**days, **country).order_by()
    counted = CountedDay.objects.filter(**days, counted_at__isnull=False).order_by()
    refusals = RefusalCount.objects.filter(**days, **scope.filters("purpose", "country")).order_by()
    live_rows: list[QuerySet[Any, Any]] = []
    for day in live:
        checks, errors = fraud_checks_on(day, **country), errors_on(day, **country)
        on_day = Cast(Value(day), DateField())
        live_rows += [
            checks.values_list(_text(LIVE_FRAUD), on_day, F("status"), Value(0)).annotate(Count("pk")),
            errors.values_list(_text(LIVE_ERROR), on_day, F("word"), F("hours")).annotate(Count("pk")),
        ]
    rows: QuerySet[Any, Any] = counts.values_list("kind", "day", "word", "hour").annotate(Sum("count"))
    return rows.union(
        refusals.values_list(_text(REFUSAL), F("day"), F("rule"), _as_number("watched"), F("count")),
        counted.values_list(_text(COUNTED_DAY), F("day"), _text(""), _as_number("is_dirty"), Value(1)),
        *live_rows,
        all=True,
    )


def _text(text: str) -> Value:
    return Value(text, CharField())


def _as_number(boolean_field: str) -> Case:
    return Case(When(**{boolean_field: True}, then=1), default=0, output_field=IntegerField())


def _uncounted_days(figures: Figures, counted: set[date], live: list[date]) -> list[date]:
    """Return the past days with messages that are not counted.

    Days are counted oldest first, so a day before the first counted one has no messages.
    """
    missing = [day for day in figures.by_day if day < site_day() and day not in counted and day not in live]
    if not missing:
        return []
    if counted:
        first = min(counted)
    else:
        oldest = Message.objects.filter(on_days(missing, "created_at")).aggregate(at=Min("created_at"))["at"]
        if oldest is None:
            return []
        first = site_day(oldest)
    return [day for day in missing if day >= first]


def _stored_totals(figures: Figures, live: list[date]) -> Iterator[tuple[date, Dimensions, Totals]]:
    """Yield the stored totals of counted days, in one statement."""
    scope = figures.scope
    rows = DeliveryDay.objects.filter(day__range=(scope.since, scope.until), **scope.filters()).exclude(day__in=live)
    columns = ("day", "network", *Dimensions._fields, *COUNTS, *HISTOGRAMS)
    for day, network, *rest in rows.order_by().values_list(*columns):
        dimensions, counts, histograms = Dimensions(*rest[:4]), rest[4:-2], rest[-2:]
        if network:
            figures.networks[dimensions.mccmnc] = network
        by_bucket = ({BUCKET_OF[bucket]: count for bucket, count in each.items()} for each in histograms)
        yield day, dimensions, Totals(*counts, *by_bucket)


def _live_totals(figures: Figures, live: list[date]) -> Iterator[tuple[date, Dimensions, Totals]]:
    """Yield the totals of days that are not counted yet, aggregated from their rows in two statements."""
    scope = figures.scope
    for day, result in aggregate_days(live).items() if live else ():
        figures.networks |= result.networks
        yield from ((day, each, totals) for each, totals in result.totals.items() if scope.includes(each))


def _group(figures: Figures, by_dimensions: Mapping[Dimensions, Totals]) -> None:
    """Sum the totals by each dimension, and order the groups by size."""
    for dimensions, totals in by_dimensions.items():
        network = Network(dimensions.country, dimensions.mccmnc)
        figures.total.add(totals)
        figures.by_purpose.setdefault(dimensions.purpose, Totals()).add(totals)
        figures.by_channel.setdefault(dimensions.channel, Totals()).add(totals)
        figures.by_country.setdefault(dimensions.country, Totals()).add(totals)
        figures.by_network.setdefault(network, Totals()).add(totals)
    for name in ("by_purpose", "by_channel", "by_country", "by_network"):
        groups = getattr(figures, name)
        setattr(figures, name, dict(sorted(groups.items(), key=lambda each: (-each[1].messages, each[0]))))
