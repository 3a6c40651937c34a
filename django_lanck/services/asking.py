"""Asking LANCK, with nothing of the database held meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import connections, transaction

from ..exceptions import LanckError
from .alarms import alarm

T = TypeVar("T")


def in_transaction() -> bool:
    """Whether somebody's transaction is open; the one that a TestCase wraps around a test does not count.

    Without autocommit there is always one.
    """
    connection = transaction.get_connection()
    if not connection.in_atomic_block:
        return connection.connection is not None and not connection.get_autocommit()
    try:
        with transaction.atomic(durable=True):
            return False
    except RuntimeError:
        return True


def waits_for_commit() -> bool:
    """Whether a send has to wait. Raises TransactionManagementError without autocommit: nobody tells of that commit."""
    waits = in_transaction()
    if waits and not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("A send cannot wait for a commit while autocommit is off.")
    return waits


def refuse_transaction() -> None:
    """Raise RuntimeError inside a transaction: it would be held while LANCK is asked."""
    if in_transaction():
        raise RuntimeError("LANCK must not be asked inside a transaction: it would stay open until LANCK answers.")


def ask(call: Callable[[], T]) -> T:
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
