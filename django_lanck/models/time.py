from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone


class DatabaseNow(Now):
    """The database's clock, in UTC on every backend.

    Every time of this app is written by it and compared with it, so that workers whose clocks differ agree.
    Django's own ``Now`` is the session's local time on MySQL and MariaDB.
    """

    def as_mysql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> tuple[str, Any]:
        return Func.as_sql(self, compiler, connection, template="UTC_TIMESTAMP(6)", **extra)


class MillisecondsBetween(Func):
    """Whole milliseconds from one time to another, counted by the database. SQLite's own function is a fast one."""

    arity = 2
    output_field = models.FloatField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> tuple[str, Any]:
        template = "ROUND((%(expressions)s) * 86400000.0)"
        # From the later one: the arguments are subtracted in the order in which they are written.
        swapped = self.copy()
        swapped.set_source_expressions(
            [Func(each, function="JULIANDAY") for each in reversed(self.get_source_expressions())]
        )
        return Func.as_sql(swapped, compiler, connection, template=template, arg_joiner=" - ", **extra)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> tuple[str, Any]:
        template = "ROUND(EXTRACT(EPOCH FROM %(expressions)s) * 1000)::double precision"
        swapped = self.copy()
        swapped.set_source_expressions(self.get_source_expressions()[::-1])
        return Func.as_sql(swapped, compiler, connection, template=template, arg_joiner=" - ", **extra)

    def as_mysql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> tuple[str, Any]:
        template = "ROUND(TIMESTAMPDIFF(MICROSECOND, %(expressions)s) / 1000)"
        return Func.as_sql(self, compiler, connection, template=template, **extra)


def seconds_from_now(seconds: float) -> CombinedExpression:
    return DatabaseNow() + timedelta(seconds=seconds)


def site_day(at: datetime | None = None) -> date:
    """The day of a time (default: now) where the site is, whatever time zone somebody looks at it from."""
    return timezone.localdate(at, timezone.get_default_timezone())


def start_of_day(day: date) -> datetime:
    """When a day begins where the site is, in UTC. Days have 23 to 25 hours where clocks are changed."""
    return datetime.combine(day, time.min, timezone.get_default_timezone()).astimezone(UTC)
