"""What receipts would have said, said late instead of never; and what LANCK and the site still have to be told."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from .. import signals
from ..conf import conf
from ..exceptions import LanckError, NotSent, TooManyRequests
from ..models import Message, Status, Verification
from .goals import report_reached_goal
from .receipts import announce, refresh_message
from .sending import ACCOUNT_ERRORS

logger = logging.getLogger("django_lanck")
BATCH: Final = 200
# After these the next request would end alike.
STOPPED: Final = (NotSent, TooManyRequests, *ACCOUNT_ERRORS)


@dataclass(slots=True)
class Reconciled:
    """What one run did. ``stopped`` says why it ended before all was done."""

    asked: int = 0
    changed: int = 0
    goals: int = 0
    lost: int = 0
    expired: int = 0
    failed: int = 0
    stopped: str = ""


def reconcile(*, limit: int | None = None, progress: Callable[[Reconciled], None] | None = None) -> Reconciled:
    """Ask LANCK about messages without a final status, report goals, write what expired unnoticed.

    Makes at most ``limit`` requests, ``RECONCILE_RATE`` a second; tells ``progress`` after each. Stops when LANCK
    cannot be reached, refuses the account or answers 429. Safe to run twice at once and to run again.
    """
    done = Reconciled()
    _expire(done)
    _give_up(done)
    for message in _to_settle():
        if limit is not None and done.asked + done.goals + done.failed >= limit:
            done.stopped = "limit"
            break
        if not _settle(message, done):
            break
        if progress:
            progress(done)
    return done


def _to_settle() -> Iterator[Message]:
    """The messages of the last days that LANCK has to be asked or told about, oldest first, a batch at a time."""
    last = 0
    while batch := list(Message.objects.to_settle(conf.reconcile_after, conf.reconcile_days, last)[:BATCH]):
        yield from batch
        last = batch[-1].pk


def _settle(message: Message, done: Reconciled) -> bool:
    """One message; False to stop."""
    pause = 1 / conf.reconcile_rate
    try:
        if message.has_goal_to_report:
            time.sleep(pause)
            done.goals += report_reached_goal(message)
        if not message.is_final and Message.objects.filter(pk=message.pk).claim_question(conf.reconcile_after):
            time.sleep(pause)
            done.asked += 1
            done.changed += refresh_message(message=message)
    except STOPPED as error:
        logger.warning("Reconciliation stopped: %s", error)
        done.failed += 1
        done.stopped = str(error)
        return False
    except LanckError as error:
        logger.warning("Message %s: %s", message.pk, error)
        done.failed += 1
    return True


def _give_up(done: Reconciled) -> None:
    """A message whose worker died while it was being sent: whether LANCK took it is unknown."""
    for message in Message.objects.abandoned()[:BATCH]:
        row = Message.objects.filter(pk=message.pk)
        if row.record_answer(Status.UNKNOWN, error_reason="The worker that sent it did not come back."):
            message.status = Status.UNKNOWN
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
