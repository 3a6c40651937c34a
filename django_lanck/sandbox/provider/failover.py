"""``/messaging/failover``: messages by one channel after the other until one gets through."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from ..api import fields
from ..api.calls import Answer, Call
from ..api.errors import INVALID_REQUEST, APIError
from ..api.fields import Field
from ..conf import conf
from ..models import SandboxRequest
from . import ledger, magic, messaging, phones, receipts, scheduler
from .delivery import FINAL, REJECTED, Delivery
from .phones import Content
from .scheduler import Later

MAX_WAIT: Final = 86_400
TYPE: Final = re.compile(r"[a-z][a-z0-9_-]{0,15}")
MAX_SENDER: Final = 20
READ: Final = "read"

FAILOVER: Final = {
    "wait": Field(fields.whole_number(1, MAX_WAIT), required=True),
    "condition": Field(fields.one_of("delivered", READ), required=True),
}


@dataclass(frozen=True, slots=True)
class Link:
    """One step of a chain. ``wait`` (LANCK's seconds) and ``condition`` say when the next one is tried."""

    content: Content
    wait: int = 0
    condition: str = ""


# Reading


def flow(name: str, value: Any) -> tuple[Link, ...]:
    """The steps, each named by its place when something is wrong with it."""
    if not isinstance(value, list) or not value:
        raise APIError(INVALID_REQUEST, f"{name} must be a list with at least one step")
    last = len(value) - 1
    return tuple(_link(f"{name}[{place}]", step, last=place == last) for place, step in enumerate(value))


def _link(name: str, step: Any, *, last: bool) -> Link:
    if last and isinstance(step, dict) and "failover" in step:
        raise APIError(INVALID_REQUEST, f"{name}.failover: nothing comes after the last step")
    own = {"type": Field(_type, required=True), "message": Field(_object, required=True)}
    if not last:
        own["failover"] = Field(_object, required=True)
    values = fields.clean(own, _object(name, step), within=f"{name}.")
    failover = {} if last else fields.clean(FAILOVER, values["failover"], within=f"{name}.failover.")
    return Link(_content(f"{name}.message", values["type"], values["message"]), **failover)


def _type(name: str, value: Any) -> str:
    if not isinstance(value, str) or not TYPE.fullmatch(value):
        raise APIError(INVALID_REQUEST, f"{name} must be a channel, such as push, viber or sms")
    return value


def _object(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        raise APIError(INVALID_REQUEST, f"{name} must be an object, and not an empty one")
    return value


def _content(name: str, channel: str, message: Mapping[str, Any]) -> Content:
    if channel in messaging.CHANNELS:
        return messaging.content(channel, fields.clean(messaging.CHANNELS[channel], message, within=f"{name}."))
    # LANCK's page names other channels, and none of their parameters.
    sender, text = message.get("from"), message.get("text")
    return Content(
        channel=channel,
        sender=sender[:MAX_SENDER] if isinstance(sender, str) and sender else phones.SENDER,
        text=text if isinstance(text, str) else json.dumps(message, ensure_ascii=False),
    )


# Carrying out


def start(call: Call) -> Answer:
    """``POST /messaging/failover``."""
    chain: tuple[Link, ...] = call.values["flow"]
    delivery = magic.meaning_of(call.values["number"]).delivery
    with transaction.atomic():
        request = ledger.enter(call, "messaging.failover", "failover", sender=chain[0].content.sender)
        scheduler.schedule_after_commit(_beginning(request, delivery, chain))
    return {"requestId": request.request_id}


def _beginning(request: SandboxRequest, delivery: Delivery, chain: tuple[Link, ...]) -> list[Later]:
    """What is reported before anything is tried, and the first try. What is rejected is not tried."""
    if delivery.steps[0].status == REJECTED:
        return scheduler.spaced(receipts.events_of(request, delivery), pause=conf.receipt_delay)
    steps = itertools.takewhile(lambda step: step.status not in FINAL, delivery.steps)
    opening = receipts.reports(request, delivery, steps)
    first = Try(request, delivery, chain, reported=len(opening))
    return [
        *scheduler.spaced(opening, pause=conf.receipt_delay),
        Later(len(opening) * conf.receipt_delay, first),
    ]


@dataclass(frozen=True, slots=True)
class Try:
    """The next message of a chain goes to the phone. ``reported`` steps of the delivery are behind us."""

    request: SandboxRequest
    delivery: Delivery
    chain: tuple[Link, ...]
    reported: int
    arrived: bool = False

    @property
    def subject(self) -> str:
        return self.request.request_id

    def perform(self) -> list[Later]:
        """Show the message if the phone can be reached; then the next step in time, or the end."""
        link, *rest = self.chain
        with transaction.atomic():
            if not SandboxRequest.objects.filter(pk=self.request.pk).update(updated_at=timezone.now()):
                return []
            arrives = self.delivery.reaches(link.content.channel)
            if arrives:
                phones.show(self.request, link.content)
        enough = arrives and (link.condition != READ or self.delivery.reads)
        following = replace(self, chain=tuple(rest), arrived=self.arrived or arrives)
        if rest and not enough:
            return [Later(link.wait * conf.wait_scale, following)]
        return following._ending()

    def _ending(self) -> list[Later]:
        steps = self.delivery.course(self.request.channel, arrives=self.arrived)[self.reported :]
        return scheduler.spaced(receipts.reports(self.request, self.delivery, steps), pause=conf.receipt_delay)
