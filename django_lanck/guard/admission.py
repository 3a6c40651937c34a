"""Counting an attempt against its limits, in the transaction that stores its rows."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from django.db import DatabaseError, OperationalError, connections, transaction

from ..conf import conf
from ..exceptions import Refusal
from ..models import LimitCounter, Verification, VerificationQuerySet
from ..models.limit import ExceededLimit, Limit
from .attempt import Attempt
from .limits import check_limits_of, conversion_limits_of, limits_of
from .refusals import report_exceeded

T = TypeVar("T")

logger = logging.getLogger("django_lanck")
TRIES: Final = 5
# SQLSTATE of PostgreSQL and error numbers of MySQL for a transaction that the database rolled back because of others.
DEADLOCKS: Final = frozenset(["40P01", "40001", 1213, 1205])


@dataclass(frozen=True, slots=True)
class Admission:
    """The limits that an attempt was counted for."""

    limits: Sequence[Limit] = ()

    def refund(self, converted: Sequence[Limit] = ()) -> None:
        """Reverse the count, because LANCK did not carry the attempt out or its code was right.

        The limits of ``converted`` count a conversion. A database error is only logged, because the
        outcome is known by now and must reach the caller.
        """
        try:
            LimitCounter.objects.refund(self.limits, converted=converted)
        except DatabaseError:
            logger.exception("The limits of an attempt could not be refunded")


class _LimitsExceeded(Exception):
    """At least one limit has no room."""


def admit(attempt: Attempt, store: Callable[[], T], *, inside: bool = False) -> tuple[T, Admission]:
    """Count the attempt for each of its limits and call ``store``, in one transaction; return the result of ``store``.

    ``store`` may be called again after a deadlock. ``inside``: use the caller's transaction. Raises Refusal
    (``too_many_requests`` or ``resend_too_soon``, with ``retry_after``) where a limit is exceeded, and whatever
    ``store`` raises; then nothing is counted.
    """
    limits = limits_of(attempt)
    # A start also creates the counters for its checks, so that a check takes one statement.
    missing = [] if attempt.action == "check" else [*limits, *check_limits_of(attempt)]
    # On MySQL an UPDATE may lock more rows than it changes, so the new rows are committed before it. On other databases
    # they are inserted in the same transaction, which saves a commit.
    is_mysql = connections[LimitCounter.objects.db].vendor == "mysql"
    for tries_left in reversed(range(TRIES)):
        try:
            if is_mysql:
                LimitCounter.objects.ensure(missing)
            with transaction.atomic(durable=not inside):
                _consume(limits, [] if is_mysql else missing)
                return store(), Admission(limits)
        except _LimitsExceeded:
            missing = limits = _without_exceeded(attempt, limits)
        except OperationalError as error:
            if inside or not tries_left or not _is_deadlock(error):
                raise
    raise Refusal("too_many_requests", retry_after=1)


def _consume(limits: Sequence[Limit], missing: Sequence[Limit]) -> None:
    LimitCounter.objects.ensure(missing)
    if limits and LimitCounter.objects.consume(limits) < len(limits):
        raise _LimitsExceeded


def refund_check(attempt: Attempt, admission: Admission) -> None:
    """Reverse the count of a check with a right code, and count a conversion for the limits of sent codes."""
    admission.refund(conversion_limits_of(attempt))


def _without_exceeded(attempt: Attempt, limits: Sequence[Limit]) -> list[Limit]:
    """Return the limits without exceeded ones that are not enforced. Raises Refusal if any other is exceeded."""
    exceeded = LimitCounter.objects.exceeded(limits)
    enforced = [each for each in exceeded if not each.limit.watched]
    if enforced and not (all(each.limit.spares_known for each in enforced) and known(attempt.number).exists()):
        report_exceeded(attempt, enforced)
        is_ladder = all(each.limit.rule == "ladder" for each in enforced)
        wait = max(map(_seconds_to_wait, enforced))
        raise Refusal("resend_too_soon" if is_ladder else "too_many_requests", retry_after=math.ceil(wait))
    report_exceeded(attempt, [each for each in exceeded if each.limit.watched])
    passed = {each.limit.key for each in exceeded}
    return [limit for limit in limits if limit.key not in passed]


def _seconds_to_wait(exceeded: ExceededLimit) -> float:
    """Return the seconds until there is room. The first refusal for a low conversion starts a pause."""
    starts_pause = exceeded.limit.percent is not None and not exceeded.has_refused
    return conf.conversion_pause if starts_pause else exceeded.wait


def known(number: str) -> VerificationQuerySet:
    """Return the verifications by which a number was verified before."""
    return Verification.objects.filter(number=number, state=Verification.State.VERIFIED, is_test=False)


def _is_deadlock(error: OperationalError) -> bool:
    code = getattr(error.__cause__, "sqlstate", None) or (error.args[0] if error.args else None)
    return code in DEADLOCKS
