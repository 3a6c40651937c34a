"""The receipts: one small thread per process does what is due, in the order in which it is due."""

from __future__ import annotations

import heapq
import ipaddress
import itertools
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import requests
from django.db import connections
from django.utils import timezone

from .conf import conf
from .delivery import Delivery, Payload, receipt
from .models import SandboxReceipt, SandboxRequest

logger = logging.getLogger(__name__)

CONTENT_TYPE: Final = "json/application"  # as LANCK's page has it
TIMEOUTS: Final = (2, 5)
TRIES: Final = 3
RETRY_PAUSE: Final = 0.5
IDLE_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens to a request later. It carries all that it needs but the row itself."""

    request_pk: int
    request_id: str
    status: str
    recorded: bool
    url: str
    compose: Callable[[datetime], Payload]
    tries: int = 1


@dataclass(order=True, slots=True)
class _Due:
    at: float
    order: int
    event: Event = field(compare=False)


def events_of(request: SandboxRequest, delivery: Delivery) -> list[Event]:
    """What will happen to a request that was just accepted."""

    def composer(status: str) -> Callable[[datetime], Payload]:
        def compose(now: datetime) -> Payload:
            return delivery.dress(
                receipt(
                    request_id=request.request_id,
                    number=request.number,
                    mccmnc=request.mccmnc,
                    channel=request.channel,
                    status=status,
                    accepted=request.created_at,
                    now=now,
                )
            )

        return compose

    return [
        Event(
            request_pk=request.pk,
            request_id=request.request_id,
            status=step.status,
            recorded=step.recorded,
            url=request.callback_url if step.posted else "",
            compose=composer(step.status),
        )
        for step in delivery.steps_on(request.channel)
    ]


class Postman:
    """A queue of events by time and the thread that works it off, which ends when idle for a while."""

    def __init__(self) -> None:
        self._queue: list[_Due] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._busy: Event | None = None
        self._thread: threading.Thread | None = None

    def schedule(self, events: Iterable[Event], *, pause: float) -> None:
        """Have the events happen one ``pause`` (seconds) after the other."""
        with self._changed:
            now = time.monotonic()
            for position, event in enumerate(events, 1):
                heapq.heappush(self._queue, _Due(now + position * pause, next(self._order), event))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="lanck-sandbox-receipts", daemon=True)
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
        again: list[Event] = []
        try:
            again = perform(event)
        except Exception:
            logger.exception("The sandbox could not carry out the event %s", event.status)
        finally:
            with self._changed:
                self._busy = None
                self._changed.notify_all()
                if again:
                    self.schedule(again, pause=RETRY_PAUSE)


def perform(event: Event) -> list[Event]:
    """Change the status, post the receipt; return what has to be tried again."""
    now = timezone.now()
    row = SandboxRequest.objects.filter(pk=event.request_pk)
    changes = {"status": event.status, "updated_at": now} if event.recorded else {"updated_at": now}
    if not row.update(**changes) or not event.url:
        return []
    payload = event.compose(now)
    http_status, problem = post(event.url, payload)
    SandboxReceipt.objects.create(
        request_id=event.request_pk,
        status=event.status,
        payload=payload,
        http_status=http_status,
        problem=problem,
    )
    row.update(updated_at=timezone.now())
    answered_well = http_status is not None and 200 <= http_status < 300
    if answered_well or problem == NOT_ALLOWED or event.tries >= TRIES:
        return []
    return [replace(event, recorded=False, compose=lambda _: payload, tries=event.tries + 1)]


NOT_ALLOWED: Final = "not posted: the host is neither this machine nor in CALLBACK_HOSTS"


def post(url: str, payload: Payload) -> tuple[int | None, str]:
    """The HTTP status of the answer, or None and the reason."""
    if not may_post_to(url):
        return None, NOT_ALLOWED
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                url,
                data=json.dumps(payload).encode(),
                headers={"Content-Type": CONTENT_TYPE, "User-Agent": "LANCK-sandbox"},
                timeout=TIMEOUTS,
                allow_redirects=False,
                stream=True,  # the body is of no interest
            )
            answer.close()
            return answer.status_code, ""
    except (
        requests.RequestException,
        ValueError,
    ) as problem:  # ValueError: a port or host that urllib3 refuses
        return None, f"no answer: {type(problem).__name__}"


def may_post_to(url: str) -> bool:
    """Only this machine and the hosts of the setting: the sandbox must not reach into anybody's network."""
    host = (urlsplit(url).hostname or "").lower()
    if host == "localhost" or host in {allowed.lower() for allowed in conf.callback_hosts}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_postman = Postman()


def _in_a_fork() -> None:
    global _postman
    _postman = Postman()


os.register_at_fork(after_in_child=_in_a_fork)


def schedule(request: SandboxRequest, delivery: Delivery) -> None:
    """Have the delivery take its course from now on. To be called after the request is committed."""
    _postman.schedule(events_of(request, delivery), pause=conf.receipt_delay)


def flush(timeout: float = 10.0) -> None:
    """For tests: do everything that is due or will be, now and in this thread, retries included."""
    _postman.flush(timeout)


def wait(request_id: str = "", timeout: float = 10.0) -> bool:
    """Wait until nothing is left to happen to a request, or to any without an id. False: it took too long."""
    return _postman.wait(lambda event: bool(request_id) and event.request_id != request_id, timeout)


def clear() -> None:
    """For tests: forget everything that has not happened yet."""
    _postman.clear()
