"""The requests that the provider took: accepting, finding, describing them, and noting their goals."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction

from ..api.calls import Answer, Call
from ..api.errors import NOT_FOUND, APIError
from ..models import SandboxGoal, SandboxRequest
from ..networks import Network, network_of
from . import magic, phones, receipts
from .delivery import SENT
from .phones import Content

# What one request costs by channel, in the account's currency. Made up, but for the push, which is free.
RATES: Final = {
    "sms": 0.045, "voice": 0.06, "call": 0.02, "push": 0.0, "viber": 0.025, "rcs": 0.03,
    "flash": 0.02, "p2s": 0.06, "t2s": 0.06, "hlr": 0.005,
}  # fmt: skip
OTHER_RATE: Final = 0.03


def accept(call: Call, product: str, content: Content) -> SandboxRequest:
    """Take a request for one message, let it reach the phone and have its delivery take its course."""
    delivery = magic.meaning_of(call.values["number"]).delivery
    with transaction.atomic():
        request = enter(call, product, content.channel, sender=content.sender)
        if delivery.reaches(content.channel):
            phones.show(request, content)
        receipts.schedule_after_commit(request, delivery)
    return request


def enter(
    call: Call, product: str, channel: str, *, sender: str = "", status: str = SENT, network: Network | None = None
) -> SandboxRequest:
    """A row for a request, on the network that the number's prefix tells, unless another is known."""
    number = call.values["number"]
    network = network or network_of(number)
    return SandboxRequest.objects.create(
        product=product,
        channel=channel,
        number=number,
        sender=sender,
        status=status,
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
    return identity(request) | {
        "payload": request.payload,
        "rate": _rate(request),
        "sender": request.sender,
        "goals": list(request.goals.order_by("pk").values_list("name", flat=True)),
    }


def identity(request: SandboxRequest) -> Answer:
    """What every description of a request begins with."""
    return {
        "id": request.request_id,
        "product": request.product,
        "number": request.number,
        "mccmnc": request.mccmnc,
        "network": request.network,
        "country": request.country,
        "status": request.status,
        "createdAt": milliseconds(request.created_at),
    }


def _rate(request: SandboxRequest) -> float:
    """A failover chain costs what those of its messages cost that arrived."""
    arrived = request.messages.values_list("channel", flat=True)
    channels = arrived if request.channel == "failover" else [request.channel]
    return round(sum((RATES.get(channel, OTHER_RATE) for channel in channels), 0.0), 3)


def note_goal(call: Call) -> Answer:
    """``POST /requests/{id}``."""
    SandboxGoal.objects.create(request=find(call.request_id), name=call.values["goal"])
    return {}


def milliseconds(time: Any) -> int | None:
    return int(time.timestamp() * 1000) if time else None
