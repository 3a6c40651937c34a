"""Reconciliation: refresh messages whose receipts are missing, report goals, and record what ended unnoticed."""

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
from ..figures.days import count_days, mark_changed_days
from ..messages.goals import report_reached_goal
from ..messages.refresh import refresh_message
from ..messages.statuses import announce
from ..pace import Pace, background
from ..provider.errors import SAFE_TO_RETRY
from ..transactions import refuse_transaction

logger = logging.getLogger("django_lanck")
BATCH: Final = 200
# The number of requests in a row without an answer after which a run stops: each may take the full time-out.
MAX_UNANSWERED: Final = 3


@dataclass(slots=True)
class Reconciled:
    """The counts of one run.

    ``stopped`` is the reason why the run ended early, or empty: ``"limit"``, ``"taken"`` (another runner is active), or
    the text of LANCK's error. ``due`` is the number of messages that needed a request to LANCK, ``visited`` how many of
    them the run reached.
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
    """Refresh messages without a final status, report goals, record what ended unnoticed, and count days.

    Makes at most ``limit`` requests, ``BACKGROUND_RATE`` a second, and calls ``progress`` after each. Only one runner
    of background work calls LANCK at a time: a second run does the rest and returns ``stopped="taken"``. A run
    stops when LANCK cannot be reached, leaves three requests in a row unanswered, refuses the account or answers 429.
    Runs can be repeated and may overlap. Must not be called inside a transaction.
    """
    refuse_transaction()
    get_client()  # invalid settings raise here, before any message is claimed
    done = Reconciled()
    _expire_verifications(done)
    _give_up_abandoned(done)
    _close_unknown(done)
    try:
        with background() as pace:
            done.stopped = _call_lanck(pace, done, limit, progress)
    except BackgroundTaken:
        done.stopped = "taken"
    done.days = count_days().counted
    return done


def _call_lanck(pace: Pace, done: Reconciled, limit: int | None, progress: Callable[[Reconciled], None] | None) -> str:
    """Make the requests that are due; return the reason for stopping early, or an empty string."""
    unanswered = 0
    due = Message.objects.due_for_reconciliation(conf.reconcile_after, conf.reconcile_days)
    # All keys at once and unordered: with ORDER BY id and LIMIT, a database may scan the table from its first row.
    pks = sorted(due.order_by().values_list("pk", flat=True))
    done.due = len(pks)
    for message in _read_batches(due, pks):
        done.visited += 1
        for call in _calls_for(message):
            if limit is not None and done.requests >= limit:
                return "limit"
            pace.wait()  # before the claim, so that an exception raised here leaves nothing claimed
            error = _try_call(call, message, done)
            unanswered = unanswered + 1 if isinstance(error, OutcomeUnknown) else 0
            if isinstance(error, SAFE_TO_RETRY) or unanswered == MAX_UNANSWERED:  # the next request would fail too
                logger.warning("Reconciliation stopped: %s", error)
                return str(error)
            if progress:
                progress(done)
    return ""


# Claims the message and calls LANCK about it; returns False when another process has claimed it.
Call: TypeAlias = Callable[[Message, Reconciled], bool]


def _read_batches(due: MessageQuerySet, pks: list[int]) -> Iterator[Message]:
    """Yield the messages with these keys that are still due, oldest first, reading a batch at a time."""
    for first in range(0, len(pks), BATCH):
        yield from due.filter(pk__in=pks[first : first + BATCH]).order_by("pk")


def _calls_for(message: Message) -> Iterator[Call]:
    if message.has_goal_to_report:
        yield _report_goal
    if not message.is_final:
        yield _refresh


def _try_call(call: Call, message: Message, done: Reconciled) -> LanckError | None:
    """Call LANCK about one message and count the request; return the error, or None."""
    try:
        done.requests += call(message, done)
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


def _refresh(message: Message, done: Reconciled) -> bool:
    if not Message.objects.filter(pk=message.pk).claim_refresh(conf.reconcile_after):
        return False
    done.asked += 1
    done.changed += refresh_message(message=message)
    return True


def _give_up_abandoned(done: Reconciled) -> None:
    """Set the status ``unknown`` on messages whose worker died while sending: LANCK may have accepted them."""
    while batch := list(Message.objects.abandoned(conf.reconcile_days)[:BATCH]):
        for message in batch:
            if _give_up(message):
                message.refresh_from_db()
                announce(message, Status.SENDING)
                done.lost += 1


def _give_up(message: Message) -> bool:
    with transaction.atomic():
        given_up = Message.objects.filter(pk=message.pk).mark_unknown("The worker that sent it did not come back.")
        if given_up:
            mark_changed_days(message.created_at)
    return given_up


def _close_unknown(done: Reconciled) -> None:
    """Close messages that have been ``unknown`` for a day: without a request id they cannot be refreshed."""
    while batch := list(Message.objects.unknown_for_a_day(conf.reconcile_days).values_list("pk", flat=True)[:BATCH]):
        # By key: MariaDB locks every row that an UPDATE reads, not only those it changes.
        done.closed += Message.objects.filter(pk__in=batch).close()


def _expire_verifications(done: Reconciled) -> None:
    """Write the state of verifications that expired without being read since."""
    while batch := list(Verification.objects.overdue()[:BATCH]):
        for verification in batch:
            if Verification.objects.filter(pk=verification.pk).expire():
                verification.state = Verification.State.EXPIRED
                signals.verification_failed.send_robust(Verification, verification=verification, reason="expired")
                done.expired += 1
