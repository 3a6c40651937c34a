"""Call LANCK without holding a database connection or transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import connections

from ...exceptions import LanckError
from ..transactions import refuse_transaction
from .alarms import alarm

T = TypeVar("T")


def call_provider(call: Callable[[], T]) -> T:
    """Make one call to LANCK. A slow LANCK must not use up the database's connections, so they are let go before.

    Persistent connections (``CONN_MAX_AGE``) are kept: such a site has one for each of its threads anyway. SQLite
    has none to run out of. Whatever LANCK says about the account raises an alarm.
    """
    refuse_transaction()
    for connection in connections.all(initialized_only=True):
        lasting = connection.vendor == "sqlite" or connection.settings_dict["CONN_MAX_AGE"] != 0
        if not (lasting or connection.in_atomic_block) and connection.get_autocommit():
            connection.close()
    try:
        return call()
    except LanckError as error:
        alarm(error)
        raise
