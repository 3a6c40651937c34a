"""The site's codes: their digits, their texts and their stored hashes."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Final, TypeVar

from django.utils.translation import gettext, override

from ...channels import Channel, channel_spec
from ...client import CONTENT_CLASSES, TEXT_TYPES, Accepted, Content, Flow
from ...conf import conf, lancks_language
from ...keys import is_keyed_hash, keyed_hash
from ...models import Message
from ...models.status import RANKS, Status
from ...text import fits_one_sms

C = TypeVar("C", bound=Content)

SALT: Final = "django_lanck.code"


def new_code(length: int) -> str:
    return "".join(secrets.choice("0123456789") for _ in range(length))


def code_text(code: str, language: str) -> str:
    """Return the sentence with a code, from ``CODE_TEXTS`` or this app's translations, by default in English."""
    texts = conf.code_texts
    own = next((texts[key] for key in (language, language.partition("-")[0], "") if key in texts), None)
    if own is None:
        with override(language or "en"):
            own = gettext("Your code is {code}.")
    return own.replace("{code}", code)


def sms_text(code: str, language: str) -> str:
    """Return the sentence as one SMS, with the line for browser autofill if ``CODE_HOST`` is set.

    A text that needs several SMS is shortened to the code and that line, or to the code.
    """
    autofill = f"\n\n@{conf.code_host} #{code}" if conf.code_host else ""
    candidates = (code_text(code, language) + autofill, code + autofill)
    return next((text for text in candidates if fits_one_sms(text)), code)


def code_content(channel: str, code: str, language: str) -> Content:
    """Return the content that sends a code on a channel."""
    return _flow(code, language) if channel == Channel.FAILOVER else _content(CONTENT_CLASSES[channel], code, language)


def _content(kind: type[C], code: str, language: str) -> C:
    text = sms_text(code, language) if kind.channel == Channel.SMS else code_text(code, language)
    return kind.of_code(code=code, text=text, language=lancks_language(language) or None)


def _flow(code: str, language: str) -> Flow:
    steps = [_content(TEXT_TYPES[step[0]], code, language) for step in conf.code_flow]
    flow = Flow(steps[0])
    for step, (_channel, wait, unless) in zip(steps[1:], conf.code_flow, strict=False):
        flow = flow.then(step, wait=wait, unless=unless)
    return flow


def code_hash(message: Message, code: str) -> str:
    return keyed_hash(SALT, _value(message, code))


def is_right_code(message: Message, digits: str) -> bool:
    return is_keyed_hash(message.code_hash, SALT, _value(message, digits))


def _value(message: Message, digits: str) -> str:
    return f"{message.verification_id}:{message.pk}:{digits}"


def messages_with_valid_code(messages: Iterable[Message]) -> list[Message]:
    """Return the messages whose code is right: the newest that LANCK accepted, and newer ones of unknown outcome.

    ``messages`` are those of one verification, newest first.
    """
    valid = []
    for message in messages:
        if not message.is_refused:
            valid.append(message)
        if message.status_rank > RANKS[Status.UNKNOWN]:
            break
    return valid


def store_caller_digits(message: Message, accepted: Accepted, code: str) -> None:
    """Store the hash of the digits that a flash call comes from, which may differ from the requested code."""
    caller = accepted.caller.removeprefix("+")
    if not channel_spec(message.channel).code_is_caller or not caller.isdigit() or caller.endswith(code):
        return
    digits = caller[-len(code) :]
    if len(digits) == len(code):
        Message.objects.filter(pk=message.pk).update(code_hash=code_hash(message, digits))
