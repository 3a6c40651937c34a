"""Screening: LANCK's fraud check or HLR lookup before a code is sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ...conf import conf
from ...exceptions import LanckError, NotSent, Refusal
from ...guard import Attempt, refuse
from ...models import Message, NumberInsight, Status
from ..messages.outgoing import record_outcome
from ..provider.errors import log_failure
from ..provider.insight import check_fraud, look_up

# Seconds for a check after the previous one used up the timeout. A stored insight is returned within them.
MIN_TIMEOUT: Final = 0.05


@dataclass(frozen=True, slots=True)
class Screening:
    """One check of a number. ``refused`` are the statuses for which no code is sent."""

    rule: str
    check: Callable[..., NumberInsight]
    refused: Sequence[str]
    title: str


def screen(attempt: Attempt, message: Message) -> None:
    """Make the checks that the purpose has, within ``SCREENING_TIMEOUT`` seconds in total.

    Raises Refusal ``number_not_supported`` for a refused status, and NotSent if LANCK does not answer in time and
    ``SCREENING_FAILED`` is ``"refuse"``. The message is then stored as refused, with the reason. Must not be called
    inside a transaction.
    """
    profile = attempt.profile
    if profile is None or attempt.is_test:
        return
    ends = time.monotonic() + conf.screening_timeout
    fraud = Screening("fraud", check_fraud, conf.refused_fraud_states, "the fraud check")
    hlr = Screening("hlr", look_up, conf.refused_hlr_states, "the HLR lookup")
    for screening, mode in ((fraud, profile.fraud_check), (hlr, profile.hlr_check)):
        if mode != "off":
            _screen(screening, attempt, message, ends=ends, watched=mode == "watch")


def _screen(screening: Screening, attempt: Attempt, message: Message, *, ends: float, watched: bool) -> None:
    try:
        insight = screening.check(number=attempt.number, timeout=max(ends - time.monotonic(), MIN_TIMEOUT))
    except LanckError as error:
        log_failure(f"Message {message.pk}: {screening.title} failed", error)
        if conf.screening_failed == "refuse":
            reason = f"Not sent: {screening.title} did not answer."
            _refuse(attempt, message, f"{screening.rule}_failed", NotSent(reason), reason, watched=watched)
        return
    if insight.status in screening.refused:
        reason = f"Not sent: {screening.title} reports {insight.status}."
        _refuse(attempt, message, screening.rule, Refusal("number_not_supported"), reason, watched=watched)


def _refuse(attempt: Attempt, message: Message, rule: str, error: LanckError, reason: str, *, watched: bool) -> None:
    if not watched:
        record_outcome(message, Status.REFUSED, error_reason=reason)
    refuse(attempt, rule, error, watched=watched)
