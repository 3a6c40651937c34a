"""The receipts: what becomes of a request, step by step, and what its callback URL is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from django.utils import timezone

from . import callbacks, postman
from .conf import conf
from .delivery import Delivery, Payload, Step, receipt
from .models import SandboxReceipt, SandboxRequest
from .postman import Later, clear, flush, wait

__all__ = ["Report", "clear", "events_of", "flush", "reports", "schedule", "wait"]

TRIES: Final = 3
RETRY_PAUSE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Report:
    """A request comes to a status, and a receipt says so. It carries all that it needs but the row itself."""

    request_pk: int
    subject: str
    status: str
    recorded: bool
    url: str
    compose: Callable[[datetime], Payload]
    tries: int = 1

    def perform(self) -> list[Later]:
        """Change the status, post the receipt; what has to be tried again follows."""
        now = timezone.now()
        row = SandboxRequest.objects.filter(pk=self.request_pk)
        changes = {"status": self.status, "updated_at": now} if self.recorded else {"updated_at": now}
        if not row.update(**changes) or not self.url:
            return []
        payload = self.compose(now)
        answer = callbacks.post(self.url, payload)
        SandboxReceipt.objects.create(
            request_id=self.request_pk,
            status=self.status,
            payload=payload,
            http_status=answer.http_status,
            problem=answer.problem,
        )
        row.update(updated_at=timezone.now())
        if answer.taken or answer.problem == callbacks.NOT_ALLOWED or self.tries >= TRIES:
            return []
        again = replace(self, recorded=False, compose=lambda _: payload, tries=self.tries + 1)
        return [Later(RETRY_PAUSE, again)]


def reports(request: SandboxRequest, delivery: Delivery, steps: Iterable[Step]) -> list[Report]:
    """The reports of some steps of a delivery, in that order."""

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
        Report(
            request_pk=request.pk,
            subject=request.request_id,
            status=step.status,
            recorded=step.recorded,
            url=request.callback_url if step.posted else "",
            compose=composer(step.status),
        )
        for step in steps
    ]


def events_of(request: SandboxRequest, delivery: Delivery) -> list[Report]:
    """What will happen to a request for one message that was just accepted."""
    return reports(request, delivery, delivery.course(request.channel, arrives=delivery.reaches(request.channel)))


def schedule(request: SandboxRequest, delivery: Delivery) -> None:
    """Have the delivery take its course from now on. To be called after the request is committed."""
    postman.schedule(postman.one_by_one(events_of(request, delivery), pause=conf.receipt_delay))
