"""SMS from phones to the rented number of the account, posted to the site until it accepts them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from django.db import transaction
from django.utils import timezone

from ..api.fields import E164
from ..conf import conf
from ..models import SandboxInbound, SandboxInboundPost
from ..segments import segments
from . import callbacks, scheduler
from .callbacks import PostResult
from .delivery import Payload
from .scheduler import Later

# LANCK's seconds between the posts. LANCK retries for 24 hours, the sandbox posts five times.
PAUSES: Final = (10, 30, 120, 600)
MAX_PARTS: Final = 255  # the header of an SMS has one byte for the number of parts
NO_URL: Final = "not posted: INBOUND_URL is not set"


def send(sender: str, text: str) -> SandboxInbound:
    """Send an SMS from a phone (E.164) to the rented number. Raise ValueError for an invalid sender or text."""
    if not E164.fullmatch(sender):
        raise ValueError("The sender must be a phone number in E.164 format.")
    if not text.strip():
        raise ValueError("The text is empty. Type a text first.")
    if "\0" in text:
        raise ValueError("The text has an invisible character (NUL) that phones cannot send. Type it again.")
    parts = segments(text)
    if parts > MAX_PARTS:
        raise ValueError(f"The text is longer than {MAX_PARTS} SMS. Shorten it.")
    with transaction.atomic():
        inbound = SandboxInbound.objects.create(sender=sender, recipient=conf.rented_number, text=text, parts=parts)
        post = PostSMS(inbound.pk, inbound.message_id, _payload(inbound))
        scheduler.schedule_after_commit([Later(0, post)])
    return inbound


def _payload(inbound: SandboxInbound) -> Payload:
    """Return the body as LANCK documents it: numbers without plus, the time in seconds."""
    return {
        "from": inbound.sender.removeprefix("+"),
        "to": inbound.recipient.removeprefix("+"),
        "messageId": inbound.message_id,
        "text": inbound.text,
        "timestamp": int(inbound.created_at.timestamp()),
        "parts": inbound.parts,
    }


@dataclass(frozen=True, slots=True)
class PostSMS:
    """An event that posts an inbound SMS to the site. ``posts`` counts the posts, including this one."""

    inbound_pk: int
    subject: str
    payload: Payload
    posts: int = 1

    def perform(self) -> list[Later]:
        """Post the SMS. Return the next post if this one was not accepted."""
        row = SandboxInbound.objects.filter(pk=self.inbound_pk)
        if not row.exists():
            return []
        result = callbacks.post(conf.inbound_url, self.payload) if conf.inbound_url else PostResult(None, NO_URL)
        now = timezone.now()
        with transaction.atomic():
            # The update locks the row, so that it cannot be deleted before the post is stored.
            if not row.update(updated_at=now):
                return []
            SandboxInboundPost.objects.create(
                inbound_id=self.inbound_pk, http_status=result.http_status, problem=result.problem, created_at=now
            )
        if result.accepted or result.problem in (NO_URL, callbacks.NOT_ALLOWED) or self.posts > len(PAUSES):
            return []
        pause = PAUSES[self.posts - 1] * conf.wait_scale
        return [Later(pause, replace(self, posts=self.posts + 1))]
