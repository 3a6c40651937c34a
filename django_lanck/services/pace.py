"""Background work: one runner at a time, at a fixed share of the requests that LANCK allows."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import socket
from collections.abc import Iterator
from time import monotonic, sleep
from typing import Final

from django.db import Error

from ..conf import conf
from ..exceptions import BackgroundTaken
from ..models import Lease
from .transactions import refuse_transaction

logger = logging.getLogger("django_lanck")
LEASE: Final = "background"
LEASE_SECONDS: Final = 60
RENEW_SECONDS: Final = 15
RETRY_SECONDS: Final = 1.0


class Pace:
    """The rate of requests to LANCK. Call ``wait()`` before each request."""

    def __init__(self, holder: str) -> None:
        self._holder = holder
        self._interval = 1 / conf.background_rate
        self._renewed = self._next = monotonic()

    def wait(self) -> None:
        """Wait for the next slot; there are ``BACKGROUND_RATE`` a second.

        The duration of a request counts towards the interval, and unused slots are not made up for. Raises
        BackgroundTaken when another runner has taken the lease, which happens only after a stall of a minute. Must not
        be called inside a transaction.
        """
        refuse_transaction()
        slot = max(self._next, monotonic())
        self._next = slot + self._interval
        while (left := slot - monotonic()) > 0:
            sleep(min(left, RENEW_SECONDS))
            self._renew_lease()
        self._renew_lease()

    def _renew_lease(self) -> None:
        now = monotonic()
        if now - self._renewed >= RENEW_SECONDS:
            if not Lease.objects.renew(LEASE, self._holder, LEASE_SECONDS):
                raise BackgroundTaken
            self._renewed = now


@contextlib.contextmanager
def background(*, wait: float = 0) -> Iterator[Pace]:
    """Hold the lease for background work and return its pace. One runner in all processes holds it at a time.

    Raises BackgroundTaken when another runner still holds it after ``wait`` seconds. The lease of a killed runner
    expires after a minute. Must not be called inside a transaction.
    """
    refuse_transaction()
    holder = f"{socket.gethostname()[:40]} {os.getpid()} {secrets.token_hex(4)}"
    _acquire(holder, wait)
    try:
        yield Pace(holder)
    finally:
        try:
            Lease.objects.release(LEASE, holder)
        except Error as error:  # the lease expires by itself
            logger.warning("The lease of background work was not released: %s", error)


def _acquire(holder: str, wait: float) -> None:
    deadline = monotonic() + wait
    while not Lease.objects.acquire(LEASE, holder, LEASE_SECONDS):
        left = deadline - monotonic()
        if left <= 0:
            raise BackgroundTaken
        sleep(min(left, RETRY_SECONDS))
