"""What LANCK knows about a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ...channels import CALLER_CODE_CHANNELS
from ...client import RequestInfo, get_client
from ...models import Message
from ..provider.call import call_provider
from .callbacks import SECRET_KEYS_OF_FLASH
from .refresh import apply_request_info

# Of the parameters of a request, what cannot hold a number, a code, a text or the token of its receipts.
SHOWN: Final = ("method", "language", "codeLength", "codeExpiry", "checkAttemptsAllowed", "from", "ttl", "priority")
HIDDEN: Final = "…"


def request_info(*, request_id: str) -> RequestInfo:
    """Ask what LANCK knows of a request, this site's or not; a message of this site learns from the answer.

    Of the source parameters (``payload``) only what is harmless is in it, and the names of the others; ``raw`` is
    empty. On a flash call the caller, which is the code, is left out. Raises InvalidArgument and what the client raises
    (APIError, NotSent, OutcomeUnknown). Must not be called inside a transaction.
    """
    client = get_client()
    info = call_provider(lambda: client.request_info(request_id=request_id))
    message = Message.objects.filter(request_id=request_id).first()
    if message:
        apply_request_info(message, info)
    is_flash = message.is_flash if message else info.product.rpartition(".")[2].lower() in {"", *CALLER_CODE_CHANNELS}
    payload = {name: _shown(name, value, is_flash) for name, value in info.payload.items()}
    return replace(info, sender="" if is_flash else info.sender, payload=payload, raw={})


def _shown(name: str, value: Any, is_flash: bool) -> Any:
    shown = name in SHOWN and not (is_flash and name in SECRET_KEYS_OF_FLASH)
    return value if shown and not isinstance(value, Mapping | list) else HIDDEN
