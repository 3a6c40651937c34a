"""SMS that people send to a rented number, and the list of those who want no marketing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction
from django.utils.crypto import constant_time_compare

from ... import signals
from ...client import parse_time, to_e164
from ...conf import conf
from ...exceptions import Refusal
from ...models import InboundMessage, OptOut
from ...models.inbound import PARTY_LENGTH
from ...models.number import NUMBER_LENGTH

NO_WORDS_AROUND: Final = re.compile(r"^\W+|\W+$")


def record_inbound(*, secret: str, payload: object) -> None:
    """Keep one inbound SMS, once however often it comes; then tell ``inbound_message_received``.

    A text that is one of ``STOP_WORDS`` puts its sender on the opt-out list. ``secret`` is the one of the URL,
    ``payload`` the parsed JSON body. Raises Refusal ``not_found`` (secret not ours) or ``invalid_inbound``. Must not be
    called inside a transaction.
    """
    known = [constant_time_compare(secret, each) for each in conf.inbound_secrets]
    if not any(known):
        raise Refusal("not_found")
    message_id, facts = _facts(payload)
    with transaction.atomic(durable=True):
        message, is_new = InboundMessage.objects.get_or_create(message_id=message_id, defaults=facts)
        if is_new and _is_stop(message):
            OptOut.objects.record(message.sender, message)
    if is_new:
        signals.inbound_message_received.send_robust(InboundMessage, message=message)


def _facts(payload: object) -> tuple[str, dict[str, Any]]:
    if not isinstance(payload, Mapping):
        raise Refusal("invalid_inbound")
    message_id, sender = _line(payload.get("messageId")), to_e164(_line(payload.get("from")))
    if not 0 < len(message_id) <= 128 or not sender:
        raise Refusal("invalid_inbound")
    recipient, text, parts = to_e164(_line(payload.get("to"))), payload.get("text"), payload.get("parts")
    in_columns = {"messageId", "text"} if isinstance(text, str) else {"messageId"}
    in_columns |= {"from"} if len(sender) <= PARTY_LENGTH else set()
    in_columns |= {"to"} if len(recipient) <= PARTY_LENGTH else set()
    return message_id, {
        "sender": sender[:PARTY_LENGTH],
        "recipient": recipient[:PARTY_LENGTH],
        "text": text if isinstance(text, str) else "",
        "parts": parts if isinstance(parts, int) and 0 < parts < 2**15 and parts is not True else None,
        "provider_at": parse_time(payload.get("timestamp")),
        "payload": {name: value for name, value in payload.items() if name not in in_columns},
    }


def _line(value: object) -> str:
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _is_stop(message: InboundMessage) -> bool:
    is_number = message.sender.startswith("+") and len(message.sender) <= NUMBER_LENGTH
    words = {word.casefold() for word in conf.stop_words}
    return is_number and NO_WORDS_AROUND.sub("", message.text).casefold() in words
