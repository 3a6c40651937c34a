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
    """The database's current time, in UTC on every backend.

    This app writes all its times with it and compares them with it, so that processes with different clocks agree.
    Django's own ``Now`` is the local time of the session on MySQL and MariaDB.
    """

    def as_mysql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> tuple[str, Any]:
        return Func.as_sql(self, compiler, connection, template="UTC_TIMESTAMP(6)", **extra)


class MillisecondsBetween(Func):
    """The whole milliseconds from one time to another. On SQLite it avoids Django's slow Python function."""

    arity = 2
    output_field = models.FloatField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> tuple[str, Any]:
        template = "ROUND((%(expressions)s) * 86400000.0)"
        # The later time comes first, because the expressions are subtracted in their order.
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
    """Return an expression for the database's time in so many seconds."""
    return DatabaseNow() + timedelta(seconds=seconds)


def site_day(at: datetime | None = None) -> date:
    """Return the date of a time (default: now) in the site's time zone, whatever zone is active."""
    return timezone.localdate(at, timezone.get_default_timezone())


def start_of_day(day: date) -> datetime:
    """Return the start of a day of the site's time zone, in UTC. A day has 23 to 25 hours when clocks change."""
    return datetime.combine(day, time.min, timezone.get_default_timezone()).astimezone(UTC)
