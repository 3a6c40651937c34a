"""What receipts would have said, said late instead of never; and what LANCK and the site still have to be told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from django.db import transaction

from ... import signals
from ...client import get_client
from ...conf import conf
from ...exceptions import BackgroundTaken, LanckError, OutcomeUnknown
from ...models import Message, MessageQuerySet, Status, Verification
from ..figures.days import count_days, note_change
from ..messages.goals import report_reached_goal
from ..messages.refresh import refresh_message
from ..messages.statuses import announce
from ..pace import Pace, background
from ..provider.failures import NOT_CARRIED_OUT
from ..transactions import refuse_transaction

logger = logging.getLogger("django_lanck")
BATCH: Final = 200
# So many requests in a row without an answer: each takes as long as a call may.
PATIENCE: Final = 3


@dataclass(slots=True)
class Reconciled:
    """What one run did. ``stopped`` says why it ended before all was done: ``"limit"``, ``"taken"`` (another runner is
    at work), or LANCK's trouble. ``due`` is how many messages LANCK had to be asked or told about, ``visited`` how many
    of them the run came to.
    """

    due: int = 0
    visited: int = 0
    requests: int = 0
    asked: int = 0
    changed: int = 0
    goals: int = 0
    lost: int = 0
    closed: int = 0
    expired: int = 0
    failed: int = 0
    days: int = 0
    stopped: str = ""


def reconcile(*, limit: int | None = None, progress: Callable[[Reconciled], None] | None = None) -> Reconciled:
    """Ask LANCK about messages without a final status, report goals, write what ended unnoticed, count days.

    Makes at most ``limit`` requests, ``BACKGROUND_RATE`` a second; tells ``progress`` after each. LANCK is
    asked by one runner of background work at a time: a second one does the rest and says ``"taken"``. Stops when LANCK
    cannot be reached, does not answer several times in a row, refuses the account or answers 429. Safe to run twice at
    once and to run again. Must not be called inside a transaction.
    """
    refuse_transaction()
    get_client()  # settings that make none are an error before anything is claimed
    done = Reconciled()
    _expire(done)
    _give_up(done)
    _close(done)
    try:
        with background() as pace:
            done.stopped = _settle_all(pace, done, limit, progress)
    except BackgroundTaken:
        done.stopped = "taken"
    done.days = count_days().counted
    return done


def _settle_all(pace: Pace, done: Reconciled, limit: int | None, progress: Callable[[Reconciled], None] | None) -> str:
    """Settle what is due; why that ended early."""
    silences = 0
    due = Message.objects.to_settle(conf.reconcile_after, conf.reconcile_days)
    # All at once and without an order: a database that is asked for the first few by id would look for them from the
    # very first message on.
    waiting = sorted(due.order_by().values_list("pk", flat=True))
    done.due = len(waiting)
    for message in _read(due, waiting):
        done.visited += 1
        for settle in _what_to_settle(message):
            if limit is not None and done.requests >= limit:
                return "limit"
            pace.wait()  # before anything is claimed: what ends the wait must not lose it
            error = _attempt(settle, message, done)
            silences = silences + 1 if isinstance(error, OutcomeUnknown) else 0
            if isinstance(error, NOT_CARRIED_OUT) or silences == PATIENCE:  # the next request would end alike
                logger.warning("Reconciliation stopped: %s", error)
                return str(error)
            if progress:
                progress(done)
    return ""


# Tells or asks LANCK; False when somebody else does.
Settle: TypeAlias = Callable[[Message, Reconciled], bool]


def _read(due: MessageQuerySet, waiting: list[int]) -> Iterator[Message]:
    """The messages with these ids, oldest first, a batch at a time; without those that were settled meanwhile."""
    for first in range(0, len(waiting), BATCH):
        yield from due.filter(pk__in=waiting[first : first + BATCH]).order_by("pk")


def _what_to_settle(message: Message) -> Iterator[Settle]:
    if message.has_goal_to_report:
        yield _report_goal
    if not message.is_final:
        yield _ask_about


def _attempt(settle: Settle, message: Message, done: Reconciled) -> LanckError | None:
    """Settle one thing; the error that it ended with."""
    try:
        done.requests += settle(message, done)
    except LanckError as error:
        logger.warning("Message %s: %s", message.pk, error)
        done.requests += 1
        done.failed += 1
        return error
    return None


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
    """Messages whose worker died while it was sending them: whether LANCK took them is unknown."""
    while batch := list(Message.objects.abandoned(conf.reconcile_days)[:BATCH]):
        for message in batch:
            if _give_up_one(message):
                message.refresh_from_db()
                announce(message, Status.SENDING)
                done.lost += 1


def _give_up_one(message: Message) -> bool:
    with transaction.atomic():
        given_up = Message.objects.filter(pk=message.pk).give_up("The worker that sent it did not come back.")
        if given_up:
            note_change(message.created_at)
    return given_up


def _close(done: Reconciled) -> None:
    """Messages that never learnt their id: nothing can be asked about them."""
    while batch := list(Message.objects.unknown_for_a_day(conf.reconcile_days).values_list("pk", flat=True)[:BATCH]):
        # By their ids: MariaDB locks whatever it reads on the way to what it changes.
        done.closed += Message.objects.filter(pk__in=batch).close()


def _expire(done: Reconciled) -> None:
    """Verifications whose time is over and that nobody looked at since."""
    while batch := list(Verification.objects.overdue()[:BATCH]):
        for verification in batch:
            if Verification.objects.filter(pk=verification.pk).expire():
                verification.state = Verification.State.EXPIRED
                signals.verification_failed.send_robust(Verification, verification=verification, reason="expired")
                done.expired += 1
