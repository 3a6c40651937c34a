"""What was sent and what came of it in a period: what the dashboard, its exports and machines show."""

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
from .aggregate import COUNTS, HISTOGRAMS, Key, Totals, checks_of, errors_of, hour_of_day, tally_days, within
from .histogram import BUCKET_OF

FRAUD, ERROR = DayCount.Kind.FRAUD.value, DayCount.Kind.ERROR.value
REFUSAL: Final = "refusal"
COUNTED: Final = "counted"
LIVE_FRAUD, LIVE_ERROR = "checked", "failed"


@dataclass(frozen=True, slots=True)
class Scope:
    """The days from ``since`` to ``until``, both included, where the site is; and of these what is not left empty."""

    since: date
    until: date
    purpose: str = ""
    channel: str = ""
    country: str = ""
    mccmnc: str = ""

    @property
    def days(self) -> list[date]:
        return [self.since + timedelta(days=number) for number in range((self.until - self.since).days + 1)]

    def chosen(self, *names: str) -> dict[str, str]:
        """What was chosen of these fields; of all without names."""
        return {name: value for name in names or Key._fields if (value := getattr(self, name))}

    def has(self, key: Key) -> bool:
        return all(getattr(key, name) == value for name, value in self.chosen().items())


class Network(NamedTuple):
    country: str
    mccmnc: str


class Refused(NamedTuple):
    """One rule that turned something down; ``watched`` where it would have, but only watches."""

    rule: str
    watched: bool


class ErrorHour(NamedTuple):
    """One hour (0 to 23, where the site is) of a day, and LANCK's code of an error in it."""

    day: date
    hour: int
    code: int


