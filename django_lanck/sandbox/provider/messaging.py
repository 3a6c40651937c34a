"""Messages that are read: SMS, push, Viber and RCS."""

from __future__ import annotations

from typing import Final

from ..api import fields
from ..api.fields import Field
from . import texts
from .content import SENDER, Content, Values

MAX_TTL: Final = 2_419_200  # four weeks, the maximum of push services

TEXT_FIELDS: Final = {"text": Field(fields.text, required=True)}
SMS_FIELDS: Final = TEXT_FIELDS | {"from": Field(fields.sender, default="")}
PUSH_FIELDS: Final = TEXT_FIELDS | {
    "title": Field(fields.text, default=""),
    "target": Field(fields.text),
    "ttl": Field(fields.integer(1, MAX_TTL)),
    "priority": Field(fields.text),
    "collapseKey": Field(fields.text),
    "android": Field(fields.json_object),
    "ios": Field(fields.json_object),
}
VIBER_FIELDS: Final = TEXT_FIELDS | {
    "from": Field(fields.sender, default=""),
    "buttonCaption": Field(fields.text, default="", needs="buttonActionUrl"),
    "buttonActionUrl": Field(fields.web_url, default="", needs="buttonCaption"),
    "imageUrl": Field(fields.web_url, default=""),
}


def content(values: Values) -> Content:
    """Return the content of a message with these parameters."""
    return Content(
        sender=values.get("from") or SENDER,
        text=values["text"],
        title=values.get("title", ""),
        image_url=values.get("imageUrl", ""),
        button_caption=values.get("buttonCaption", ""),
        button_url=values.get("buttonActionUrl", ""),
    )


def sms_with_code(code: str, values: Values) -> Content:
    """Return the content of an SMS with the code of a verification."""
    return Content(values["from"] or SENDER, texts.written(code, values["language"]), code)
