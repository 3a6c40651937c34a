"""The statements that count limits, compiled once: Django takes longer to compile one than the database to run it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

from django.db import connections
from django.db.models import Case, F, Model, PositiveIntegerField, Q, QuerySet, When
from django.db.models.constants import OnConflict
from django.db.models.expressions import Combinable
from django.db.models.sql import InsertQuery, UpdateQuery

from .limit import Limit
from .time import DatabaseNow, seconds_from_now

# most, seconds, waits and percent of a limit
Shape: TypeAlias = tuple[int, int, tuple[int, ...], int | None]
IDENTITY: Final = ("key", "rule", "label")
WINDOW_ENDED: Final = Q(ends_at__lte=DatabaseNow())
IN_FORCE: Final = Q(ends_at__gt=DatabaseNow()) | Q(not_before__gt=DatabaseNow())


class Statement(NamedTuple):
    """Compiled SQL. Parameters that begin with ``?`` are names of values that each execution provides."""

    sql: str
    params: tuple[object, ...]

    def execute(self, using: str, values: Mapping[str, str]) -> int:
        """Execute the statement and return the number of changed rows."""
        params: list[Any] = [values.get(param, param) if isinstance(param, str) else param for param in self.params]
        with connections[using].cursor() as cursor:
            cursor.execute(self.sql, params)
            return int(cursor.rowcount)


def named_keys(limits: Iterable[Limit]) -> dict[str, str]:
    """Return the values of a statement whose named parameters are the keys of limits."""
    return {f"?{i}": limit.key for i, limit in enumerate(limits)}


def named_identities(limits: Iterable[Limit]) -> dict[str, str]:
    """Return the values of :func:`insert_statement` for limits."""
    return {f"?{i}{name}": getattr(limit, name) for i, limit in enumerate(limits) for name in IDENTITY}


def either(condition: Q, then: object, otherwise: object) -> Case:
    """Return an expression for a count that depends on a condition."""
    return Case(When(condition, then=then), default=otherwise, output_field=PositiveIntegerField())


def in_key_order(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return rows that an UPDATE locks in the order of their keys, so that two UPDATEs cannot deadlock."""
    if connections[rows.db].vendor == "postgresql":
        locked = rows.order_by("key").select_for_update().values("key")
        unlocked: QuerySet[Any] = rows.model._default_manager.using(rows.db).filter(key__in=locked)
        return unlocked
    return rows.order_by("key")


@lru_cache(maxsize=64)
def insert_statement(model: type[Model], using: str, count: int) -> Statement:
    """Return a statement that inserts the rows of so many limits and ignores rows that exist.

    On MySQL an ignored INSERT takes a shared lock on the row that exists, and two transactions with shared locks
    deadlock at their UPDATEs. An upsert takes an exclusive lock.
    """
    is_mysql = connections[using].vendor == "mysql"
    query = InsertQuery(
        model,
        on_conflict=OnConflict.UPDATE if is_mysql else OnConflict.IGNORE,
        update_fields=[model._meta.get_field("rule")] if is_mysql else [],
        unique_fields=[],
    )
    rows = [model(**{name: f"?{i}{name}" for name in IDENTITY}) for i in range(count)]
    query.insert_values(model._meta.local_concrete_fields, rows)
    [(sql, params)] = query.get_compiler(using).as_sql()
    return Statement(sql, tuple(params))


@lru_cache(maxsize=256)
def consume_statement(model: type[Model], using: str, shapes: tuple[Shape, ...]) -> Statement:
    """Return a statement that counts one event for each limit that has room."""
    limits = [
        Limit(rule="", key=f"?{i}", most=most, seconds=seconds, waits=waits, percent=percent)
        for i, (most, seconds, waits, percent) in enumerate(shapes)
    ]
    rooms = Q()
    for limit in limits:
        rooms |= limit.room
    # A wait may outlast the window that it began in.
    has_room = Q(not_before__lte=DatabaseNow()) & (WINDOW_ENDED | rooms)
    rows = model._default_manager.using(using).filter(has_room, key__in=[limit.key for limit in limits])
    # MySQL assigns the columns one after the other and reads the new values: ends_at comes last.
    return _update(
        rows,
        not_before=_next_allowed(limits),
        converted=either(WINDOW_ENDED, 0, F("converted")),
        refused=either(WINDOW_ENDED, 0, F("refused")),
        used=either(WINDOW_ENDED, 1, F("used") + 1),
        ends_at=_window_end(limits),
    )


@lru_cache(maxsize=64)
def refund_statement(
    model: type[Model], using: str, refunds: int, conversions: int, waiting: tuple[int, ...]
) -> Statement:
    """Return a statement that subtracts one event from the first ``refunds`` keys and counts a conversion for the rest.

    ``waiting`` are the positions of refunded limits with waits. Their wait ends; a pause does not.
    """
    keys = [f"?{i}" for i in range(refunds + conversions)]
    is_refunded, is_converted = Q(key__in=keys[:refunds]), Q(key__in=keys[refunds:])
    waited = When(key__in=[keys[i] for i in waiting], then=DatabaseNow())
    return _update(
        model._default_manager.using(using).filter(IN_FORCE, key__in=keys, used__gt=0),
        not_before=Case(waited, default=F("not_before")) if waiting else F("not_before"),
        converted=either(is_converted, F("converted") + 1, F("converted")),
        used=either(is_refunded, F("used") - 1, F("used")),
    )


def _update(rows: QuerySet[Any], **values: Combinable) -> Statement:
    query: UpdateQuery = in_key_order(rows).query.chain(UpdateQuery)  # type: ignore[assignment]
    query.add_update_values(values)
    sql, params = query.get_compiler(rows.db).as_sql()
    return Statement(sql, tuple(params))


def _next_allowed(limits: Iterable[Limit]) -> Combinable:
    """Return an expression for the time of the next allowed event; only limits with waits change it."""
    whens = []
    for limit in limits:
        if limit.waits:
            whens.append(When(WINDOW_ENDED, key=limit.key, then=seconds_from_now(limit.waits[0])))
        for used, wait in enumerate(limit.waits[1:], 1):
            whens.append(When(key=limit.key, used=used, then=seconds_from_now(wait)))
    return Case(*whens, default=F("not_before")) if whens else F("not_before")


def _window_end(limits: Iterable[Limit]) -> Case:
    """Return an expression for the end of the window; a window that has ended begins again."""
    keys: dict[int, list[str]] = {}
    for limit in limits:
        keys.setdefault(limit.seconds, []).append(limit.key)
    return Case(
        *(When(WINDOW_ENDED, key__in=keys[seconds], then=seconds_from_now(seconds)) for seconds in keys),
        default=F("ends_at"),
    )
