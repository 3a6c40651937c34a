"""Work that nobody waits for: one runner at a time, and a fixed share of the requests that LANCK takes."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import socket
from collections.abc import Iterator
from time import monotonic, sleep
from typing import Final

from django.db import Error as DatabaseTrouble

from ..conf import conf
from ..exceptions import BackgroundTaken
from ..models import Lease
from .transactions import refuse_transaction

logger = logging.getLogger("django_lanck")
NAME: Final = "background"
LEASE_SECONDS: Final = 60
RENEW_SECONDS: Final = 15
LOOK_AGAIN_SECONDS: Final = 1.0


class Pace:
    """When the next request may go. ``wait()`` goes before each one."""

    def __init__(self, holder: str) -> None:
        self._holder = holder
        self._interval = 1 / conf.background_rate
        self._renewed = self._next = monotonic()

    def wait(self) -> None:
        """Wait for the turn of one request, ``BACKGROUND_RATE`` a second.

        What a request takes is part of its turn, and turns that were not used are lost. Raises BackgroundTaken when
        another runner took this one's place, which happens only to one that stood still for a minute. Must not be
        called inside a transaction.
        """
        refuse_transaction()
        turn = max(self._next, monotonic())
        self._next = turn + self._interval
        while (left := turn - monotonic()) > 0:
            sleep(min(left, RENEW_SECONDS))
            self._hold_on()
        self._hold_on()

    def _hold_on(self) -> None:
        now = monotonic()
        if now - self._renewed >= RENEW_SECONDS:
            if not Lease.objects.renew(NAME, self._holder, LEASE_SECONDS):
                raise BackgroundTaken
            self._renewed = now


@contextlib.contextmanager
def background(*, wait: float = 0) -> Iterator[Pace]:
    """The right to do background work, and the pace for it. One runner has it at a time, over all processes.

    Raises BackgroundTaken when another runner has it, after ``wait`` seconds. A runner that was killed has it for a
    minute more. Must not be called inside a transaction.
    """
    refuse_transaction()
    holder = f"{socket.gethostname()[:40]} {os.getpid()} {secrets.token_hex(4)}"
    _take(holder, wait)
    try:
        yield Pace(holder)
    finally:
        try:
            Lease.objects.release(NAME, holder)
        except DatabaseTrouble as trouble:  # perhaps what ended the work; the lease ends by itself
            logger.warning("The lease of background work was not given back: %s", trouble)


def _take(holder: str, wait: float) -> None:
    ends = monotonic() + wait
    while not Lease.objects.acquire(NAME, holder, LEASE_SECONDS):
        left = ends - monotonic()
        if left <= 0:
            raise BackgroundTaken
        sleep(min(left, LOOK_AGAIN_SECONDS))
