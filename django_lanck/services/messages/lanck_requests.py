"""Look up a request at LANCK."""

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

# Parameters of a request that cannot hold a number, a code, a text or the token of its receipts.
SAFE_PARAMETERS: Final = frozenset(
    ["method", "language", "codeLength", "codeExpiry", "checkAttemptsAllowed", "from", "ttl", "priority"]
)
MASK: Final = "…"


def request_info(*, request_id: str) -> RequestInfo:
    """Return what LANCK knows about a request of the LANCK account, and refresh the message that has this id, if any.

    In ``payload`` the values of parameters that may be secret are masked, and ``raw`` is empty. ``sender`` of a flash
    call, which is the code, is empty. Raises InvalidArgument and what the client raises (APIError, NotSent,
    OutcomeUnknown). Must not be called inside a transaction.
    """
    client = get_client()
    info = call_provider(lambda: client.request_info(request_id=request_id))
    message = Message.objects.filter(request_id=request_id).first()
    if message:
        apply_request_info(message, info)
    is_flash = message.is_flash if message else info.product.rpartition(".")[2].lower() in {"", *CALLER_CODE_CHANNELS}
    payload = {name: _masked(name, value, is_flash) for name, value in info.payload.items()}
    return replace(info, sender="" if is_flash else info.sender, payload=payload, raw={})


def _masked(name: str, value: Any, is_flash: bool) -> Any:
    is_safe = name in SAFE_PARAMETERS and not (is_flash and name in SECRET_KEYS_OF_FLASH)
    return value if is_safe and not isinstance(value, Mapping | list) else MASK
