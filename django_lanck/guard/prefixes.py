"""Prefixes with a low conversion, and pausing prefixes by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Case, F, Q, Value, When
from django.db.models.lookups import GreaterThan

from ..conf import conf
from ..conf.rules import CONVERSION_RULES
from ..exceptions import InvalidArgument
from ..models import DatabaseNow, LimitCounter
from .limits import conversion_limit

RULE: Final = CONVERSION_RULES["prefix"].name
MOST_SHOWN: Final = 30


@dataclass(frozen=True, slots=True)
class Prefix:
    """The codes that went to one prefix in its current window of a day.

    ``key`` identifies its counter, ``prefix`` is a number without its last four digits. ``refused`` is the number of
    refused starts; ``paused_until`` is None where the prefix is not paused.
    """

    key: str
    prefix: str
    sent: int
    verified: int
    refused: int
    paused_until: datetime | None


def suspicious_prefixes() -> list[Prefix]:
    """Return the prefixes that are paused by hand, and those with most codes and a low conversion; at most 30.

    A prefix is listed from half of the codes on after which ``CONVERSION`` pauses it, while its percentage is too low.
    One statement.
    """
    if "prefix" not in conf.conversion:
        return []
    after, percent = conf.conversion["prefix"]
    by_hand = Q(not_before__gt=DatabaseNow())
    is_low = Q(GreaterThan(F("used") * percent, F("converted") * 100), used__gte=max(after // 2, 1))
    rows = LimitCounter.objects.filter(by_hand | is_low, rule=RULE, ends_at__gt=DatabaseNow())
    rows = rows.annotate(now=DatabaseNow())  # type: ignore[no-redef]
    paused_first = Case(When(by_hand, then=Value(0)), default=Value(1))
    prefixes = map(_prefix, rows.order_by(paused_first, "-used", "key")[:MOST_SHOWN])
    return sorted(prefixes, key=lambda each: (each.paused_until is None, -each.sent))


def pause_prefix(*, prefix: str) -> datetime:
    """Send no codes to a prefix for ``CONVERSION_PAUSE`` seconds; return the end of the pause.

    Numbers that were verified before are spared. The pause applies even where the rule is only watched. Raises
    InvalidArgument where ``CONVERSION`` has no prefixes, and for an invalid prefix.
    """
    if "prefix" not in conf.conversion:
        raise InvalidArgument("prefix", "CONVERSION does not count prefixes, so none can be paused.")
    if not (prefix.startswith("+") and prefix[1:].isascii() and prefix[1:].isdigit()):
        raise InvalidArgument("prefix", "It has to be an E.164 number without its last four digits, such as +1201555.")
    limit = conversion_limit("prefix", prefix)
    LimitCounter.objects.pause(limit, conf.conversion_pause)
    return LimitCounter.objects.values_list("not_before", flat=True).get(key=limit.key)


def resume_prefix(*, prefix: str) -> bool:
    """End the pause of a prefix, by hand or by the rule, and restart its count; return whether there was one."""
    return "prefix" in conf.conversion and LimitCounter.objects.resume(conversion_limit("prefix", prefix).key)


def _prefix(row: LimitCounter) -> Prefix:
    limit = conversion_limit("prefix", row.label)
    # A watched rule counts refusals of codes that were sent.
    passed = row.refused if limit.watched and not row.is_paused_by_hand else 0
    refused = row.refused - passed
    is_paused = row.is_paused_by_hand or (refused > 0 and row.seconds_to_wait(limit) > 0)
    return Prefix(
        key=row.key,
        prefix=row.label,
        sent=row.used + passed,
        verified=row.converted,
        refused=refused,
        paused_until=max(row.not_before, row.ends_at) if is_paused else None,
    )
