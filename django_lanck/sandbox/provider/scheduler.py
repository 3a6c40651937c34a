"""What happens later: one small thread per process does what is due, in the order in which it is due."""

from __future__ import annotations

import heapq
import itertools
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from django.db import connections

logger = logging.getLogger(__name__)

IDLE_SECONDS: Final = 30.0


class Event(Protocol):
    """Something that happens later: a receipt, a step of a failover chain, an inbound SMS on its way to the site."""

    @property
    def subject(self) -> str:
        """The id of the request or message that it happens to."""

    def perform(self) -> Iterable[Later]:
        """Do it, and tell what follows from it."""


class Later(NamedTuple):
    """An event, ``pause`` seconds from now."""

    pause: float
    event: Event


def one_by_one(events: Iterable[Event], *, pause: float) -> list[Later]:
    """The events one ``pause`` after the other."""
    return [Later(position * pause, event) for position, event in enumerate(events, 1)]


@dataclass(order=True, slots=True)
class _Due:
    at: float
    order: int
    event: Event = field(compare=False)


class Postman:
    """A queue of events by time and the thread that works it off, which ends when idle for a while."""

    def __init__(self) -> None:
        self._queue: list[_Due] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._busy: Event | None = None
        self._thread: threading.Thread | None = None

    def schedule(self, events: Iterable[Later]) -> None:
        with self._changed:
            now = time.monotonic()
            for pause, event in events:
                heapq.heappush(self._queue, _Due(now + pause, next(self._order), event))
            if self._thread is None and self._queue:
                self._thread = threading.Thread(target=self._work, name="lanck-sandbox-postman", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def flush(self, timeout: float) -> None:
        """Do everything that is queued now, in the calling thread, whenever it is due."""
        deadline = time.monotonic() + timeout
        while (event := self._take(deadline)) is not None:
            self._perform(event)

    def wait(self, idle: Callable[[Event], bool], timeout: float) -> bool:
        """Wait until no event that is queued or under way fails ``idle``; whether that came to be in time."""
        with self._changed:
            return self._changed.wait_for(lambda: all(map(idle, self._pending())), timeout)

    def clear(self) -> None:
        """Forget what is queued and wait for what is under way."""
        with self._changed:
            self._queue.clear()
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._busy is None)
            self._queue.clear()

    def _pending(self) -> list[Event]:
        return [due.event for due in self._queue] + ([self._busy] if self._busy else [])

    def _take(self, deadline: float) -> Event | None:
        with self._changed:
            free = self._changed.wait_for(lambda: self._busy is None, deadline - time.monotonic())
            if not free:
                raise TimeoutError("An event has been under way for too long.")
            return self._pop() if self._queue else None

    def _pop(self) -> Event:
        self._busy = heapq.heappop(self._queue).event
        return self._busy

    def _next_due(self) -> Event | None:
        """The next event when its time has come; None when there was nothing to do for a while."""
        with self._changed:
            while True:
                if not self._changed.wait_for(lambda: self._queue and self._busy is None, IDLE_SECONDS):
                    if self._queue:
                        continue
                    self._thread = None
                    return None
                wait = self._queue[0].at - time.monotonic()
                if wait <= 0:
                    return self._pop()
                self._changed.wait(wait)

    def _work(self) -> None:
        while (event := self._next_due()) is not None:
            try:
                self._perform(event)
            finally:
                connections.close_all()

    def _perform(self, event: Event) -> None:
        following: list[Later] = []
        try:
            following = list(event.perform())
        except Exception:
            logger.exception("The sandbox could not carry out %s for %s", type(event).__name__, event.subject)
        finally:
            # In one go, so that whoever waits does not see a moment without events between the two.
            with self._changed:
                self._busy = None
                self._changed.notify_all()
                self.schedule(following)


_postman = Postman()


def _in_a_fork() -> None:
    global _postman
    _postman = Postman()


os.register_at_fork(after_in_child=_in_a_fork)


def schedule(events: Iterable[Later]) -> None:
    """Have the events happen. To be called after what they are about is committed."""
    _postman.schedule(events)


def flush(timeout: float = 10.0) -> None:
    """For tests: do everything that is due or will be, now and in this thread, with all that follows from it."""
    _postman.flush(timeout)


def wait(subject: str = "", timeout: float = 10.0) -> bool:
    """Wait until nothing is left to happen to a request or message, or to any. False: it took too long."""
    return _postman.wait(lambda event: bool(subject) and event.subject != subject, timeout)


def clear() -> None:
    """For tests: forget everything that has not happened yet."""
    _postman.clear()
