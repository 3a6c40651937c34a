"""The content of a message or call, and the channels that deliver it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from ..api.fields import Field
from ..models import SandboxMessage, SandboxRequest
from . import texts

SENDER: Final = "LANCK"
# The country code 999 is not assigned, so no subscriber can be called back.
CALLER: Final = "+9995550100"
FLASH_CALLER_PREFIX: Final = "+99955501"

Layout = Literal["text", "chat", "spoken", "missed"]
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Content:
    """What a phone shows of a message or call. If ``code`` is empty, a code in the text is used."""

    sender: str
    text: str = ""
    code: str = ""
    title: str = ""
    image_url: str = ""
    button_caption: str = ""
    button_url: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel of LANCK: a row of ``channels.CHANNELS``.

    ``title``, ``icon`` (a symbol of ``_icons.html``) and ``layout`` (a template) are for the handset page. ``rate`` is
    the invented price of a message.

    A channel with a ``path`` has an operation: ``fields`` are its parameters besides ``number`` and ``callbackUrl``,
    ``content`` makes the content from their values, and ``returns_sender`` adds ``from`` to the response. With
    ``in_failover`` the same parameters are those of a step of a failover chain. ``code_content`` makes the content of
    a verification: a channel that has it is a method of ``/verify``.
    """

    name: str
    title: str
    icon: str = "messenger"
    layout: Layout = "chat"
    rate: float = 0.03
    path: str = ""
    fields: Mapping[str, Field] = field(default_factory=dict)
    content: Callable[[Values], Content] | None = None
    returns_sender: bool = False
    in_failover: bool = False
    code_content: Callable[[str, Values], Content] | None = None

    @property
    def product(self) -> str:
        """LANCK's name of the operation in descriptions of requests."""
        return self.path.replace("/", ".")

    @property
    def is_call(self) -> bool:
        return self.layout in ("spoken", "missed")

    @property
    def is_answered(self) -> bool:
        """Whether a person answers the calls of this channel."""
        return self.layout == "spoken"

    @property
    def heading(self) -> str:
        """The heading on the handset page where other channels show the sender."""
        return {"spoken": "Incoming call", "missed": "Missed call"}.get(self.layout, "")

    @property
    def template(self) -> str:
        return f"lanck_sandbox/_{self.layout}.html"


def show(request: SandboxRequest, channel: Channel, content: Content) -> None:
    """Store the content as a message that the phone has received."""
    values = asdict(content) | {"code": content.code or texts.code_in(content.text)}
    SandboxMessage.objects.create(request=request, number=request.number, channel=channel.name, **values)
