"""Detects open transactions: LANCK is never called inside one."""

from __future__ import annotations

from django.db import transaction


def in_transaction() -> bool:
    """Return whether a transaction is open. Without autocommit there always is one.

    The transaction of a TestCase around a test does not count.
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
    """Return whether a send has to wait for a commit.

    Raises TransactionManagementError without autocommit, because Django runs no hooks after such a commit.
    """
    waits = in_transaction()
    if waits and not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("A send cannot wait for a commit while autocommit is off.")
    return waits


def refuse_transaction() -> None:
    """Raise RuntimeError inside a transaction, which would stay open during a call to LANCK."""
    if in_transaction():
        raise RuntimeError("LANCK must not be called inside a transaction, which would stay open until LANCK answers.")
