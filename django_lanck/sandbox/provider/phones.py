"""What a simulated phone shows: one shape for every channel."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from ..models import SandboxMessage, SandboxRequest
from . import texts

SENDER: Final = "LANCK"
# Country code 999 belongs to nobody, so that nobody is rung by calling back.
CALLER: Final = "+9995550100"
FLASH_CALLER_PREFIX: Final = "+99955501"


@dataclass(frozen=True, slots=True)
class Content:
    """One thing for a phone to show. Without a ``code``, the one in the text counts, if there is one."""

    channel: str
    sender: str
    text: str = ""
    code: str = ""
    title: str = ""
    image_url: str = ""
    button_caption: str = ""
    button_url: str = ""


def show(request: SandboxRequest, content: Content) -> None:
    """Have it arrive, now."""
    values = asdict(content) | {"code": content.code or texts.code_in(content.text)}
    SandboxMessage.objects.create(request=request, number=request.number, **values)
