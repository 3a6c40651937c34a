"""Asking LANCK, with nothing of the database held meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import connections

T = TypeVar("T")


def ask(call: Callable[[], T]) -> T:
    """Make one call to LANCK. A slow LANCK must not use up the database's connections, so they are let go before.

    Persistent connections (``CONN_MAX_AGE``) are kept: such a site has one for each of its threads anyway. SQLite
    has none to run out of.
    """
    for connection in connections.all(initialized_only=True):
        lasting = connection.vendor == "sqlite" or connection.settings_dict["CONN_MAX_AGE"] != 0
        if not (lasting or connection.in_atomic_block) and connection.get_autocommit():
            connection.close()
    return call()
