"""What the pages say about methods, deliveries and waiting."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django_lanck.exceptions import Refusal
from django_lanck.models import Verification

LONG: Final = 600
HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Method:
    """How a code travels: the choice, what it means, what to do now, and how to ask for another code."""

    label: str
    hint: str
    todo: str
    again: str
    instead: str


METHODS: Mapping[str, Method] = {
    "sms": Method(
        label="Text message",
        hint="The code comes by SMS.",
        todo="We texted a {digits}-digit code to {number}.",
        again="Send a new text",
        instead="Text me instead",
    ),
    "voice": Method(
        label="Voice call",
        hint="We call, and a voice reads the code to you.",
        todo="We are calling {number}. Pick up, and a voice reads a {digits}-digit code to you.",
        again="Call me again",
        instead="Read it to me in a call",
    ),
    "call": Method(
        label="Missed call",
        hint="We ring once. The code is the end of the number that calls.",
        todo="We are ringing {number}. No need to pick up: type the last {digits} digits of the number that calls you.",
        again="Ring me again",
        instead="Give me a missed call",
    ),
}

Words = Mapping[str, tuple[str, str]]

# Status of a message → the tone and the words in which a person hears of it.
DELIVERY: Words = {
    "sending": ("waiting", "Sending it now…"),
    "accepted": ("waiting", "On its way…"),
    "SENT": ("waiting", "On its way to your phone…"),
    "DELIVERED": ("good", "Delivered to your phone."),
    "ANSWERED": ("good", "You picked up."),
    "UNDELIVERED": ("bad", "It did not arrive. Try another way below."),
    "REJECTED": ("bad", "The network turned it away. Try another way below."),
    "refused": ("bad", "This one was not sent. If a code came before, it still works."),
    "unknown": ("waiting", "We do not know yet whether it was sent."),
}
CALL_DELIVERY: Words = {
    **DELIVERY,
    "accepted": ("waiting", "Calling…"),
    "SENT": ("waiting", "Calling…"),
    "DELIVERED": ("good", "Your phone rang."),
    "UNDELIVERED": ("bad", "The call did not get through. Try another way below."),
    "REJECTED": ("bad", "The network turned the call away. Try another way below."),
}


def todo(verification: Verification) -> str:
    """What the person does now."""
    method = METHODS[verification.method]
    return method.todo.format(digits=verification.code_length, number=verification.masked_number)


def delivery_words(method: str) -> Words:
    return DELIVERY if method == "sms" else CALL_DELIVERY


def delivery(verification: Verification) -> tuple[str, str]:
    """The tone and the words for what became of the newest message."""
    words = delivery_words(verification.method)
    return words.get(verification.delivery, words["accepted"])


def seconds(count: int) -> str:
    """``25`` → ``25 seconds``; ``70`` → ``1 minute 10 seconds``; what is long is rounded up."""
    if count > HOUR - 60:
        return _plural(math.ceil(count / HOUR), "hour")
    if count >= LONG:
        return _plural(math.ceil(count / 60), "minute")
    minutes, rest = divmod(count, 60)
    parts = [_plural(number, unit) for number, unit in ((minutes, "minute"), (rest, "second")) if number]
    return " ".join(parts) or "a moment"


def sentence(refusal: Refusal) -> str:
    """A refusal, with the time to wait where waiting helps."""
    if refusal.retry_after is None:
        return refusal.detail
    wait = f"in {seconds(refusal.retry_after)}"
    for vague, exact in (("in a moment", wait), ("Please wait before you try again", f"Try again {wait}")):
        if vague in refusal.detail:
            return refusal.detail.replace(vague, exact)
    return f"{refusal.detail} Try again {wait}."


def _plural(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
