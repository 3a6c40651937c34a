"""Store inbound SMS and opt out the senders of stop words."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Final

from django.db import transaction
from django.utils.crypto import constant_time_compare

from ... import signals
from ...conf import conf
from ...exceptions import Refusal
from ...models import InboundMessage, OptOut
from ...models.number import NUMBER_LENGTH
from .callbacks import parse_inbound

SURROUNDING_PUNCTUATION: Final = re.compile(r"^\W+|\W+$")


def record_inbound(*, secret: str, payload: object) -> None:
    """Store one inbound SMS and send ``inbound_message_received``; ignore a repeat.

    A text that is one of ``STOP_WORDS`` opts its sender out. ``secret`` is that of the URL, ``payload`` the parsed JSON
    body. Raises Refusal ``not_found`` (wrong secret) or ``invalid_inbound``. Must not be called inside a transaction.
    """
    matches = [constant_time_compare(secret, each) for each in conf.inbound_secrets]
    if not any(matches):
        raise Refusal("not_found")
    event = parse_inbound(payload)
    with transaction.atomic(durable=True):
        message, is_new = InboundMessage.objects.get_or_create(message_id=event.message_id, defaults=asdict(event))
        if is_new and _is_stop(message):
            OptOut.objects.record(message.sender, message)
    if is_new:
        signals.inbound_message_received.send_robust(InboundMessage, message=message)


def _is_stop(message: InboundMessage) -> bool:
    is_number = message.sender.startswith("+") and len(message.sender) <= NUMBER_LENGTH
    words = {word.casefold() for word in conf.stop_words}
    return is_number and SURROUNDING_PUNCTUATION.sub("", message.text).casefold() in words
