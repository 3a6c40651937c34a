"""The rate limit of the account, counted in the database so that it applies across threads and processes."""

from __future__ import annotations

from time import time
from typing import Final

from django.db.models import F

from ..conf import conf
from ..models import SandboxSecond
from .errors import TOO_MANY_REQUESTS, APIError

RETENTION_SECONDS: Final = 60


def count_request() -> None:
    """Count a request in the current second, or raise error 4 if the limit is reached."""
    second = int(time())
    if _increment(second):
        return
    _, created = SandboxSecond.objects.get_or_create(second=second)
    if created:
        SandboxSecond.objects.filter(second__lt=second - RETENTION_SECONDS).delete()
    # Retry even if the row existed: a concurrent request may have created it after the first attempt.
    if not _increment(second):
        raise APIError(TOO_MANY_REQUESTS)


def _increment(second: int) -> bool:
    rows = SandboxSecond.objects.filter(second=second, requests__lt=conf.requests_per_second)
    return rows.update(requests=F("requests") + 1) == 1
