"""A circuit breaker: while LANCK is down, most calls fail at once instead of occupying a worker until a time-out."""

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
    """A circuit breaker around the requests of one client, shared by the threads of one process.

    It opens after ``failures`` requests in a row without an answer; 0 never opens it. While it is open, requests raise
    NotSent at once. After a pause one request goes through as a probe: an answer closes the breaker, no answer doubles
    the pause. An error answer of LANCK's is an answer. If a probe ends in any other way, or takes longer than
    ``longest`` seconds, another request becomes the probe.
    """

    def __init__(self, failures: int, longest: float) -> None:
        self._limit, self._longest = failures, longest
        self._lock = threading.Lock()
        self._close()

    def _close(self) -> None:
        self._failures = 0
        self._pause = 0.0  # 0 while the breaker is closed
        self._pause_ends = self._probe_ends = -math.inf
        self._probe: object = None

    @contextlib.contextmanager
    def around_request(self, *, counts: bool = True) -> Iterator[None]:
        """Wrap one request. Raises NotSent without making it while the breaker is open.

        ``counts`` is False for a request with a short time-out of its own, whose failure says nothing about LANCK.
        """
        ticket = self._admit()
        try:
            yield
        except (NotSent, OutcomeUnknown):
            if counts:
                self._count_failure(ticket)
            else:
                self._abandon(ticket)
            raise
        except APIError:
            self._count_answer()
            raise
        except BaseException:
            self._abandon(ticket)
            raise
        self._count_answer()

    def _admit(self) -> object:
        """Return a ticket that identifies one request. The breaker remembers the ticket of the probe."""
        ticket = object()
        with self._lock:
            if self._pause:
                now = monotonic()
                if now < self._pause_ends:
                    raise _blocked(self._pause_ends - now)
                if self._probe is not None and now < self._probe_ends:
                    raise _blocked(self._pause)
                self._probe, self._probe_ends = ticket, now + self._longest
        return ticket

    def _count_answer(self) -> None:
        with self._lock:
            self._close()

    def _count_failure(self, ticket: object) -> None:
        with self._lock:
            self._failures += 1
            if self._probe is ticket:
                self._open(min(self._pause * 2, LONGEST_PAUSE))
            elif not self._pause and 0 < self._limit <= self._failures:
                self._open(FIRST_PAUSE)

    def _open(self, pause: float) -> None:
        self._probe, self._pause = None, pause
        # Jitter keeps the probes of many processes apart.
        self._pause_ends = monotonic() + pause * _random.uniform(0.8, 1.2)

    def _abandon(self, ticket: object) -> None:
        """Let another request be the probe if this one was."""
        with self._lock:
            if self._probe is ticket:
                self._probe = None


def _blocked(seconds: float) -> NotSent:
    return NotSent("LANCK was not called: it did not answer several times in a row", retry_after=math.ceil(seconds))
