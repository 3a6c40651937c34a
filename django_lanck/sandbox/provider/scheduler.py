"""Runs delayed events: receipts, steps of failover chains, inbound SMS. One thread per process runs them when due."""

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

from django.db import connections, transaction

logger = logging.getLogger(__name__)

THREAD_NAME: Final = "lanck-sandbox-scheduler"
IDLE_SECONDS: Final = 30.0


class Event(Protocol):
    """Work to be done later: post a receipt, try a step of a failover chain, post an inbound SMS."""

    @property
    def subject(self) -> str:
        """The id of the request or inbound SMS that the event belongs to."""

    def perform(self) -> Iterable[Later]:
        """Do the work and return the events that follow from it."""


class Later(NamedTuple):
    """An event and the number of seconds until it is due."""

    pause: float
    event: Event


def spaced(events: Iterable[Event], *, pause: float) -> list[Later]:
    """Return the events with due times ``pause`` seconds apart. The first is due in ``pause`` seconds."""
    return [Later(position * pause, event) for position, event in enumerate(events, 1)]


@dataclass(order=True, slots=True)
class _Due:
    """An entry of the queue: an event and the time at which it is due."""

    at: float
    order: int
    event: Event = field(compare=False)


class Scheduler:
    """A queue of events and the thread that performs them. The thread ends when it is idle for ``IDLE_SECONDS``."""

    def __init__(self) -> None:
        self._queue: list[_Due] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._running: Event | None = None
        self._thread: threading.Thread | None = None

    def schedule_after_commit(self, events: Iterable[Later]) -> None:
        """Schedule the events once the current transaction is committed."""
        transaction.on_commit(lambda: self.schedule(events))

    def schedule(self, events: Iterable[Later]) -> None:
        """Add the events to the queue, and start the thread if it does not run."""
        with self._changed:
            now = self._now()
            for pause, event in events:
                heapq.heappush(self._queue, _Due(now + pause, next(self._order), event))
            if self._thread is None and self._queue:
                self._start_thread()
            self._changed.notify_all()

    def flush(self, timeout: float) -> None:
        """Perform all events in the calling thread without waiting until they are due, and those that follow."""
        deadline = time.monotonic() + timeout
        while (event := self._next_at_once(deadline)) is not None:
            self._perform(event)

    def wait(self, ignore: Callable[[Event], bool], timeout: float) -> bool:
        """Wait until no event is queued or running, except those that ``ignore`` matches. Return False on timeout."""
        with self._changed:
            return self._changed.wait_for(lambda: all(map(ignore, self._pending())), timeout)

    def clear(self) -> None:
        """Remove all events, and wait until the running one has ended."""
        with self._changed:
            self._queue.clear()
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._running is None)
            self._queue.clear()  # the running event may have scheduled others

    def _now(self) -> float:
        return time.monotonic()

    def _start_thread(self) -> None:
        self._thread = threading.Thread(target=self._work, name=THREAD_NAME, daemon=True)
        self._thread.start()

    def _pending(self) -> list[Event]:
        return [due.event for due in self._queue] + ([self._running] if self._running else [])

    def _next_at_once(self, deadline: float) -> Event | None:
        """Return the first event of the queue, due or not, when no other is running; None when the queue is empty."""
        with self._changed:
            free = self._changed.wait_for(lambda: self._running is None, deadline - time.monotonic())
            if not free:
                raise TimeoutError("An event of the LANCK sandbox did not end in time.")
            return self._pop() if self._queue else None

    def _pop(self) -> Event:
        self._running = heapq.heappop(self._queue).event
        return self._running

    def _next_due(self) -> Event | None:
        """Wait for the next event to be due and return it. Return None, and end the thread, when idle for too long."""
        with self._changed:
            while True:
                if not self._changed.wait_for(lambda: self._queue and self._running is None, IDLE_SECONDS):
                    if self._queue:
                        continue
                    self._thread = None
                    return None
                wait = self._queue[0].at - self._now()
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
            logger.exception("The LANCK sandbox could not perform %s for %s", type(event).__name__, event.subject)
        finally:
            # Under one lock, so that wait() does not see an empty queue between an event and those that follow it.
            with self._changed:
                self._running = None
                self._changed.notify_all()
                self.schedule(following)


_scheduler = Scheduler()


def _replace_after_fork() -> None:
    """Give a forked process a scheduler of its own: the thread of the parent does not run in it."""
    global _scheduler
    _scheduler = Scheduler()


os.register_at_fork(after_in_child=_replace_after_fork)


def schedule_after_commit(events: Iterable[Later]) -> None:
    """Schedule the events once the current transaction is committed."""
    _scheduler.schedule_after_commit(events)


def flush(timeout: float = 10.0) -> None:
    """For tests: perform all events now, in this thread, and those that follow from them."""
    _scheduler.flush(timeout)


def wait(subject: str = "", timeout: float = 10.0) -> bool:
    """Wait until no event is left for a request or inbound SMS, or for any of them. Return False on timeout."""
    return _scheduler.wait(lambda event: bool(subject) and event.subject != subject, timeout)


def clear() -> None:
    """For tests: remove all events that have not been performed yet."""
    _scheduler.clear()
