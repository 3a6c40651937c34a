from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, NamedTuple, TypeAlias

from django.db import connections, models, transaction
from django.db.models import Case, F, Q, When
from django.db.models.constants import OnConflict
from django.db.models.expressions import Combinable
from django.db.models.lookups import GreaterThanOrEqual
from django.db.models.sql import InsertQuery, UpdateQuery
from django.utils.translation import gettext_lazy as _

from .time import DatabaseNow, seconds_from_now


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``most`` in ``seconds``, counted under ``key``.

    ``waits`` are the seconds to wait after the first, after the second, and so on. With ``percent``, more are let
    through as long as so many per cent of them came to something. ``rule`` names the limit, ``label`` what is counted,
    where that is no person. One that is ``watched`` turns nothing down, nor does one that ``spares_known`` to a number
    that was verified before.
    """

    rule: str
    key: str
    most: int
    seconds: int
    label: str = ""
    waits: tuple[int, ...] = ()
    percent: int | None = None
    watched: bool = False
    spares_known: bool = False

    @property
    def room(self) -> Q:
        """The rows of it that have room for one more in the window that is running."""
        room = Q(used__lt=self.most)
        if self.percent is not None:
            # Multiplied, not divided: some databases would drop the rest.
            room |= Q(GreaterThanOrEqual(F("converted") * 100, F("used") * self.percent))
        return Q(key=self.key) & room


class FullLimit(NamedTuple):
    """A limit without room: the seconds until it has some, and whether it turned something down before."""

    limit: Limit
    wait: float
    is_known: bool


_OVER: Final = Q(ends_at__lte=DatabaseNow())


def _held(limit: Limit, row: LimitCounter) -> Limit:
    """The limit as it stands: one that was paused by hand holds, also where its rule only watches."""
    return replace(limit, watched=False) if limit.percent is not None and row.is_paused_by_hand else limit


def _count(condition: Q, then: object, otherwise: object) -> Case:
    return Case(When(condition, then=then), default=otherwise, output_field=models.PositiveIntegerField())


class LimitCounterQuerySet(models.QuerySet["LimitCounter"]):
    """Counting is done by the database, in one statement for all limits that one attempt has to keep."""

    def ensure(self, limits: Iterable[Limit]) -> None:
        """Make the rows that are missing. Sorted, so that two who make the same ones do not wait for each other."""
        ordered = sorted(limits, key=attrgetter("key"))
        if ordered:
            values = {f"?{i}{name}": getattr(limit, name) for i, limit in enumerate(ordered) for name in _IDENTITY}
            _ensure_statement(self.db, len(ordered)).execute(self.db, values)

    def spend(self, limits: Sequence[Limit]) -> int:
        """Count one more for each limit that has room for it, inside a transaction.

        Returns how many limits had room: undo it unless that is all.
        """
        if not limits:
            return 0
        shape = tuple((limit.most, limit.seconds, limit.waits, limit.percent) for limit in limits)
        return _spend_statement(self.db, shape).execute(self.db, _keys(limits))

    def take(self, limit: Limit) -> bool:
        """Count one more for one limit, if it has room. A transaction that is rolled back gives it back."""
        self.ensure([limit])
        with transaction.atomic(using=self.db):
            return self.spend([limit]) == 1

    def once(self, rule: str, key: str, seconds: int) -> bool:
        """Use a window of so many seconds for the one thing that may happen in it; True for the one who may do it."""
        return self.take(Limit(rule=rule, key=key, most=1, seconds=seconds))

    def give_back(self, limits: Sequence[Limit], *, converted: Sequence[Limit] = ()) -> None:
        """Undo what was spent on ``limits``, and note for ``converted`` that what was sent came to something."""
        both = [*limits, *converted]
        if both:
            waiting = tuple(i for i, limit in enumerate(limits) if limit.waits)
            with transaction.atomic(using=self.db):
                _give_back_statement(self.db, len(limits), len(converted), waiting).execute(self.db, _keys(both))

    def lift(self, keys: Collection[str]) -> int:
        """End the windows that count something: what is used next begins new ones. Returns how many those were.

        One UPDATE, and no row goes: somebody may be about to count on it.
        """
        in_force = Q(ends_at__gt=DatabaseNow()) | Q(not_before__gt=DatabaseNow())
        rows = self.filter(in_force, key__in=keys, used__gt=0)._in_order()
        return rows.update(used=0, converted=0, refused=0, not_before=DatabaseNow(), ends_at=DatabaseNow())

    def full(self, limits: Sequence[Limit]) -> list[FullLimit]:
        """The limits that have no room now."""
        rows = self.filter(key__in=[limit.key for limit in limits]).annotate(now=DatabaseNow())  # type: ignore[no-redef]
        found = {row.key: row for row in rows}
        waits = [(limit, row, row.seconds_to_wait(limit)) for limit in limits if (row := found.get(limit.key))]
        return [FullLimit(_held(limit, row), wait, row.refused > 0) for limit, row, wait in waits if wait > 0]

    def refuse(self, full: FullLimit, pause: int | None = None) -> bool:
        """Note that a limit turned something down; True for the first in this window, which may start a pause."""
        row = self.filter(key=full.limit.key)
        ends = {} if pause is None else {"ends_at": seconds_from_now(pause)}
        if not full.is_known and row.filter(refused=0).update(refused=1, **ends):
            return True
        row.update(refused=F("refused") + 1)
        return False

    def pause(self, limit: Limit, seconds: float) -> None:
        """Let nothing through under a limit for so many seconds, whatever was counted; then its window is over.

        What is taken from it already keeps its place in the count: giving it back does not end the pause.
        """
        self.ensure([limit])
        self.filter(key=limit.key).update(
            not_before=seconds_from_now(seconds),
            converted=_count(_OVER, 0, F("converted")),
            refused=_count(_OVER | Q(refused=0), 1, F("refused")),  # so that no refusal begins another pause
            used=_count(_OVER, 0, F("used")),
            ends_at=seconds_from_now(seconds),
        )

    def resume(self, key: str) -> bool:
        """End the window of a counter and any pause, so that it counts anew; True where one was running."""
        in_force = Q(ends_at__gt=DatabaseNow()) | Q(not_before__gt=DatabaseNow())
        return bool(self.filter(in_force, key=key).update(not_before=DatabaseNow(), ends_at=DatabaseNow()))

    def _in_order(self) -> LimitCounterQuerySet:
        """The same rows, locked one after the other by their key, so that two who want the same do not deadlock."""
        if connections[self.db].vendor == "postgresql":
            locked = self.order_by("key").select_for_update().values("key")
            return self.model._default_manager.using(self.db).filter(key__in=locked)
        return self.order_by("key")


class _Statement(NamedTuple):
    """SQL that was compiled once: to do it for each attempt anew takes longer than the database does.

    Among its parameters are names, which begin with ``?``, for the values that each attempt brings.
    """

    sql: str
    params: tuple[object, ...]

    def execute(self, using: str, values: Mapping[str, str]) -> int:
        """Returns the number of rows that it changed."""
        params: list[Any] = [values.get(param, param) if isinstance(param, str) else param for param in self.params]
        with connections[using].cursor() as cursor:
            cursor.execute(self.sql, params)
            return int(cursor.rowcount)


# most, seconds, waits and percent of a limit
_Shape: TypeAlias = tuple[int, int, tuple[int, ...], int | None]
_IDENTITY: Final = ("key", "rule", "label")


def _keys(limits: Iterable[Limit]) -> dict[str, str]:
    return {f"?{i}": limit.key for i, limit in enumerate(limits)}


@lru_cache(maxsize=64)
def _ensure_statement(using: str, count: int) -> _Statement:
    """On MySQL an INSERT that is ignored locks the row it found so that nobody can change it, and two of them then wait
    for each other's; an upsert locks it for itself."""
    upsert = connections[using].vendor == "mysql"
    fields = LimitCounter._meta.local_concrete_fields
    query = InsertQuery(
        LimitCounter,
        on_conflict=OnConflict.UPDATE if upsert else OnConflict.IGNORE,
        update_fields=[LimitCounter._meta.get_field("rule")] if upsert else [],
        unique_fields=[],
    )
    query.insert_values(fields, [_named(i) for i in range(count)])
    [(sql, params)] = query.get_compiler(using).as_sql()
    return _Statement(sql, tuple(params))


