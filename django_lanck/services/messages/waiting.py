"""Wait for the final status of a message."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from ...exceptions import LanckError
from ...models import Message
from ..provider.errors import log_failure
from ..transactions import refuse_transaction
from .refresh import refresh_message

FIRST_PAUSE: Final = 1.0
MAX_PAUSE: Final = 10.0


def wait_for_status(*, message: Message, seconds: float, progress: Callable[[Message], None] | None = None) -> bool:
    """Wait until a message has a final status; return False if it has none after that many seconds.

    The message is refreshed at growing intervals, and ``progress`` is called with it each time. Errors of a refresh are
    logged and do not end the wait. Not for views: it blocks the thread. Must not be called inside a transaction.
    """
    refuse_transaction()
    ends, pause = time.monotonic() + seconds, FIRST_PAUSE
    message.refresh_from_db()
    while not message.is_final and (left := ends - time.monotonic()) > 0:
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, MAX_PAUSE)
        message.refresh_from_db()  # a receipt may have been faster
        if not message.is_final:
            _refresh(message)
        if progress:
            progress(message)
    return message.is_final


def _refresh(message: Message) -> None:
    try:
        refresh_message(message=message)
    except LanckError as error:
        log_failure(f"Message {message.pk}: it was not refreshed", error)
