"""Waiting for what becomes of a message, for someone who has nothing else to do meanwhile."""

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
LONGEST_PAUSE: Final = 10.0


def wait_for_status(*, message: Message, seconds: float, progress: Callable[[Message], None] | None = None) -> bool:
    """Wait until a message has a final status; False when it has none after so many seconds.

    LANCK is asked less and less often; ``progress`` is told after each time. What goes wrong with asking is logged and
    waited through: the message is on its way. Not for views: it holds the thread. Must not be called inside a
    transaction.
    """
    refuse_transaction()
    ends, pause = time.monotonic() + seconds, FIRST_PAUSE
    message.refresh_from_db()
    while not message.is_final and (left := ends - time.monotonic()) > 0:
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE)
        message.refresh_from_db()  # a receipt may have been faster
        if not message.is_final:
            _ask_about(message)
        if progress:
            progress(message)
    return message.is_final


def _ask_about(message: Message) -> None:
    try:
        refresh_message(message=message)
    except LanckError as error:
        log_failure(f"Message {message.pk}: its status was not learnt", error)