def _named(i: int) -> LimitCounter:
    return LimitCounter(**{name: f"?{i}{name}" for name in _IDENTITY})


@lru_cache(maxsize=256)
def _spend_statement(using: str, shape: tuple[_Shape, ...]) -> _Statement:
    limits = [
        Limit(rule="", key=f"?{i}", most=most, seconds=seconds, waits=waits, percent=percent)
        for i, (most, seconds, waits, percent) in enumerate(shape)
    ]
    rooms = Q()
    for limit in limits:
        rooms |= limit.room
    # A wait may be longer than the window that it began in.
    has_room = Q(not_before__lte=DatabaseNow()) & (_OVER | rooms)
    rows = LimitCounter.objects.using(using).filter(has_room, key__in=[limit.key for limit in limits])
    # MySQL sets one column after the other, and what is read then is what was just set: the end comes last.
    return _update(
        rows,
        not_before=_next_time(limits),
        converted=_count(_OVER, 0, F("converted")),
        refused=_count(_OVER, 0, F("refused")),
        used=_count(_OVER, 1, F("used") + 1),
        ends_at=_end(limits),
    )


@lru_cache(maxsize=64)
def _give_back_statement(using: str, backs: int, gains: int, waiting: tuple[int, ...]) -> _Statement:
    """``waiting``: which of those given back have waits. Only such a wait is undone, and never a pause."""
    keys = [f"?{i}" for i in range(backs + gains)]
    back, gained = Q(key__in=keys[:backs]), Q(key__in=keys[backs:])
    waited = When(key__in=[keys[i] for i in waiting], then=DatabaseNow())
    in_force = Q(ends_at__gt=DatabaseNow()) | Q(not_before__gt=DatabaseNow())
    rows = LimitCounter.objects.using(using).filter(in_force, key__in=keys, used__gt=0)
    return _update(
        rows,
        not_before=Case(waited, default=F("not_before")) if waiting else F("not_before"),
        converted=_count(gained, F("converted") + 1, F("converted")),
        used=_count(back, F("used") - 1, F("used")),
    )


