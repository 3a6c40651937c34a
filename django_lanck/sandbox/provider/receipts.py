"""The receipts: what becomes of a request, step by step, and what its callback URL is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from django.utils import timezone

from ..conf import conf
from ..models import SandboxReceipt, SandboxRequest
from . import callbacks, scheduler
from .delivery import Delivery, Payload, Step, receipt
from .scheduler import Later, clear, flush, wait

__all__ = ["Report", "clear", "events_of", "flush", "reports", "schedule_after_commit", "wait"]

TRIES: Final = 3
RETRY_PAUSE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Report:
    """A request comes to a status, and a receipt says so. ``payload`` is what was posted before and not taken."""

    request: SandboxRequest
    step: Step
    dress: Callable[[Payload], Payload]
    payload: Payload | None = None
    tries: int = 1

    @property
    def subject(self) -> str:
        return self.request.request_id

    def perform(self) -> list[Later]:
        """Change the status, post the receipt; what has to be tried again follows."""
        now = timezone.now()
        row = SandboxRequest.objects.filter(pk=self.request.pk)
        changes = {"status": self.step.status} if self.step.recorded and self.tries == 1 else {}
        if not row.update(updated_at=now, **changes) or not (self.step.posted and self.request.callback_url):
            return []
        payload = self.payload or self.dress(receipt(self.request, self.step.status, now))
        answer = callbacks.post(self.request.callback_url, payload)
        SandboxReceipt.objects.create(
            request_id=self.request.pk,
            status=self.step.status,
            payload=payload,
            http_status=answer.http_status,
            problem=answer.problem,
        )
        row.update(updated_at=timezone.now())
        if answer.taken or answer.problem == callbacks.NOT_ALLOWED or self.tries >= TRIES:
            return []
        return [Later(RETRY_PAUSE, replace(self, payload=payload, tries=self.tries + 1))]


def reports(request: SandboxRequest, delivery: Delivery, steps: Iterable[Step]) -> list[Report]:
    """The reports of some steps of a delivery, in that order."""
    return [Report(request, step, delivery.dress) for step in steps]


def events_of(request: SandboxRequest, delivery: Delivery) -> list[Report]:
    """What will happen to a request for one message that was just accepted."""
    return reports(request, delivery, delivery.course(request.channel, arrives=delivery.reaches(request.channel)))


def schedule_after_commit(request: SandboxRequest, delivery: Delivery) -> None:
    """Schedule the status changes and receipts of a request once the current transaction is committed."""
    scheduler.schedule_after_commit(scheduler.spaced(events_of(request, delivery), pause=conf.receipt_delay))
