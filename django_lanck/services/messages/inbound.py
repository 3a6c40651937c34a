"""SMS that people send to a rented number, and the list of those who want no marketing."""

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
    return is_number and NO_WORDS_AROUND.sub("", message.text).casefold() in words
