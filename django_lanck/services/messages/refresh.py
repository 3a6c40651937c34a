"""Refresh several messages while a person waits."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final

from django.db.models import QuerySet

from ...exceptions import LanckError, RequestNotFound
from ...models import Message
from .receipts import refresh_message

MAX_MESSAGES: Final = 50
MAX_SECONDS: Final = 20


@dataclass(slots=True)
class Refreshed:
    """The result of refreshing messages.

    ``refreshed`` counts the calls, ``changed`` the messages with a new status, ``without_id`` the messages that LANCK
    cannot be called about. ``not_found`` are messages that LANCK does not know. If calling stopped early, ``error``
    is the error or ``timed_out`` is true.
    """

    refreshed: int = 0
    changed: int = 0
    without_id: int = 0
    not_found: list[Message] = field(default_factory=list)
    error: LanckError | None = None
    timed_out: bool = False


def refresh_messages(*, messages: QuerySet[Message]) -> Refreshed:
    """Refresh the first 50 messages for at most 20 seconds; stop at the first error but an unknown request.

    Must not be called inside a transaction.
    """
    done = Refreshed()
    ends = time.monotonic() + MAX_SECONDS
    for message in messages.exclude(request_id=None)[:MAX_MESSAGES]:
        if time.monotonic() > ends:
            done.timed_out = True
            break
        done.refreshed += 1
        try:
            done.changed += refresh_message(message=message)
        except RequestNotFound:
            done.not_found.append(message)
        except LanckError as error:
            done.error = error
            break
    done.without_id = messages.filter(request_id=None).count()
    return done
