"""The requests that the provider took: accepting, finding, describing them, and noting their goals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction

from . import magic, receipts
from .calls import Answer, Call
from .delivery import SENT
from .errors import NOT_FOUND, APIError
from .models import SandboxGoal, SandboxMessage, SandboxRequest
from .networks import network_of

# What one message costs, in the account's currency. Made up.
RATES: Final = {"sms": 0.045, "voice": 0.06, "call": 0.02}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One thing to deliver: what the phone will show if it arrives."""

    product: str
    channel: str
    sender: str
    text: str = ""
    code: str = ""


def accept(call: Call, outgoing: Outgoing) -> SandboxRequest:
    """Take a request, let it reach the phone and have its delivery take its course."""
    number = call.values["number"]
    delivery = magic.meaning_of(number).delivery
    with transaction.atomic():
        request = _open(call, outgoing, number)
        if delivery.arrives:
            SandboxMessage.objects.create(
                request=request,
                number=number,
                channel=outgoing.channel,
                sender=outgoing.sender,
                text=outgoing.text,
                code=outgoing.code,
                created_at=request.created_at,
            )
        transaction.on_commit(lambda: receipts.schedule(request, delivery))
    return request


def _open(call: Call, outgoing: Outgoing, number: str) -> SandboxRequest:
    network = network_of(number)
    return SandboxRequest.objects.create(
        product=outgoing.product,
        channel=outgoing.channel,
        number=number,
        sender=outgoing.sender,
        status=SENT,
        mccmnc=network.mccmnc,
        network=network.name,
        country=network.country,
        payload=dict(call.source),
        callback_url=call.values["callbackUrl"],
    )


def find(request_id: str) -> SandboxRequest:
    """The request with exactly this id, or error 20."""
    request = SandboxRequest.objects.filter(request_id=request_id).first()
    # MariaDB compares without regard to case and trailing spaces.
    if request is None or request.request_id != request_id:
        raise APIError(NOT_FOUND)
    return request


def describe(call: Call) -> Answer:
    """``GET /requests/{id}``."""
    request = find(call.request_id)
    return {
        "id": request.request_id,
        "product": request.product,
        "number": request.number,
        "mccmnc": request.mccmnc,
        "network": request.network,
        "country": request.country,
        "status": request.status,
        "createdAt": milliseconds(request.created_at),
        "payload": request.payload,
        "rate": RATES.get(request.channel, 0.0),
        "sender": request.sender,
        "goals": list(request.goals.order_by("pk").values_list("name", flat=True)),
    }


def note_goal(call: Call) -> Answer:
    """``POST /requests/{id}``."""
    SandboxGoal.objects.create(request=find(call.request_id), name=call.values["goal"])
    return {}


def milliseconds(time: Any) -> int | None:
    return int(time.timestamp() * 1000) if time else None