def _update(rows: LimitCounterQuerySet, **values: Combinable) -> _Statement:
    query: UpdateQuery = rows._in_order().query.chain(UpdateQuery)  # type: ignore[assignment]
    query.add_update_values(values)
    sql, params = query.get_compiler(rows.db).as_sql()
    return _Statement(sql, tuple(params))


def _next_time(limits: Iterable[Limit]) -> Combinable:
    """Before when nothing more is let through; only limits with waits say."""
    whens = []
    for limit in limits:
        if limit.waits:
            whens.append(When(_OVER, key=limit.key, then=seconds_from_now(limit.waits[0])))
        for used, wait in enumerate(limit.waits[1:], 1):
            whens.append(When(key=limit.key, used=used, then=seconds_from_now(wait)))
    return Case(*whens, default=F("not_before")) if whens else F("not_before")


def _end(limits: Iterable[Limit]) -> Case:
    """A window that is over begins anew."""
    keys: dict[int, list[str]] = {}
    for limit in limits:
        keys.setdefault(limit.seconds, []).append(limit.key)
    return Case(
        *(When(_OVER, key__in=keys[seconds], then=seconds_from_now(seconds)) for seconds in keys),
        default=F("ends_at"),
    )


class LimitCounter(models.Model):
    """How often something happened in the window of time that is running for it.

    ``key`` is a keyed hash of the limit and of what it counts, so that no number or address is in it. A window begins
    with the first use and ends at ``ends_at``; what is used after that begins the next one. Before ``not_before``
    nothing more is let through.
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

    # The database's clock, where the row was read together with it.
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
        """Of what has to convert: whether somebody paused it. Nothing else makes it wait."""
        return self.not_before > self.now

    def seconds_to_wait(self, limit: Limit) -> float:
        """How long until there is room; 0 where there is. The same as :attr:`Limit.room`, of a row that was read."""
        converts = limit.percent is not None and self.converted * 100 >= self.used * limit.percent
        until = self.not_before if self.used < limit.most or converts else max(self.ends_at, self.not_before)
        return max((until - self.now).total_seconds(), 0)
