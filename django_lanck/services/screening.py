"""What LANCK knows of a number, asked before a code is sent to it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

from ..conf import conf
from ..exceptions import LanckError, Refusal
from ..guard import Attempt, turn_down
from ..models import NumberInsight
from .insight import check_fraud, look_up

logger = logging.getLogger("django_lanck")
LEAST: Final = 0.05


def screen(attempt: Attempt) -> None:
    """Ask for fraud and look the number up, as the purpose says, within ``SCREENING_TIMEOUT`` seconds in all.

    Raises Refusal ``number_not_supported`` for a number that LANCK warns of, and ``unavailable`` where LANCK does not
    say in time and ``SCREENING_FAILED`` is ``"refuse"``. Must not be called inside a transaction.
    """
    profile = attempt.profile
    if profile is None or attempt.is_test:
        return
    ends = time.monotonic() + conf.screening_timeout
    _screen(attempt, "fraud", profile.fraud_check, check_fraud, conf.refused_fraud_states, ends)
    _screen(attempt, "hlr", profile.hlr_check, look_up, conf.refused_hlr_states, ends)


def _screen(
    attempt: Attempt, rule: str, mode: str, ask: Callable[..., NumberInsight], refused: Sequence[str], ends: float
) -> None:
    if mode == "off":
        return
    watched = mode == "watch"
    try:
        insight = ask(number=attempt.number, timeout=max(ends - time.monotonic(), LEAST))
    except LanckError as error:
        logger.warning("Whether a number may be sent a code (%s) is not known: %s", rule, error)
        if conf.screening_failed == "refuse":
            wait = Refusal("unavailable", retry_after=5)
            turn_down(attempt, f"{rule}_failed", wait, watched=watched)
        return
    if insight.status in refused:
        turn_down(attempt, rule, Refusal("number_not_supported"), watched=watched)
