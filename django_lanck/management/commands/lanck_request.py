from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from ... import services
from ...exceptions import InvalidArgument, LanckError
from ...models import Message, Receipt
from ...models.number import mask_number
from ...services import CallDetails, RequestInfo
from ..base import LanckCommand, Result, block

NO_MESSAGE: Final = "This site: no message has this request id."


class Command(LanckCommand):
    help = "Show what LANCK and this site have stored about a request. The message of this site is refreshed."
    argument_names = {"request_id": "ID"}

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("request_id", metavar="ID", help="LANCK's request id")

    def run(self, options: Mapping[str, Any]) -> Result:
        request_id, info, problem = options["request_id"], None, ""
        try:
            info = services.request_info(request_id=request_id)
        except InvalidArgument:
            raise
        except LanckError as error:  # the message of this site is printed anyway
            problem = self.error_text(error)
        message = Message.objects.filter(request_id=request_id).prefetch_related("receipts").first()
        texts = [_lanck_text(info) if info else "", _message_text(message) if message else NO_MESSAGE]
        document = {
            "lanck": _lanck_document(info) if info else None,
            "message": _message_document(message) if message else None,
        }
        return Result("\n".join(filter(None, texts)), document, problem)


def _lanck_text(info: RequestInfo) -> str:
    parameters = ", ".join(f"{name} {value}" for name, value in info.payload.items())
    return block(
        f"LANCK: {info.product or 'request'} to {mask_number(info.number)}: {info.status or 'no status'}",
        ("network", ", ".join(filter(None, (info.network, info.mccmnc, info.country)))),
        ("created", info.created_at),
        ("rate", info.rate),
        ("sender", info.sender),
        ("goals", ", ".join(map(str, info.goals))),
        ("parameters", parameters),
    )


def _lanck_document(info: RequestInfo) -> dict[str, Any]:
    fields = {name: value for name, value in asdict(info).items() if name != "raw"}
    return {**fields, "number": mask_number(info.number)}


def _message_text(message: Message) -> str:
    fields = block(
        f"This site: message {message.pk} to {message.masked_number} by {message.channel}: {message.status}",
        ("created", message.created_at),
        ("status since", message.status_at),
        ("error", message.error_reason),
        ("goal", message.goal),
        ("goal reported", message.goal_reported_at),
    )
    return "\n".join([fields, *map(_receipt_text, message.receipts.all())])


def _receipt_text(receipt: Receipt) -> str:
    repeats = f", {receipt.repeats} repeats" if receipt.repeats else ""
    call = services.call_details(receipt)
    return f"  receipt: {receipt.status} at {receipt.provider_at or receipt.received_at}{repeats}" + _call_text(call)


def _call_text(call: CallDetails | None) -> str:
    if call is None:
        return ""
    fields = {name: value for name, value in asdict(call).items() if value is not None}
    return "".join(f"\n    {name.replace('_', ' ')}: {value}" for name, value in fields.items())


def _message_document(message: Message) -> dict[str, Any]:
    return {
        "message": message.pk,
        "channel": message.channel,
        "number": message.masked_number,
        "status": message.status,
        "status_at": message.status_at,
        "created_at": message.created_at,
        "price": message.price,
        "error_code": message.error_code,
        "error_reason": message.error_reason,
        "goal": message.goal,
        "goal_reported_at": message.goal_reported_at,
        "receipts": [_receipt_document(receipt) for receipt in message.receipts.all()],
    }


def _receipt_document(receipt: Receipt) -> dict[str, Any]:
    call = services.call_details(receipt)
    return {
        "status": receipt.status,
        "provider_at": receipt.provider_at,
        "received_at": receipt.received_at,
        "repeats": receipt.repeats,
        "call": asdict(call) if call else None,
    }
