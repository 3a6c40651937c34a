"""Texts for a screen: SMS, push, Viber and RCS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..api import fields
from ..api.calls import Answer, Call
from ..api.fields import Field
from . import ledger, phones
from .phones import Content

MAX_TTL: Final = 2_419_200  # four weeks, the most that push services keep a message

TEXT: Final = {"text": Field(fields.text, required=True)}
# What each takes besides number and callbackUrl: alone, or as a step of a failover chain.
CHANNELS: Final[Mapping[str, dict[str, Field]]] = {
    "sms": TEXT | {"from": Field(fields.sender, default="")},
    "push": TEXT
    | {
        "title": Field(fields.text, default=""),
        "target": Field(fields.text),
        "ttl": Field(fields.whole_number(1, MAX_TTL)),
        "priority": Field(fields.text),
        "collapseKey": Field(fields.text),
        "android": Field(fields.json_object),
        "ios": Field(fields.json_object),
    },
    "viber": TEXT
    | {
        "from": Field(fields.sender, default=""),
        "buttonCaption": Field(fields.text, default="", needs="buttonActionUrl"),
        "buttonActionUrl": Field(fields.web_address, default="", needs="buttonCaption"),
        "imageUrl": Field(fields.web_address, default=""),
    },
    "rcs": TEXT,
}


def content(channel: str, values: Mapping[str, Any]) -> Content:
    """What the phone shows of a message with these cleaned values."""
    return Content(
        channel=channel,
        sender=values.get("from") or phones.SENDER,
        text=values["text"],
        title=values.get("title", ""),
        image_url=values.get("imageUrl", ""),
        button_caption=values.get("buttonCaption", ""),
        button_url=values.get("buttonActionUrl", ""),
    )


def sms(call: Call) -> Answer:
    """``POST /sms``."""
    return _send(call, "sms", "sms")


def push(call: Call) -> Answer:
    """``POST /messaging/push``."""
    return _send(call, "messaging.push", "push")


def viber(call: Call) -> Answer:
    """``POST /messaging/viber``."""
    return _send(call, "messaging.viber", "viber")


def rcs(call: Call) -> Answer:
    """``POST /messaging/rcs``."""
    return _send(call, "messaging.rcs", "rcs")


def _send(call: Call, product: str, channel: str) -> Answer:
    request = ledger.accept(call, product, content(channel, call.values))
    return {"requestId": request.request_id}
