"""Keeping count of what was turned down, and telling once that a limit was reached."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Final

from .. import signals
from ..conf import conf
from ..exceptions import LanckError
from ..keys import keyed_hash
from ..models import LimitCounter, RefusalCount
from ..models.limit import FullLimit, Limit
from ..models.time import site_day
from .attempt import Attempt

logger = logging.getLogger("django_lanck")
# For each rule, however many numbers or addresses reach it.
SIGNALS_AN_HOUR: Final = 60


def turn_down(attempt: Attempt, rule: str, error: LanckError, *, watched: bool) -> None:
    """Count what a rule refuses, and raise the error unless the rule only watches."""
    count(attempt, rule, watched=watched)
    if not watched:
        raise error


def count(attempt: Attempt, rule: str, *, watched: bool) -> None:
    if attempt.is_test:
        return
    RefusalCount.objects.count_one(
        day=site_day(),
        rule=rule,
        action=attempt.action,
        purpose=attempt.purpose,
        country=attempt.country,
        watched=watched,
    )


def note_limits(attempt: Attempt, full: Sequence[FullLimit]) -> None:
    """Limits were used up. The first time in a window is told, and starts the pause of what does not convert.

    One statement after the other, so that no counter is locked while another one is waited for.
    """
    for limit, wait, _ in [each for each in full if _note(attempt, each)]:
        logger.warning("The limit %r is reached, and %s", limit.rule, "only watched" if limit.watched else "holds")
        signals.limit_reached.send_robust(
            LimitCounter,
            rule=limit.rule,
            label=limit.label,
            action=attempt.action,
            purpose=attempt.purpose,
            watched=limit.watched,
            retry_after=math.ceil(wait),
        )


def _note(attempt: Attempt, full: FullLimit) -> bool:
    limit = full.limit
    count(attempt, limit.rule, watched=limit.watched)
    pause = None if limit.percent is None or limit.watched else conf.conversion_pause
    return LimitCounter.objects.refuse(full, pause) and _may_tell(limit.rule)


def _may_tell(rule: str) -> bool:
    key = keyed_hash("django_lanck.limit", f"signal {rule}")[:32]
    return LimitCounter.objects.take(Limit(rule="signal", key=key, most=SIGNALS_AN_HOUR, seconds=3600))
