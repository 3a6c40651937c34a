"""While LANCK is down, most calls are not made: each would hold a worker until its time-out."""

from __future__ import annotations

import contextlib
import math
import secrets
import threading
from collections.abc import Iterator
from time import monotonic
from typing import Final

from ..exceptions import APIError, NotSent, OutcomeUnknown

FIRST_PAUSE: Final = 4.0
LONGEST_PAUSE: Final = 20.0
_random = secrets.SystemRandom()


class Breaker:
    """A circuit breaker around the requests of one client. For the threads of one process.

    It opens after ``failures`` requests in a row without an answer; 0 never opens it. Then requests raise NotSent at
    once, until a pause is over and one goes through as a probe: an answer closes the breaker, none doubles the pause.
    LANCK's refusals are answers. A probe that ends otherwise, or not within ``longest`` seconds, makes room for the
    next one.
    """

    def __init__(self, failures: int, longest: float) -> None:
        self._limit, self._longest = failures, longest
        self._lock = threading.Lock()
        self._close()

    def _close(self) -> None:
        self._failures = 0
        self._pause = 0.0  # while it is closed
        self._pause_ends = self._probe_ends = -math.inf
        self._probe: object = None

    @contextlib.contextmanager
    def around_request(self, *, is_patient: bool = True) -> Iterator[None]:
        """Around one request. Raises NotSent instead of making it while the breaker is open.

        That one who is not patient went without an answer says nothing about LANCK.
        """
        ticket = self._admit()
        try:
            yield
        except (NotSent, OutcomeUnknown):
            if is_patient:
                self._failed(ticket)
            else:
                self._died(ticket)
            raise
        except APIError:
            self._answered()
            raise
        except BaseException:
            self._died(ticket)
            raise
        self._answered()

    def _admit(self) -> object:
        """A ticket for one request; the breaker remembers that of the probe."""
        ticket = object()
        with self._lock:
            if self._pause:
                now = monotonic()
                if now < self._pause_ends:
                    raise _not_asked(self._pause_ends - now)
                if self._probe is not None and now < self._probe_ends:
                    raise _not_asked(self._pause)
                self._probe, self._probe_ends = ticket, now + self._longest
        return ticket

    def _answered(self) -> None:
        with self._lock:
            self._close()

    def _failed(self, ticket: object) -> None:
        with self._lock:
            self._failures += 1
            if self._probe is ticket:
                self._open(min(self._pause * 2, LONGEST_PAUSE))
            elif not self._pause and 0 < self._limit <= self._failures:
                self._open(FIRST_PAUSE)

    def _open(self, pause: float) -> None:
        self._probe, self._pause = None, pause
        # With jitter, so that many processes do not probe in step.
        self._pause_ends = monotonic() + pause * _random.uniform(0.8, 1.2)

    def _died(self, ticket: object) -> None:
        with self._lock:
            if self._probe is ticket:
                self._probe = None


def _not_asked(seconds: float) -> NotSent:
    return NotSent("LANCK was not asked: it did not answer several times in a row", retry_after=math.ceil(seconds))
