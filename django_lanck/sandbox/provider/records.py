"""The stored requests: creates, finds and describes them, and adds goals."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from ..api.errors import NOT_FOUND, APIError
from ..api.parameters import Parameters, ResponseBody
from ..models import SandboxGoal, SandboxRequest
from ..networks import Network, network_of
from . import content, magic, receipts
from .channels import FAILOVER, channel_of
from .content import Channel, Content
from .delivery import SENT


def send(parameters: Parameters, product: str, channel: Channel, message: Content) -> SandboxRequest:
    """Accept a request for one message: deliver it to the phone, and schedule its status changes and receipts."""
    delivery = magic.effect_of(parameters["number"]).delivery
    with transaction.atomic():
        request = create(parameters, product, channel, sender=message.sender)
        if delivery.reaches(channel):
            content.show(request, channel, message)
        receipts.schedule_after_commit(request, delivery)
    return request


def create(
    parameters: Parameters,
    product: str,
    channel: Channel,
    *,
    sender: str = "",
    status: str = SENT,
    network: Network | None = None,
) -> SandboxRequest:
    """Store a request. The network is that of the number's prefix unless another one is given."""
    number = parameters["number"]
    network = network or network_of(number)
    return SandboxRequest.objects.create(
        product=product,
        channel=channel.name,
        number=number,
        sender=sender,
        status=status,
        mccmnc=network.mccmnc,
        network=network.name,
        country=network.country,
        payload=dict(parameters.raw),
        callback_url=parameters["callbackUrl"],
    )


def find(request_id: str) -> SandboxRequest:
    """Return the request with this id, or raise error 20."""
    request = SandboxRequest.objects.filter(request_id=request_id).first()
    # MariaDB ignores case and trailing spaces in comparisons.
    if request is None or request.request_id != request_id:
        raise APIError(NOT_FOUND)
    return request


def describe(parameters: Parameters) -> ResponseBody:
    """Handle ``GET /requests/{id}``."""
    request = find(parameters.request_id)
    return identity(request) | {
        "payload": request.payload,
        "rate": _rate(request),
        "sender": request.sender,
        "goals": list(request.goals.order_by("pk").values_list("name", flat=True)),
    }


def identity(request: SandboxRequest) -> ResponseBody:
    """Return the keys that all descriptions of a request have."""
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
    """Return the price of a request. That of a failover chain is the sum of its messages that arrived."""
    arrived = request.messages.values_list("channel", flat=True)
    names = arrived if request.channel == FAILOVER.name else [request.channel]
    return round(sum((channel_of(name).rate for name in names), 0.0), 3)


def add_goal(parameters: Parameters) -> ResponseBody:
    """Handle ``POST /requests/{id}``."""
    SandboxGoal.objects.create(request=find(parameters.request_id), name=parameters["goal"])
    return {}


def milliseconds(time: datetime | None) -> int | None:
    """Return the Unix time in milliseconds."""
    return int(time.timestamp() * 1000) if time else None
