"""Keeping count of what was turned down, and telling once that a limit was reached."""

from __future__ import annotations

import logging
import math
from typing import Final

from django.db import transaction
from django.utils import timezone

from .. import signals
from ..conf import conf
from ..exceptions import LanckError
from ..keys import keyed_hash
from ..models import LimitCounter, RefusalCount
from ..models.limit import Limit
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
        day=timezone.localdate(),
        rule=rule,
        action=attempt.action,
        purpose=attempt.purpose,
        country=attempt.country,
        watched=watched,
    )


def note_limit(attempt: Attempt, limit: Limit, wait: float) -> None:
    """A limit was used up. The first time in its window is told, and starts the pause of what does not convert."""
    count(attempt, limit.rule, watched=limit.watched)
    pause = None if limit.percent is None or limit.watched else conf.conversion_pause
    if not LimitCounter.objects.refuse(limit, pause) or not _may_tell(limit.rule):
        return
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


def _may_tell(rule: str) -> bool:
    signal = Limit(
        rule="signal",
        key=keyed_hash("django_lanck.limit", f"signal {rule}")[:32],
        most=SIGNALS_AN_HOUR,
        seconds=3600,
    )
    with transaction.atomic():
        LimitCounter.objects.ensure([signal])
        return LimitCounter.objects.spend([signal]) == 1
