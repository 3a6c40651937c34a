"""Call LANCK without holding a database connection or transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import connections

from ...exceptions import LanckError
from ..transactions import refuse_transaction
from .alarms import raise_alarm

T = TypeVar("T")


def call_provider(call: Callable[[], T]) -> T:
    """Make one call to LANCK, with the database connections closed, so that a slow LANCK does not use them up.

    Persistent connections (``CONN_MAX_AGE``) stay open: such a site has one for each thread anyway. So do those of
    SQLite, which are not limited. An error of the LANCK account raises an alarm.
    """
    refuse_transaction()
    for connection in connections.all(initialized_only=True):
        persistent = connection.vendor == "sqlite" or connection.settings_dict["CONN_MAX_AGE"] != 0
        if not (persistent or connection.in_atomic_block) and connection.get_autocommit():
            connection.close()
    try:
        return call()
    except LanckError as error:
        raise_alarm(error)
        raise
