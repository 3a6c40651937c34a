"""What LANCK knows of a number, asked before a code is sent to it."""

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

# Seconds that a question gets where the ones before it took all: a kept answer needs none.
LEAST: Final = 0.05


@dataclass(frozen=True, slots=True)
class Question:
    """What LANCK is asked, and the words of its answer for which nothing is sent."""

    rule: str
    ask: Callable[..., NumberInsight]
    refused: Sequence[str]
    title: str


def screen(attempt: Attempt, message: Message) -> None:
    """Ask for fraud and look the number up, as the purpose says, within ``SCREENING_TIMEOUT`` seconds in all.

    Raises Refusal ``number_not_supported`` for a number that LANCK warns of, and NotSent where LANCK does not say in
    time and ``SCREENING_FAILED`` is ``"refuse"``; ``message`` is refused then and says why. Must not be called inside a
    transaction.
    """
    profile = attempt.profile
    if profile is None or attempt.is_test:
        return
    ends = time.monotonic() + conf.screening_timeout
    fraud = Question("fraud", check_fraud, conf.refused_fraud_states, "the fraud check")
    hlr = Question("hlr", look_up, conf.refused_hlr_states, "the HLR lookup")
    for question, mode in ((fraud, profile.fraud_check), (hlr, profile.hlr_check)):
        if mode != "off":
            _screen(question, attempt, message, ends=ends, watched=mode == "watch")


def _screen(question: Question, attempt: Attempt, message: Message, *, ends: float, watched: bool) -> None:
    try:
        insight = question.ask(number=attempt.number, timeout=max(ends - time.monotonic(), LEAST))
    except LanckError as error:
        log_failure(f"Message {message.pk}: {question.title} said nothing of its number", error)
        if conf.screening_failed == "refuse":
            reason = f"Not sent: {question.title} did not answer."
            _refuse(attempt, message, f"{question.rule}_failed", NotSent(reason), reason, watched=watched)
        return
    if insight.status in question.refused:
        reason = f"Not sent: {question.title} says {insight.status} of this number."
        _refuse(attempt, message, question.rule, Refusal("number_not_supported"), reason, watched=watched)


def _refuse(attempt: Attempt, message: Message, rule: str, error: LanckError, reason: str, *, watched: bool) -> None:
    if not watched:
        record_outcome(message, Status.REFUSED, error_reason=reason)
    refuse(attempt, rule, error, watched=watched)
