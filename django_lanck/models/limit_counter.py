from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from operator import attrgetter

from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .limit import ExceededLimit, Limit
from .limit_statements import (
    IN_FORCE,
    WINDOW_ENDED,
    consume_statement,
    either,
    in_key_order,
    insert_statement,
    named_identities,
    named_keys,
    refund_statement,
)
from .time import DatabaseNow, seconds_from_now


class LimitCounterQuerySet(models.QuerySet["LimitCounter"]):
    """Counts limits in the database, with one statement for all limits of an attempt."""

    def ensure(self, limits: Iterable[Limit]) -> None:
        """Insert the missing rows, in the order of their keys, so that two transactions do not wait for each other."""
        ordered = sorted(limits, key=attrgetter("key"))
        if ordered:
            insert_statement(self.model, self.db, len(ordered)).execute(self.db, named_identities(ordered))

    def consume(self, limits: Sequence[Limit]) -> int:
        """Count one event for each limit that has room, and return how many had room.

        The caller runs it in a transaction and rolls back unless all limits had room.
        """
        if not limits:
            return 0
        shapes = tuple((limit.most, limit.seconds, limit.waits, limit.percent) for limit in limits)
        return consume_statement(self.model, self.db, shapes).execute(self.db, named_keys(limits))

    def consume_one(self, limit: Limit) -> bool:
        """Count one event for one limit and return whether it had room. Creates the row."""
        self.ensure([limit])
        with transaction.atomic(using=self.db):
            return self.consume([limit]) == 1

    def once(self, rule: str, key: str, seconds: int) -> bool:
        """Return True for one caller in a window of so many seconds, and False for all others."""
        return self.consume_one(Limit(rule=rule, key=key, most=1, seconds=seconds))

    def refund(self, limits: Sequence[Limit], *, converted: Sequence[Limit] = ()) -> None:
        """Subtract one event from each of ``limits``, and count a conversion for each of ``converted``."""
        both = [*limits, *converted]
        if both:
            waiting = tuple(i for i, limit in enumerate(limits) if limit.waits)
            statement = refund_statement(self.model, self.db, len(limits), len(converted), waiting)
            with transaction.atomic(using=self.db):
                statement.execute(self.db, named_keys(both))

    def lift(self, keys: Collection[str]) -> int:
        """End the windows that have counted something, and return their number.

        One UPDATE. No row is deleted: another transaction may be about to count in it.
        """
        rows = in_key_order(self.filter(IN_FORCE, key__in=keys, used__gt=0))
        return rows.update(used=0, converted=0, refused=0, not_before=DatabaseNow(), ends_at=DatabaseNow())

    def exceeded(self, limits: Sequence[Limit]) -> list[ExceededLimit]:
        """Return the limits that have no room now."""
        rows = self.filter(key__in=[limit.key for limit in limits]).annotate(now=DatabaseNow())  # type: ignore[no-redef]
        found = {row.key: row for row in rows}
        waits = [(limit, row, row.seconds_to_wait(limit)) for limit in limits if (row := found.get(limit.key))]
        return [ExceededLimit(_enforced(limit, row), wait, row.refused > 0) for limit, row, wait in waits if wait > 0]

    def count_refusal(self, exceeded: ExceededLimit, pause: int | None = None) -> bool:
        """Count that a limit refused a request. Returns True for the first refusal in the window, which starts a pause.

        ``pause`` is in seconds, None for a limit that starts none.
        """
        row = self.filter(key=exceeded.limit.key)
        ends = {} if pause is None else {"ends_at": seconds_from_now(pause)}
        if not exceeded.has_refused and row.filter(refused=0).update(refused=1, **ends):
            return True
        row.update(refused=F("refused") + 1)
        return False

    def pause(self, limit: Limit, seconds: float) -> None:
        """Refuse all events of a limit for so many seconds; then its window ends.

        Events that are already counted stay counted, so that refunding them does not end the pause.
        """
        self.ensure([limit])
        self.filter(key=limit.key).update(
            not_before=seconds_from_now(seconds),
            converted=either(WINDOW_ENDED, 0, F("converted")),
            refused=either(WINDOW_ENDED | Q(refused=0), 1, F("refused")),  # so that no refusal starts another pause
            used=either(WINDOW_ENDED, 0, F("used")),
            ends_at=seconds_from_now(seconds),
        )

    def resume(self, key: str) -> bool:
        """End the window and any pause of a counter, and return whether there was one."""
        return bool(self.filter(IN_FORCE, key=key).update(not_before=DatabaseNow(), ends_at=DatabaseNow()))


def _enforced(limit: Limit, row: LimitCounter) -> Limit:
    """Return the limit, not watched if it is paused by hand: such a pause refuses even where its rule is watched."""
    return replace(limit, watched=False) if limit.percent is not None and row.is_paused_by_hand else limit


class LimitCounter(models.Model):
    """The number of events of one limit in its current window.

    ``key`` is a keyed hash of the limit and of what it counts, so that it contains no number or address. A window
    begins with its first event and ends at ``ends_at``; the next event begins another one. Events before
    ``not_before`` are refused.
    """

    key = models.CharField(max_length=32, primary_key=True)
    rule = models.CharField(_("rule"), max_length=40)
    label = models.CharField(_("of"), max_length=20, blank=True, help_text=_("A country or a prefix, never a number."))
    used = models.PositiveIntegerField(_("used"), default=0)
    converted = models.PositiveIntegerField(_("verified"), default=0)
    refused = models.PositiveIntegerField(_("refused"), default=0)
    not_before = models.DateTimeField(_("not before"), db_default=DatabaseNow())
    ends_at = models.DateTimeField(_("window ends"), db_default=DatabaseNow())

    objects = LimitCounterQuerySet.as_manager()

    # The database's time at the read; only rows annotated with it have it.
    now: datetime

    class Meta:
        verbose_name = _("limit counter")
        verbose_name_plural = _("limit counters")
        indexes = [
            models.Index(fields=["ends_at"], name="lanck_limit_ends"),
            models.Index(fields=["rule"], name="lanck_limit_rule"),
        ]
        permissions = [("lift_limit", _("Can lift limits")), ("pause_prefix", _("Can pause prefixes"))]

    def __str__(self) -> str:
        return " ".join(filter(None, [self.rule, self.label]))

    @property
    def is_paused_by_hand(self) -> bool:
        """Whether a limit with a percentage is paused by hand. For such a limit nothing else sets ``not_before``."""
        return self.not_before > self.now

    def seconds_to_wait(self, limit: Limit) -> float:
        """Return the seconds until there is room, 0 if there is. The Python equivalent of :attr:`Limit.room`."""
        converts = limit.percent is not None and self.converted * 100 >= self.used * limit.percent
        until = self.not_before if self.used < limit.most or converts else max(self.ends_at, self.not_before)
        return max((until - self.now).total_seconds(), 0)
