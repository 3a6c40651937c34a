"""Whether a transaction is open: LANCK is never called inside one."""

from __future__ import annotations

from django.db import transaction


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
