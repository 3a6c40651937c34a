"""Short URLs in texts. The URL contains the id of its message, signed; the target is stored with the message."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from typing import Final

from django.core.signing import b62_decode, b62_encode
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from ...conf import conf
from ...exceptions import Refusal
from ...keys import keyed_digests
from ...models import Goal, Message

SALT: Final = "django_lanck.link"
TOKEN: Final = re.compile(r"([0-9A-Za-z]{1,11})-([0-9A-Za-z_-]{12})")
SIGNATURE_BYTES: Final = 9  # 72 bits in 12 characters: short for an SMS, and it can only be guessed online


def link_url(message: Message) -> str:
    """Return the short URL of a message."""
    token = f"{b62_encode(message.pk)}-{_signatures(message.pk)[0]}"
    return conf.callback_base_url + reverse("lanck:link", args=[token])


def open_link(*, token: str, count: bool = True) -> str:
    """Return the target of a short URL. With ``count``, the first opening is a goal. Raises Refusal ``not_found``."""
    rows = Message.objects.filter(pk=_message_id(token))
    link = rows.values_list("link", flat=True).first()
    if not link:
        raise Refusal("not_found")
    if count:
        rows.reach_goal(Goal.LINK_OPENED)
    return link


def _message_id(token: str) -> int:
    parts = TOKEN.fullmatch(token)
    message_id = b62_decode(parts[1]) if parts else 0
    signed = parts and any(constant_time_compare(parts[2], each) for each in _signatures(message_id))
    if not signed or not 0 < message_id < 2**63:
        raise Refusal("not_found")
    return message_id


def _signatures(message_id: int) -> list[str]:
    digests = keyed_digests(SALT, str(message_id))
    return [urlsafe_b64encode(digest[:SIGNATURE_BYTES]).decode() for digest in digests]
