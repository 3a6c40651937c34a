"""Announce many changes of users' numbers at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db import router, transaction

from ... import signals
from ...models import VerifiedNumber

# Reasons of the signal.
IMPORT: Final = "import"
RENUMBER: Final = "renumber"
TAKEOVER: Final = "takeover"


@dataclass(frozen=True, slots=True)
class NumberChange:
    """A number of a user that became another. Both are E.164, or empty for none."""

    user_id: Any
    old_number: str = field(repr=False)
    new_number: str = field(repr=False)
    reason: str


def is_number_changed_awaited() -> bool:
    """Return whether ``number_changed`` has a receiver. Without one, nothing is read for it."""
    return signals.number_changed.has_listeners(VerifiedNumber)


def announce_changes(changes: Sequence[NumberChange]) -> None:
    """Send ``number_changed`` for each of the changes after the commit."""
    if changes and is_number_changed_awaited():
        transaction.on_commit(partial(_send, changes), robust=True)


def _send(changes: Sequence[NumberChange]) -> None:
    model = get_user_model()
    users = model._default_manager.using(router.db_for_write(model)).in_bulk({change.user_id for change in changes})
    for change in changes:
        if user := users.get(change.user_id):
            signals.number_changed.send_robust(
                VerifiedNumber,
                user=user,
                old_number=change.old_number,
                new_number=change.new_number,
                reason=change.reason,
            )
