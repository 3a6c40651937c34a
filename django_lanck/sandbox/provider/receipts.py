"""The status changes of requests, and the receipts that are posted to their callback URLs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from django.utils import timezone

from ..conf import conf
from ..models import SandboxReceipt, SandboxRequest
from . import callbacks, scheduler
from .channels import channel_of
from .delivery import Delivery, Payload, StatusChange, receipt
from .scheduler import Later, clear, flush, wait

__all__ = ["ReportStatus", "clear", "events_of", "flush", "reports", "schedule_after_commit", "wait"]

MAX_POSTS: Final = 3
RETRY_PAUSE: Final = 0.5


@dataclass(frozen=True, slots=True)
class ReportStatus:
    """An event that changes the status of a request and posts the receipt.

    ``payload`` is the body of the receipt if this is a retry. ``posts`` counts the posts, including this one.
    """

    request: SandboxRequest
    change: StatusChange
    edit: Callable[[Payload], Payload]
    payload: Payload | None = None
    posts: int = 1

    @property
    def subject(self) -> str:
        return self.request.request_id

    def perform(self) -> list[Later]:
        """Change the status and post the receipt. Return the next post if this one was not accepted."""
        now = timezone.now()
        row = SandboxRequest.objects.filter(pk=self.request.pk)
        status = {"status": self.change.status} if self.change.stored and self.posts == 1 else {}
        if not row.update(updated_at=now, **status) or not (self.change.posted and self.request.callback_url):
            return []
        channel = channel_of(self.request.channel)
        payload = self.payload or self.edit(receipt(self.request, channel, self.change.status, now))
        result = callbacks.post(self.request.callback_url, payload)
        SandboxReceipt.objects.create(
            request_id=self.request.pk,
            status=self.change.status,
            payload=payload,
            http_status=result.http_status,
            problem=result.problem,
        )
        row.update(updated_at=timezone.now())
        if result.accepted or result.problem == callbacks.NOT_ALLOWED or self.posts >= MAX_POSTS:
            return []
        return [Later(RETRY_PAUSE, replace(self, payload=payload, posts=self.posts + 1))]


def reports(request: SandboxRequest, delivery: Delivery, changes: Iterable[StatusChange]) -> list[ReportStatus]:
    """Return the events that report these status changes."""
    return [ReportStatus(request, change, delivery.edit) for change in changes]


def events_of(request: SandboxRequest, delivery: Delivery) -> list[ReportStatus]:
    """Return the events of a request for a single message."""
    channel = channel_of(request.channel)
    return reports(request, delivery, delivery.changes_for(channel, arrives=delivery.reaches(channel)))


def schedule_after_commit(request: SandboxRequest, delivery: Delivery) -> None:
    """Schedule the events of a request for a single message once the current transaction is committed."""
    scheduler.schedule_after_commit(scheduler.spaced(events_of(request, delivery), pause=conf.receipt_delay))
