"""The account's rate limit, counted in the database so that it holds across threads and processes."""

from __future__ import annotations

from time import time

from django.db.models import F

from ..conf import conf
from ..models import SandboxSecond
from .errors import TOO_MANY_REQUESTS, APIError

KEPT_SECONDS = 60


def spend_one() -> None:
    """Count one request in the current second, or raise error 4 when the second is full."""
    second = int(time())
    if _counted(second):
        return
    _, first = SandboxSecond.objects.get_or_create(second=second)
    if first:
        SandboxSecond.objects.filter(second__lt=second - KEPT_SECONDS).delete()
    # Tried again whoever made the row: another request may have made it after the first try.
    if not _counted(second):
        raise APIError(TOO_MANY_REQUESTS)


def _counted(second: int) -> bool:
    free = SandboxSecond.objects.filter(second=second, requests__lt=conf.requests_per_second)
    return free.update(requests=F("requests") + 1) == 1
