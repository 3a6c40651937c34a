"""``/messaging/failover``: tries the channels of a chain in order until one delivers the message."""

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
from ..api.errors import INVALID_REQUEST, APIError
from ..api.fields import Field
from ..api.parameters import Parameters, ResponseBody
from ..conf import conf
from ..models import SandboxRequest
from . import content, magic, receipts, records, scheduler
from .channels import FAILOVER, channel_of
from .content import SENDER, Channel, Content
from .delivery import FINAL, REJECTED, Delivery
from .scheduler import Later

MAX_WAIT: Final = 86_400
TYPE: Final = re.compile(r"[a-z][a-z0-9_-]{0,15}")
MAX_SENDER: Final = 20
READ: Final = "read"

FAILOVER_FIELDS: Final = {
    "wait": Field(fields.integer(1, MAX_WAIT), required=True),
    "condition": Field(fields.one_of("delivered", READ), required=True),
}


@dataclass(frozen=True, slots=True)
class ChainStep:
    """A step of a chain. The next one follows after ``wait`` (LANCK's seconds) unless ``condition`` is met."""

    channel: Channel
    message: Content
    wait: int = 0
    condition: str = ""


# Validation


def flow(name: str, value: Any) -> tuple[ChainStep, ...]:
    """Validate the steps of a chain. Errors name the position of the step."""
    if not isinstance(value, list) or not value:
        raise APIError(INVALID_REQUEST, f"{name} must be a list with at least one step")
    last = len(value) - 1
    return tuple(_step(f"{name}[{index}]", step, last=index == last) for index, step in enumerate(value))


def _step(name: str, step: Any, *, last: bool) -> ChainStep:
    if last and isinstance(step, dict) and "failover" in step:
        raise APIError(INVALID_REQUEST, f"{name}.failover: the last step must not have one")
    step_fields = {"type": Field(_type, required=True), "message": Field(_object, required=True)}
    if not last:
        step_fields["failover"] = Field(_object, required=True)
    values = fields.validate(step_fields, _object(name, step), prefix=f"{name}.")
    failover = {} if last else fields.validate(FAILOVER_FIELDS, values["failover"], prefix=f"{name}.failover.")
    channel = channel_of(values["type"])
    return ChainStep(channel, _content(f"{name}.message", channel, values["message"]), **failover)


def _type(name: str, value: Any) -> str:
    if not isinstance(value, str) or not TYPE.fullmatch(value):
        raise APIError(INVALID_REQUEST, f"{name} must be a channel, such as push, viber or sms")
    return value


def _object(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        raise APIError(INVALID_REQUEST, f"{name} must be an object that is not empty")
    return value


def _content(name: str, channel: Channel, message: Mapping[str, Any]) -> Content:
    if channel.in_failover and channel.content:
        return channel.content(fields.validate(channel.fields, message, prefix=f"{name}."))
    # LANCK's documentation names other channels without their parameters.
    sender, text = message.get("from"), message.get("text")
    return Content(
        sender=sender[:MAX_SENDER] if isinstance(sender, str) and sender else SENDER,
        text=text if isinstance(text, str) else json.dumps(message, ensure_ascii=False),
    )


# Delivery


def start(parameters: Parameters) -> ResponseBody:
    """Handle ``POST /messaging/failover``."""
    steps: tuple[ChainStep, ...] = parameters["flow"]
    delivery = magic.effect_of(parameters["number"]).delivery
    with transaction.atomic():
        request = records.create(parameters, "messaging.failover", FAILOVER, sender=steps[0].message.sender)
        scheduler.schedule_after_commit(_first_events(request, delivery, steps))
    return {"requestId": request.request_id}


def _first_events(request: SandboxRequest, delivery: Delivery, steps: tuple[ChainStep, ...]) -> list[Later]:
    """Return the reports that come before a final status, and the first step. A rejected chain has no steps."""
    if delivery.changes[0].status == REJECTED:
        return scheduler.spaced(receipts.events_of(request, delivery), pause=conf.receipt_delay)
    changes = itertools.takewhile(lambda change: change.status not in FINAL, delivery.changes)
    reports = receipts.reports(request, delivery, changes)
    first = DeliverStep(request, delivery, steps, reported=len(reports))
    return [
        *scheduler.spaced(reports, pause=conf.receipt_delay),
        Later(len(reports) * conf.receipt_delay, first),
    ]


@dataclass(frozen=True, slots=True)
class DeliverStep:
    """An event that delivers the first of the remaining steps of a chain.

    ``reported`` is the number of status changes that are already reported, ``arrived`` whether a step has arrived.
    """

    request: SandboxRequest
    delivery: Delivery
    steps: tuple[ChainStep, ...]
    reported: int
    arrived: bool = False

    @property
    def subject(self) -> str:
        return self.request.request_id

    def perform(self) -> list[Later]:
        """Deliver the message if the channel reaches the phone. Return the next step or the final reports."""
        step, *rest = self.steps
        with transaction.atomic():
            if not SandboxRequest.objects.filter(pk=self.request.pk).update(updated_at=timezone.now()):
                return []
            arrives = self.delivery.reaches(step.channel)
            if arrives:
                content.show(self.request, step.channel, step.message)
        condition_met = arrives and (step.condition != READ or self.delivery.reads)
        following = replace(self, steps=tuple(rest), arrived=self.arrived or arrives)
        if rest and not condition_met:
            return [Later(step.wait * conf.wait_scale, following)]
        return following._final_reports()

    def _final_reports(self) -> list[Later]:
        changes = self.delivery.changes_for(FAILOVER, arrives=self.arrived)[self.reported :]
        return scheduler.spaced(receipts.reports(self.request, self.delivery, changes), pause=conf.receipt_delay)
