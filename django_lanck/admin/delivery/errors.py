"""The dashboard's tables of refusals, fraud checks and LANCK's errors."""

from __future__ import annotations

from collections import Counter
from datetime import time
from typing import Any, Final, NamedTuple

from django.utils import formats
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from ...conf.rules import RULES
from ...exceptions import ERRORS_BY_CODE
from ...services import Figures
from ..labels import INSIGHT_LABELS, badge
from .charts import width_of
from .formats import count_text, day_text
from .links import Links

LEVELS: Final = 5


class RuleRow(NamedTuple):
    rule: str
    label: str
    refused: str
    refused_bar: str
    watched: str
    watched_bar: str


class FraudRow(NamedTuple):
    state: SafeString
    total: str
    bar: str
    url: str


class Cell(NamedTuple):
    """The errors in one hour of the day, summed over all days; ``level`` is 0 for none, else 1 to 5."""

    hour: int
    number: str
    level: int


class ErrorRow(NamedTuple):
    code: int
    meaning: str
    total: str
    cells: list[Cell]
    url: str


def refusal_rows(figures: Figures) -> list[RuleRow]:
    """Return the rules that refused requests or only reported them, most frequent first."""
    by_rule: dict[str, list[int]] = {}
    for (rule, watched), count in figures.refusals.items():
        by_rule.setdefault(rule, [0, 0])[watched] += count
    most = max((max(counts) for counts in by_rule.values()), default=0)
    return [
        RuleRow(
            rule,
            str(RULES[rule].label) if rule in RULES else rule,
            count_text(refused),
            width_of(refused, most),
            count_text(watched),
            width_of(watched, most),
        )
        for rule, (refused, watched) in sorted(by_rule.items(), key=lambda each: (-sum(each[1]), each[0]))
    ]


def fraud_rows(figures: Figures, links: Links) -> list[FraudRow]:
    most = max(figures.fraud.values(), default=0)
    return [
        FraudRow(
            badge(state, INSIGHT_LABELS.get(state)),
            count_text(count),
            width_of(count, most),
            links.insights(kind="fraud", status=state),
        )
        for state, count in sorted(figures.fraud.items(), key=lambda each: (-each[1], each[0]))
    ]


def error_rows(figures: Figures, links: Links) -> list[ErrorRow]:
    """Return LANCK's errors by code and hour of the day, most frequent first."""
    by_code: dict[int, Counter[int]] = {}
    for error, count in figures.errors.items():
        by_code.setdefault(error.code, Counter())[error.hour] += count
    most = max((max(hours.values()) for hours in by_code.values()), default=0)
    return [
        ErrorRow(
            code,
            _(ERRORS_BY_CODE[code].meaning) if code in ERRORS_BY_CODE else "",
            count_text(hours.total()),
            [Cell(hour, count_text(hours[hour]), -(-LEVELS * hours[hour] // most)) for hour in range(24)],
            links.messages(status="refused", error_code=str(code)),
        )
        for code, hours in sorted(by_code.items(), key=lambda each: (-each[1].total(), each[0]))
    ]


def worst_hour(figures: Figures) -> str:
    """Return a sentence about the hour with the most errors, or an empty string."""
    hours: Counter[tuple[Any, int]] = Counter()
    for error, count in figures.errors.items():
        hours[error.day, error.hour] += count
    if not hours:
        return ""
    (day, hour), count = max(hours.items(), key=lambda each: (each[1], each[0]))
    start, end = (formats.time_format(time(each % 24), "TIME_FORMAT") for each in (hour, hour + 1))
    values = {"day": day_text(day), "start": start, "end": end, "count": count_text(count)}
    return _("Most in one hour: %(count)s, on %(day)s between %(start)s and %(end)s.") % values
