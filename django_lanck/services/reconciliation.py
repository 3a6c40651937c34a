"""What receipts would have said, said late instead of never; and what LANCK and the site still have to be told."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from .. import signals
from ..client import get_client
from ..conf import conf
from ..exceptions import LanckError, OutcomeUnknown
from ..models import Message, Status, Verification
from .asking import refuse_transaction
from .goals import report_reached_goal
from .receipts import announce, refresh_message
from .sending import NOT_CARRIED_OUT

logger = logging.getLogger("django_lanck")
BATCH: Final = 200
# So many requests in a row without an answer: each takes as long as a call may.
PATIENCE: Final = 3


@dataclass(slots=True)
class Reconciled:
    """What one run did. ``stopped`` says why it ended before all was done: ``"limit"``, or LANCK's trouble."""

    requests: int = 0
    asked: int = 0
    changed: int = 0
    goals: int = 0
    lost: int = 0
    expired: int = 0
    failed: int = 0
    stopped: str = ""


def reconcile(*, limit: int | None = None, progress: Callable[[Reconciled], None] | None = None) -> Reconciled:
    """Ask LANCK about messages without a final status, report goals, write what expired unnoticed.

    Makes at most ``limit`` requests, ``RECONCILE_RATE`` a second; tells ``progress`` after each. Stops when
    LANCK cannot be reached, does not answer several times in a row, refuses the account or answers 429. Safe to run
    twice at once and to run again. Must not be called inside a transaction.
    """
    refuse_transaction()
    get_client()  # settings that make none are an error before anything is claimed
    done, silences = Reconciled(), 0
    _expire(done)
    _give_up(done)
    for message, settle in _to_settle():
        if limit is not None and done.requests >= limit:
            done.stopped = "limit"
            break
        error = _attempt(settle, message, done)
        silences = silences + 1 if isinstance(error, OutcomeUnknown) else 0
        if isinstance(error, NOT_CARRIED_OUT) or silences == PATIENCE:  # the next request would end alike
            logger.warning("Reconciliation stopped: %s", error)
            done.stopped = str(error)
            break
        if progress:
            progress(done)
    return done


# Tells or asks LANCK; False when somebody else does.
Settle: TypeAlias = Callable[[Message, Reconciled], bool]


def _to_settle() -> Iterator[tuple[Message, Settle]]:
    """What LANCK has to be told or asked about the messages of the last days, oldest first, a batch at a time."""
    last = 0
    while batch := list(Message.objects.to_settle(conf.reconcile_after, conf.reconcile_days, last)[:BATCH]):
        for message in batch:
            if message.has_goal_to_report:
                yield message, _report_goal
            if not message.is_final:
                yield message, _ask_about
        last = batch[-1].pk


def _attempt(settle: Settle, message: Message, done: Reconciled) -> LanckError | None:
    """Settle one thing. The pause comes after it: an interrupt during one must not lose what was claimed."""
    error = None
    try:
        if not settle(message, done):
            return None
    except LanckError as trouble:
        logger.warning("Message %s: %s", message.pk, trouble)
        done.failed += 1
        error = trouble
    done.requests += 1
    time.sleep(1 / conf.reconcile_rate)
    return error


def _report_goal(message: Message, done: Reconciled) -> bool:
    reported = report_reached_goal(message)
    done.goals += reported
    return reported


def _ask_about(message: Message, done: Reconciled) -> bool:
    if not Message.objects.filter(pk=message.pk).claim_question(conf.reconcile_after):
        return False
    done.asked += 1
    done.changed += refresh_message(message=message)
    return True


def _give_up(done: Reconciled) -> None:
    """A message whose worker died while it was being sent: whether LANCK took it is unknown."""
    for message in Message.objects.abandoned()[:BATCH]:
        if Message.objects.filter(pk=message.pk).give_up("The worker that sent it did not come back."):
            message.refresh_from_db()
            announce(message, Status.SENDING)
            done.lost += 1


def _expire(done: Reconciled) -> None:
    """Verifications whose time is over and that nobody looked at since."""
    while batch := list(Verification.objects.overdue()[:BATCH]):
        for verification in batch:
            if Verification.objects.filter(pk=verification.pk).expire():
                verification.state = Verification.State.EXPIRED
                signals.verification_failed.send_robust(Verification, verification=verification, reason="expired")
                done.expired += 1
