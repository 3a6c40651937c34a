"""SMS that people send to the number which the account rents, posted to the site until it takes them."""

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
from .callbacks import Answer
from .delivery import Payload
from .scheduler import Later

# LANCK's seconds between the tries. It goes on for 24 hours; here, five tries have to do.
PAUSES: Final = (10, 30, 120, 600)
MAX_PARTS: Final = 255  # the parts of one SMS are counted in a byte
NO_ADDRESS: Final = "not posted: INBOUND_URL is not set"


def send(sender: str, text: str) -> SandboxInbound:
    """Text the rented number from a phone (E.164). Raises ValueError for what no phone can send."""
    if not E164.fullmatch(sender):
        raise ValueError("The sender has to be a phone number in E.164 format.")
    if not text.strip():
        raise ValueError("There is nothing to send yet. Write a text first.")
    if "\0" in text:
        raise ValueError("This text has an invisible character (NUL) that no phone can send. Type it again.")
    parts = segments(text)
    if parts > MAX_PARTS:
        raise ValueError(f"The text has to fit into {MAX_PARTS} SMS.")
    with transaction.atomic():
        inbound = SandboxInbound.objects.create(sender=sender, recipient=conf.rented_number, text=text, parts=parts)
        post = Post(inbound.pk, inbound.message_id, _payload(inbound))
        scheduler.schedule_after_commit([Later(0, post)])
    return inbound


def _payload(inbound: SandboxInbound) -> Payload:
    """The body as LANCK's page shows it: numbers without plus, the time in seconds."""
    return {
        "from": inbound.sender.removeprefix("+"),
        "to": inbound.recipient.removeprefix("+"),
        "messageId": inbound.message_id,
        "text": inbound.text,
        "timestamp": int(inbound.created_at.timestamp()),
        "parts": inbound.parts,
    }


@dataclass(frozen=True, slots=True)
class Post:
    """An inbound SMS goes to the site."""

    inbound_pk: int
    subject: str
    payload: Payload
    tries: int = 1

    def perform(self) -> list[Later]:
        row = SandboxInbound.objects.filter(pk=self.inbound_pk)
        if not row.exists():
            return []
        answer = callbacks.post(conf.inbound_url, self.payload) if conf.inbound_url else Answer(None, NO_ADDRESS)
        now = timezone.now()
        with transaction.atomic():
            # Locks the row first, so that it cannot go before the attempt is kept.
            if not row.update(updated_at=now):
                return []
            SandboxInboundPost.objects.create(
                inbound_id=self.inbound_pk, http_status=answer.http_status, problem=answer.problem, created_at=now
            )
        if answer.taken or answer.problem in (NO_ADDRESS, callbacks.NOT_ALLOWED) or self.tries > len(PAUSES):
            return []
        pause = PAUSES[self.tries - 1] * conf.wait_scale
        return [Later(pause, replace(self, tries=self.tries + 1))]
