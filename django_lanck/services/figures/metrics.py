"""The figures of today for machines, from the database, so that every process of the site answers alike."""

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
from .aggregate import Tally, Totals, errors_of, tally_days

# What stands for a word that somebody else may choose, so that nobody can make up labels without end.
OTHER: Final = "other"
COUNTRIES_SHOWN: Final = 50
RULES_SHOWN: Final = (*RULES, *SCREENING_RULES)
PAUSES: Final = {rule.name: key for key, rule in CONVERSION_RULES.items()}


class RefusedPurpose(NamedTuple):
    """One rule that turned something down for one purpose; ``watched`` where it would have, but only watches."""

    rule: str
    purpose: str
    watched: bool


@dataclass(frozen=True, slots=True)
class Metrics:
    """What happened today, where the site is, without test numbers; and how things stand.

    ``started`` are verifications by purpose and ``sent`` messages by purpose and channel: each of them is in there,
    also at zero. By ``countries``, what is neither of the ``COUNTRIES_SHOWN`` with the most messages nor known is
    ``other``. ``errors`` are LANCK's codes of errors. Of the messages of the last ``RECONCILE_DAYS``, LANCK took the
    ``unsettled`` ones and has no final status of them, and it is unknown of the ``unknown`` ones whether they were
    sent; ``oldest_unsettled`` is an age in seconds. ``paused`` are prefixes and countries. Of ``uncounted_days``,
    yesterday is one until it is counted.
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


@dataclass(slots=True)
class _Words:
    refusals: Counter[RefusedPurpose] = field(default_factory=Counter)
    paused: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)


def current_metrics() -> Metrics:
    """Today and now, in five statements. They read the rows of today and of ``RECONCILE_DAYS``, and no others."""
    today = site_day()
    tally, words = tally_days([today])[today], _words(today)
    recent = _recent()
    return Metrics(
        started=_started(tally),
        sent=_sent(tally),
        countries=_countries(tally),
        errors=words.errors,
        refusals=words.refusals,
        paused=words.paused,
        unsettled=recent["unsettled"],
        unknown=recent["unknown"],
        oldest_unsettled=(recent["now"] - recent["oldest_unsettled"]).total_seconds() if recent["unsettled"] else 0,
        **_days(today, recent["oldest"]),
    )


def _known(word: str, words: Collection[str]) -> str:
    return word if word in words else OTHER


def _purposes() -> list[str]:
    return [*conf.purposes, OTHER]


def _started(tally: Tally) -> dict[str, Totals]:
    found = {purpose: Totals() for purpose in _purposes()}
    for key, totals in tally.totals.items():
        found[_known(key.purpose, conf.purposes)].add(totals)
    return found


def _sent(tally: Tally) -> dict[tuple[str, str], Totals]:
    """A message of no verification has the empty purpose."""
    found = {(purpose, str(channel)): Totals() for purpose in ("", *_purposes()) for channel in (*Channel, OTHER)}
    for key, totals in tally.totals.items():
        purpose = _known(key.purpose, ("", *conf.purposes))
        found[purpose, _known(key.channel, Channel.values)].add(totals)
    return found


def _countries(tally: Tally) -> dict[tuple[str, str], Totals]:
    messages: Counter[str] = Counter()
    for key, totals in tally.totals.items():
        messages[key.country] += totals.messages if key.country in SUPPORTED_REGIONS else 0
    shown = {country for country, count in messages.most_common(COUNTRIES_SHOWN) if count}
    found: dict[tuple[str, str], Totals] = {}
    for key, totals in tally.totals.items():
        which = _known(key.country, shown), _known(key.channel, Channel.values)
        found.setdefault(which, Totals()).add(totals)
    return found


def _words(today: date) -> _Words:
    """What was turned down today, LANCK's errors, and the pauses in force, each also at zero: one statement."""
    found = _Words()
    found.paused.update(dict.fromkeys(PAUSES.values(), 0))
    found.errors.update(dict.fromkeys(map(str, ERRORS_BY_CODE), 0))
    for rule in RULES_SHOWN:
        for purpose in ("", *_purposes()):
            found.refusals[RefusedPurpose(rule, purpose, rule in conf.watch)] = 0
    for kind, word, purpose, watched, count in _rows_of_words(today):
        if kind == "paused":
            found.paused[PAUSES[word]] += count
        elif kind == "error":
            found.errors[_known(word, found.errors)] += count
        else:
            purpose = _known(purpose, ("", *conf.purposes))
            found.refusals[RefusedPurpose(_known(word, RULES_SHOWN), purpose, bool(watched))] += count
    return found


def _rows_of_words(today: date) -> Iterator[tuple[Any, ...]]:
    """Kind, rule or code, purpose, 1 for watched, and count."""
    holds = [rule for rule in PAUSES if rule not in conf.watch]
    by_rule = Q(rule__in=holds, refused__gt=0, ends_at__gt=DatabaseNow())
    by_hand = Q(rule__in=list(PAUSES), not_before__gt=DatabaseNow())
    paused = LimitCounter.objects.filter(by_rule | by_hand).order_by()
    refused = RefusalCount.objects.filter(day=today).order_by()
    watched = Case(When(watched=True, then=1), default=0, output_field=IntegerField())
    text = CharField()
    return (
        refused.values_list(Value("refused", text), F("rule"), F("purpose"), watched)
        .annotate(Sum("count"))
        .union(
            paused.values_list(Value("paused", text), F("rule"), Value("", text), Value(0)).annotate(Count("pk")),
            errors_of(today)
            .values_list(Value("error", text), F("word"), Value("", text), Value(0))
            .annotate(Count("pk")),
            all=True,
        )
        .iterator()
    )


def _recent() -> dict[str, Any]:
    """How the messages of the last days stand."""
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
    counted = CountedDay.objects.filter(counted_at__isnull=False).aggregate(
        newest=Max("day"), dirty=Count("pk", filter=Q(is_dirty=True))
    )
    first = counted["newest"] + timedelta(days=1) if counted["newest"] else site_day(oldest)
    return {"uncounted_days": max((today - first).days, 0), "dirty_days": counted["dirty"]}
