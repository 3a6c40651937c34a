from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now
from django.db.models.sql.compiler import SQLCompiler


class DatabaseNow(Now):
    """The database's clock, in UTC on every backend.

    Every time of this app is written by it and compared with it, so that workers whose clocks differ agree.
    Django's own ``Now`` is the session's local time on MySQL and MariaDB.
    """

    def as_mysql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> tuple[str, Any]:
        return Func.as_sql(self, compiler, connection, template="UTC_TIMESTAMP(6)", **extra)


def seconds_from_now(seconds: float) -> CombinedExpression:
    return DatabaseNow() + timedelta(seconds=seconds)
