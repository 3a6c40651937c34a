"""Today's figures for monitoring. They come from the database, so every process of the site returns the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from django.db.models import Case, CharField, Count, F, IntegerField, Max, Min, Q, Sum, Value, When
from phonenumbers import SUPPORTED_REGIONS

from ...conf import conf
from ...conf.rules import CONVERSION_RULES, RULES, SCREENING_RULES
from ...exceptions import ERRORS_BY_CODE
from ...models import Channel, CountedDay, DatabaseNow, LimitCounter, Message, RefusalCount, Status
from ...models.message import DAY
from ...models.status import FINAL_RANK, RANKS
from ...models.time import seconds_from_now, site_day
from .aggregate import DayTotals, aggregate_days, errors_on
from .totals import Totals

# The label of a value that is not on the list, so that the number of labels stays bounded.
OTHER: Final = "other"
MAX_COUNTRIES: Final = 50
REPORTED_RULES: Final = (*RULES, *SCREENING_RULES)
# Rules that pause → what they pause.
PAUSING_RULES: Final = {rule.name: key for key, rule in CONVERSION_RULES.items()}


class RefusedPurpose(NamedTuple):
    """A rule that refused requests for a purpose; ``watched`` where it only reported them."""

    rule: str
    purpose: str
    watched: bool


@dataclass(frozen=True, slots=True)
class Metrics:
    """Counts of today, in the site's time zone and without test numbers, and the current state.

    ``started`` has verifications by purpose, ``sent`` messages by purpose and channel, with every combination, also at
    zero. ``countries`` has messages and verifications by country and channel; its country is ``other`` unless it is a
    known one among the 50 with the most messages. ``errors`` are LANCK's error codes. ``unsettled``, ``unknown`` and
    ``oldest_unsettled`` describe messages of the last ``RECONCILE_DAYS``: those that LANCK accepted and that have no
    final status, those with an unknown outcome, and the age of the oldest unsettled one in seconds. ``paused`` counts
    prefixes and countries. ``uncounted_days`` includes yesterday until it is counted.
    """

    started: Mapping[str, Totals]
    sent: Mapping[tuple[str, str], Totals]
    countries: Mapping[tuple[str, str], Totals]
    errors: Counter[str]
    refusals: Counter[RefusedPurpose]
    paused: Counter[str]
    unsettled: int
    unknown: int
    oldest_unsettled: float
    uncounted_days: int
    dirty_days: int

    @property
    def by_channel(self) -> dict[str, Totals]:
        """The messages of ``sent`` by channel alone."""
        found: dict[str, Totals] = {}
        for (_purpose, channel), totals in self.sent.items():
            found.setdefault(channel, Totals()).add(totals)
        return found


@dataclass(slots=True)
class _Events:
    refusals: Counter[RefusedPurpose] = field(default_factory=Counter)
    paused: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)


def current_metrics() -> Metrics:
    """Return the metrics of today, in five statements that read only rows of today and of ``RECONCILE_DAYS``."""
    today = site_day()
    result, events = aggregate_days([today])[today], _events(today)
    recent = _recent_messages()
    return Metrics(
        started=_started(result),
        sent=_sent(result),
        countries=_countries(result),
        errors=events.errors,
        refusals=events.refusals,
        paused=events.paused,
        unsettled=recent["unsettled"],
        unknown=recent["unknown"],
        oldest_unsettled=(recent["now"] - recent["oldest_unsettled"]).total_seconds() if recent["unsettled"] else 0,
        **_days(today, recent["oldest"]),
    )


def _known_or_other(value: str, known: Collection[str]) -> str:
    return value if value in known else OTHER


def _purposes() -> list[str]:
    return [*conf.purposes, OTHER]


def _started(result: DayTotals) -> dict[str, Totals]:
    found = {purpose: Totals() for purpose in _purposes()}
    for dimensions, totals in result.totals.items():
        found[_known_or_other(dimensions.purpose, conf.purposes)].add(totals)
    return found


def _sent(result: DayTotals) -> dict[tuple[str, str], Totals]:
    """Return totals by purpose and channel. The purpose of a message without a verification is empty."""
    found = {(purpose, str(channel)): Totals() for purpose in ("", *_purposes()) for channel in (*Channel, OTHER)}
    for dimensions, totals in result.totals.items():
        purpose = _known_or_other(dimensions.purpose, ("", *conf.purposes))
        found[purpose, _known_or_other(dimensions.channel, Channel.values)].add(totals)
    return found


def _countries(result: DayTotals) -> dict[tuple[str, str], Totals]:
    messages: Counter[str] = Counter()
    for dimensions, totals in result.totals.items():
        messages[dimensions.country] += totals.messages if dimensions.country in SUPPORTED_REGIONS else 0
    largest = {country for country, count in messages.most_common(MAX_COUNTRIES) if count}
    found: dict[tuple[str, str], Totals] = {}
    for dimensions, totals in result.totals.items():
        country = _known_or_other(dimensions.country, largest)
        channel = _known_or_other(dimensions.channel, Channel.values)
        found.setdefault((country, channel), Totals()).add(totals)
    return found


def _events(today: date) -> _Events:
    """Return today's refusals, today's errors and the current pauses, each also at zero, in one statement."""
    found = _Events()
    found.paused.update(dict.fromkeys(PAUSING_RULES.values(), 0))
    found.errors.update(dict.fromkeys(map(str, ERRORS_BY_CODE), 0))
    for rule in REPORTED_RULES:
        for purpose in ("", *_purposes()):
            found.refusals[RefusedPurpose(rule, purpose, rule in conf.watch)] = 0
    for kind, value, purpose, watched, count in _event_rows(today):
        if kind == "paused":
            found.paused[PAUSING_RULES[value]] += count
        elif kind == "error":
            found.errors[_known_or_other(value, found.errors)] += count
        else:
            purpose = _known_or_other(purpose, ("", *conf.purposes))
            found.refusals[RefusedPurpose(_known_or_other(value, REPORTED_RULES), purpose, bool(watched))] += count
    return found


def _event_rows(today: date) -> Iterator[tuple[Any, ...]]:
    """Yield kind, rule or error code, purpose, 1 for watched, and count."""
    enforced = [rule for rule in PAUSING_RULES if rule not in conf.watch]
    by_rule = Q(rule__in=enforced, refused__gt=0, ends_at__gt=DatabaseNow())
    by_hand = Q(rule__in=list(PAUSING_RULES), not_before__gt=DatabaseNow())
    paused = LimitCounter.objects.filter(by_rule | by_hand).order_by()
    refused = RefusalCount.objects.filter(day=today).order_by()
    watched = Case(When(watched=True, then=1), default=0, output_field=IntegerField())
    text = CharField()
    return (
        refused.values_list(Value("refused", text), F("rule"), F("purpose"), watched)
        .annotate(Sum("count"))
        .union(
            paused.values_list(Value("paused", text), F("rule"), Value("", text), Value(0)).annotate(Count("pk")),
            errors_on(today)
            .values_list(Value("error", text), F("word"), Value("", text), Value(0))
            .annotate(Count("pk")),
            all=True,
        )
        .iterator()
    )


def _recent_messages() -> dict[str, Any]:
    """Return counts and times of the messages of the last ``RECONCILE_DAYS``."""
    is_unsettled = Q(status_rank__gte=RANKS[Status.ACCEPTED], status_rank__lt=FINAL_RANK)
    is_unknown = Q(status_rank=RANKS[Status.UNKNOWN], status=Status.UNKNOWN)
    rows = Message.objects.filter(created_at__gt=seconds_from_now(-conf.reconcile_days * DAY), is_test=False)
    return rows.aggregate(
        unsettled=Count("pk", filter=is_unsettled),
        unknown=Count("pk", filter=is_unknown),
        oldest_unsettled=Min("created_at", filter=is_unsettled),
        oldest=Min("created_at"),
        now=Max(DatabaseNow()),
    )


def _days(today: date, oldest: Any) -> dict[str, int]:
    """Return the numbers of uncounted and dirty days; ``oldest`` is the time of the oldest recent message, or None."""
    counted = CountedDay.objects.filter(counted_at__isnull=False).aggregate(
        newest=Max("day"), dirty=Count("pk", filter=Q(is_dirty=True))
    )
    first = counted["newest"] + timedelta(days=1) if counted["newest"] else site_day(oldest)
    return {"uncounted_days": max((today - first).days, 0), "dirty_days": counted["dirty"]}
