"""The entries of the handset page: the messages that a phone received and sent, with what the templates show."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import phonenumbers

from ..conf import conf
from ..models import SandboxInbound, SandboxInboundPost, SandboxMessage, SandboxReceipt, SandboxRequest
from ..provider.callbacks import PostResult
from ..provider.channels import FAILOVER, channel_of
from ..provider.content import Channel
from ..provider.inbound import NO_URL

MAX_STEPS: Final = 10

# status → text, CSS class
STATUSES: Final = {
    "SENT": ("Sent", "waiting"),
    "DELIVERED": ("Delivered", "good"),
    "ANSWERED": ("Answered", "good"),
    "UNDELIVERED": ("Not delivered", "bad"),
    "REJECTED": ("Rejected", "bad"),
}
LINK: Final = re.compile(r"https?://[^\s/\\?#]\S*", re.IGNORECASE)


def international(number: str) -> str:
    """Return the number in international format, with spaces."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    except phonenumbers.NumberParseException:
        return number


@dataclass(frozen=True, slots=True)
class Post:
    """A post of a callback to the site. ``status`` is that of a receipt."""

    at: datetime
    text: str
    accepted: bool
    status: str = ""


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step of a failover chain."""

    channel: str
    arrived: bool


@dataclass(frozen=True, slots=True)
class Received:
    """A message or call that was sent to the phone. ``message`` is None if it did not arrive."""

    request: SandboxRequest
    message: SandboxMessage | None

    template = "lanck_sandbox/_received.html"

    @property
    def key(self) -> str:
        return f"{self.request.pk}-{self.message.pk if self.message else 0}"

    @property
    def at(self) -> datetime:
        return self.message.created_at if self.message else self.request.created_at

    @property
    def sort_key(self) -> tuple[datetime, int]:
        return self.at, self.request.pk

    @property
    def announcement(self) -> str:
        """The sentence that a screen reader reads when the entry appears."""
        return f"{self.channel.title} on {self.request.number}"

    @property
    def channel(self) -> Channel:
        return channel_of(self.message.channel if self.message else self.request.channel)

    @property
    def status_text(self) -> str:
        return STATUSES.get(self.request.status, (self.request.status.capitalize(), ""))[0]

    @property
    def status_class(self) -> str:
        return STATUSES.get(self.request.status, ("", "waiting"))[1]

    @property
    def posts(self) -> list[Post]:
        return [_post(receipt, status=receipt.status) for receipt in self.request.receipts.all()]

    @property
    def digits(self) -> str:
        """The code with its digits apart, so that screen readers read them one by one."""
        return " ".join(self.message.code) if self.message else ""

    @property
    def caller(self) -> tuple[str, str]:
        """The calling number of a flash call in two parts: the digits before the code, and the code."""
        if self.message is None:
            return "", ""
        sender, code = self.message.sender, self.message.code
        return (sender.removesuffix(code), code) if sender.endswith(code) else (sender, "")

    @property
    def button_is_link(self) -> bool:
        """Whether the URL of the button is a valid http or https URL."""
        return bool(self.message and LINK.fullmatch(self.message.button_url))

    @property
    def chain(self) -> list[ShownStep]:
        """The steps of a failover chain. Empty if the stored parameters are not a chain."""
        if self.request.channel != FAILOVER.name or not isinstance(self.request.payload, dict):
            return []
        flow = self.request.payload.get("flow")
        types = [_type_of(step) for step in flow[:MAX_STEPS]] if isinstance(flow, list) else []
        channel = self.message.channel if self.message else None
        arrived = types.index(channel) if channel in types else None
        return [ShownStep(name, index == arrived) for index, name in enumerate(types)]


def _type_of(step: Any) -> str:
    name = step.get("type") if isinstance(step, dict) else None
    return name[:16] if isinstance(name, str) and name.strip() else "?"


def _post(row: SandboxReceipt | SandboxInboundPost, posted: str = "posted", status: str = "") -> Post:
    text = f"{posted}, answered {row.http_status}" if row.http_status else row.problem
    return Post(row.created_at, text, PostResult(row.http_status).accepted, status)


@dataclass(frozen=True, slots=True)
class Sent:
    """An SMS from the phone to the site."""

    inbound: SandboxInbound

    template = "lanck_sandbox/_sent.html"

    @property
    def key(self) -> str:
        return f"sent-{self.inbound.pk}"

    @property
    def at(self) -> datetime:
        return self.inbound.created_at

    @property
    def sort_key(self) -> tuple[datetime, int]:
        return self.at, self.inbound.pk

    @property
    def announcement(self) -> str:
        """The sentence that a screen reader reads when the entry appears."""
        return f"Text from {self.inbound.sender}"

    @property
    def recipient(self) -> str:
        return international(self.inbound.recipient)

    @property
    def posts(self) -> list[Post]:
        rows = self.inbound.posts.all()
        return [_post(row, "posted again" if index else "posted") for index, row in enumerate(rows)]

    @property
    def status_text(self) -> str:
        if posts := self.posts:
            return posts[-1].text
        return "not posted yet" if conf.inbound_url else NO_URL

    @property
    def status_class(self) -> str:
        posts = self.posts
        return ("good" if posts[-1].accepted else "bad") if posts else "waiting"
