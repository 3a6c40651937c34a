"""Update the status of a message and announce the change."""

from __future__ import annotations

from typing import Any

from ... import signals
from ...models import Message
from ...models.status import StatusChange
from ..figures.days import mark_changed_days


def update_locked(message: Message, change: StatusChange | None, **fields: Any) -> bool:
    """Write what LANCK reports of a message that is locked; return whether its status moved."""
    moved = False
    if change:
        moved = Message.objects.write_status(change, locked=message, **fields)
    elif fields:
        Message.objects.filter(pk=message.pk).update(**fields)
    if moved or fields:
        mark_changed_days(message.created_at, message.started_at)
    return moved


def announce(message: Message, old_status: str) -> None:
    """Send ``message_status_changed``."""
    signals.message_status_changed.send_robust(
        Message, message=message, old_status=old_status, new_status=message.status
    )
