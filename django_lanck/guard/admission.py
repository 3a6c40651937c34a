"""Spending what an attempt takes from its limits, in the transaction that keeps its rows."""

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
from ..models.limit import FullLimit, Limit
from .attempt import Attempt
from .limits import check_limits_of, conversion_limits_of, limits_of
from .refusals import note_limits

T = TypeVar("T")

logger = logging.getLogger("django_lanck")
TRIES: Final = 5
# SQLSTATE of PostgreSQL and error numbers of MySQL for a transaction that was undone so that another could go on.
DEADLOCKS: Final = frozenset(["40P01", "40001", 1213, 1205])


@dataclass(frozen=True, slots=True)
class Admission:
    """What an attempt took from its limits."""

    limits: Sequence[Limit] = ()

    def give_back(self, converted: Sequence[Limit] = ()) -> None:
        """It came to nothing that costs or counts: LANCK surely did not carry it out, or a code was right.

        The outcome is known by now and must not be lost, so that a database in trouble is only logged.
        """
        try:
            LimitCounter.objects.give_back(self.limits, converted=converted)
        except DatabaseError:
            logger.exception("What an attempt took from its limits could not be given back")


class _Full(Exception):
    """Not every limit had room."""


def admit(attempt: Attempt, keep: Callable[[], T], *, inside: bool = False) -> tuple[T, Admission]:
    """Spend one of each limit and keep the rows of the attempt, both or neither.

    ``keep`` may be called again after a deadlock. ``inside``: in the caller's transaction. Raises Refusal
    (``too_many_requests`` or ``resend_too_soon``, with the seconds to wait) where a limit is used up, and what ``keep``
    raises, and nothing is spent then.
    """
    limits = limits_of(attempt)
    # A start makes the counters of the checks to come too: a check is one statement then.
    missing = [] if attempt.action == "check" else [*limits, *check_limits_of(attempt)]
    # There an UPDATE may lock more rows than it changes, so that nobody must hold a new one meanwhile. Elsewhere a
    # commit is saved.
    on_mysql = connections[LimitCounter.objects.db].vendor == "mysql"
    for attempts_left in reversed(range(TRIES)):
        try:
            if on_mysql:
                LimitCounter.objects.ensure(missing)
            with transaction.atomic(durable=not inside):
                _spend(limits, [] if on_mysql else missing)
                return keep(), Admission(limits)
        except _Full:
            missing = limits = _without_full(attempt, limits)
        except OperationalError as error:
            if inside or not attempts_left or not _is_deadlock(error):
                raise
    raise Refusal("too_many_requests", retry_after=1)


def _spend(limits: Sequence[Limit], missing: Sequence[Limit]) -> None:
    LimitCounter.objects.ensure(missing)
    if limits and LimitCounter.objects.spend(limits) < len(limits):
        raise _Full


def settle_check(attempt: Attempt, admission: Admission) -> None:
    """A code was right: what its check took is given back, and what was sent came to something."""
    admission.give_back(conversion_limits_of(attempt))


def _without_full(attempt: Attempt, limits: Sequence[Limit]) -> list[Limit]:
    """The limits to try again: without those that have no room and turn nothing down. Raises Refusal for others."""
    full = LimitCounter.objects.full(limits)
    in_the_way = [each for each in full if not each.limit.watched]
    if in_the_way and not (all(each.limit.spares_known for each in in_the_way) and known(attempt.number).exists()):
        note_limits(attempt, in_the_way)
        ladder = all(each.limit.rule == "ladder" for each in in_the_way)
        wait = max(map(_wait, in_the_way))
        raise Refusal("resend_too_soon" if ladder else "too_many_requests", retry_after=math.ceil(wait))
    note_limits(attempt, [each for each in full if each.limit.watched])
    passed = {each.limit.key for each in full}
    return [limit for limit in limits if limit.key not in passed]


def _wait(full: FullLimit) -> float:
    """The seconds until there is room; what does not convert is paused by its first refusal."""
    begins_pause = full.limit.percent is not None and not full.is_known
    return conf.conversion_pause if begins_pause else full.wait


def known(number: str) -> VerificationQuerySet:
    """The verifications by which a number is one that was verified before."""
    return Verification.objects.filter(number=number, state=Verification.State.VERIFIED, is_test=False)


def _is_deadlock(error: OperationalError) -> bool:
    code = getattr(error.__cause__, "sqlstate", None) or (error.args[0] if error.args else None)
    return code in DEADLOCKS
