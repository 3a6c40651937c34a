"""Counting refusals, and reporting once that a limit is exceeded."""

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
from ..models.limit import ExceededLimit, Limit
from ..models.time import site_day
from .attempt import Attempt

logger = logging.getLogger("django_lanck")
# For each rule, however many numbers or addresses exceed it.
SIGNALS_AN_HOUR: Final = 60


def refuse(attempt: Attempt, rule: str, error: LanckError, *, watched: bool) -> None:
    """Count a refusal by a rule, and raise the error unless the rule is only watched."""
    count_refusal(attempt, rule, watched=watched)
    if not watched:
        raise error


def count_refusal(attempt: Attempt, rule: str, *, watched: bool) -> None:
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


def report_exceeded(attempt: Attempt, exceeded: Sequence[ExceededLimit]) -> None:
    """Count refusals by exceeded limits. The first one in a window is logged, sends a signal, and may start a pause.

    All statements come before the signals, each for itself, so that no counter is locked while another is waited for.
    """
    for limit, wait, _ in [each for each in exceeded if _is_first(attempt, each)]:
        logger.warning("The limit %r is exceeded and %s", limit.rule, "watched" if limit.watched else "enforced")
        signals.limit_reached.send_robust(
            LimitCounter,
            rule=limit.rule,
            label=limit.label,
            action=attempt.action,
            purpose=attempt.purpose,
            watched=limit.watched,
            retry_after=math.ceil(wait),
        )


def _is_first(attempt: Attempt, exceeded: ExceededLimit) -> bool:
    """Count the refusal, and return whether it is the first one in its window and within the rate of signals."""
    limit = exceeded.limit
    count_refusal(attempt, limit.rule, watched=limit.watched)
    pause = None if limit.percent is None or limit.watched else conf.conversion_pause
    return LimitCounter.objects.count_refusal(exceeded, pause) and _may_signal(limit.rule)


def _may_signal(rule: str) -> bool:
    key = keyed_hash("django_lanck.limit", f"signal {rule}")[:32]
    return LimitCounter.objects.consume_one(Limit(rule="signal", key=key, most=SIGNALS_AN_HOUR, seconds=3600))