@dataclass(slots=True)
class Figures:
    """The figures of a period. Those by purpose, channel, country and network have the largest first.

    ``by_day`` has every day of the scope. ``networks`` are names by ``mccmnc``, where LANCK told any. ``refusals`` are
    narrowed by purpose and country, ``fraud`` (LANCK's word of a fraud check → count) and ``errors`` by country, and
    nothing of these by what else was chosen. ``uncounted_days`` have messages that are in no figure until
    :func:`count_days` is run; on ``dirty_days`` something changed since they were counted.
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
    """The figures of a period, at a cost that grows with its days and not with the tables.

    Days that are over come from what :func:`count_days` kept of them; today, and yesterday until it was counted, from
    the rows. Four statements, or five where no day was counted yet.
    """
    figures = Figures(scope, by_day={day: Totals() for day in scope.days})
    today = site_day()
    live = [day for day in (today - timedelta(days=1), today) if day in figures.by_day]
    counted = _add_counts(figures, live)
    live = [day for day in live if day not in counted]
    figures.uncounted_days = _uncounted(figures, counted, live)
    by_key: dict[Key, Totals] = {}
    for day, key, totals in _kept(figures, live):
        figures.by_day[day].add(totals)
        by_key.setdefault(key, Totals()).add(totals)
    for day, key, totals in _of_rows(figures, live):
        figures.by_day[day].add(totals)
        by_key.setdefault(key, Totals()).add(totals)
    _group(figures, by_key)
    return figures


def _add_counts(figures: Figures, live: list[date]) -> set[date]:
    """Add what is counted by a word; which days of the scope were counted."""
    # MariaDB makes decimals of integers in a union.
    rows = [(kind, day, word, int(number), count) for kind, day, word, number, count in _words(figures.scope, live)]
    counted = {day for kind, day, *_ in rows if kind == COUNTED}
    for kind, day, word, number, count in rows:
        if kind == REFUSAL:
            figures.refusals[Refused(word, bool(number))] += count
        elif kind == ERROR:
            figures.errors[ErrorHour(day, number, int(word))] += count
        elif kind == LIVE_ERROR and day not in counted:
            figures.errors[ErrorHour(day, hour_of_day(day, number), int(word))] += count
        elif kind == FRAUD or (kind == LIVE_FRAUD and day not in counted):
            figures.fraud[word] += count
        elif kind == COUNTED and number:
            figures.dirty_days.append(day)
    figures.dirty_days.sort()
    return counted


def _words(scope: Scope, live: list[date]) -> Iterable[tuple[str, date, str, int, int]]:
    """One statement: kind, day, word, number (an hour or hours; 1 for watched, or for dirty) and count."""
    days = {"day__range": (scope.since, scope.until)}
    country = scope.chosen("country")
    counts = DayCount.objects.filter(**days, **country).order_by()
    counted = CountedDay.objects.filter(**days, counted_at__isnull=False).order_by()
    refusals = RefusalCount.objects.filter(**days, **scope.chosen("purpose", "country")).order_by()
    of_rows: list[QuerySet[Any, Any]] = []
    for day in live:
        checks, errors, at = checks_of(day, **country), errors_of(day, **country), Cast(Value(day), DateField())
        of_rows += [
            checks.values_list(_text(LIVE_FRAUD), at, F("status"), Value(0)).annotate(Count("pk")),
            errors.values_list(_text(LIVE_ERROR), at, F("word"), F("hours")).annotate(Count("pk")),
        ]
    rows: QuerySet[Any, Any] = counts.values_list("kind", "day", "word", "hour").annotate(Sum("count"))
    return rows.union(
        refusals.values_list(_text(REFUSAL), F("day"), F("rule"), _flag("watched"), F("count")),
        counted.values_list(_text(COUNTED), F("day"), _text(""), _flag("is_dirty"), Value(1)),
        *of_rows,
        all=True,
    )


def _text(text: str) -> Value:
    return Value(text, CharField())


def _flag(name: str) -> Case:
    return Case(When(**{name: True}, then=1), default=0, output_field=IntegerField())


def _uncounted(figures: Figures, counted: set[date], live: list[date]) -> list[date]:
    """Days that are over and were not counted. They are counted oldest first: before the first one there is nothing."""
    missing = [day for day in figures.by_day if day < site_day() and day not in counted and day not in live]
    if not missing:
        return []
    if counted:
        first = min(counted)
    else:
        oldest = Message.objects.filter(within(missing, "created_at")).aggregate(at=Min("created_at"))["at"]
        if oldest is None:
            return []
        first = site_day(oldest)
    return [day for day in missing if day >= first]


def _kept(figures: Figures, live: list[date]) -> Iterator[tuple[date, Key, Totals]]:
    """What was kept of the days that are over, in one statement."""
    scope = figures.scope
    rows = DeliveryDay.objects.filter(day__range=(scope.since, scope.until), **scope.chosen()).exclude(day__in=live)
    for day, network, *rest in rows.order_by().values_list("day", "network", *Key._fields, *COUNTS, *HISTOGRAMS):
        key, counts, histograms = Key(*rest[:4]), rest[4:-2], rest[-2:]
        if network:
            figures.networks[key.mccmnc] = network
        yield day, key, Totals(*counts, *({BUCKET_OF[bucket]: n for bucket, n in each.items()} for each in histograms))


def _of_rows(figures: Figures, live: list[date]) -> Iterator[tuple[date, Key, Totals]]:
    """What the rows of the days come to that were not counted yet, in two statements."""
    scope = figures.scope
    for day, tally in tally_days(live).items() if live else ():
        figures.networks |= tally.networks
        yield from ((day, key, totals) for key, totals in tally.totals.items() if scope.has(key))


def _group(figures: Figures, by_key: Mapping[Key, Totals]) -> None:
    """Sum what is kept apart, the largest first."""
    for key, totals in by_key.items():
        figures.total.add(totals)
        figures.by_purpose.setdefault(key.purpose, Totals()).add(totals)
        figures.by_channel.setdefault(key.channel, Totals()).add(totals)
        figures.by_country.setdefault(key.country, Totals()).add(totals)
        figures.by_network.setdefault(Network(key.country, key.mccmnc), Totals()).add(totals)
    for name in ("by_purpose", "by_channel", "by_country", "by_network"):
        groups = getattr(figures, name)
        setattr(figures, name, dict(sorted(groups.items(), key=lambda each: (-each[1].messages, each[0]))))
