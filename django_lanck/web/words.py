"""What the pages say about ways to get a code, deliveries, refusals and waiting."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ..exceptions import Refusal
from ..models import Verification

LONG: Final = 600
HOUR: Final = 3600
FAILED: Final = ("UNDELIVERED", "REJECTED")


@dataclass(frozen=True, slots=True)
class Way:
    """How a code travels: the choice and what it means, what to do now, how to ask for another, what went wrong.

    In ``todo``, ``{number}`` is where it went and ``{digits}`` how long it is.
    """

    label: Promise
    hint: Promise
    todo: Promise
    again: Promise
    instead: Promise
    undelivered: Promise
    rings: bool = False


_TEXT: Final = Way(
    label=gettext_lazy("Text message"),
    hint=gettext_lazy("The code comes by SMS."),
    todo=gettext_lazy("We texted a code of {digits} digits to {number}."),
    again=gettext_lazy("Send a new code"),
    instead=gettext_lazy("Text me instead"),
    undelivered=gettext_lazy("We could not deliver the SMS."),
)
_SPOKEN: Final = Way(
    label=gettext_lazy("Voice call"),
    hint=gettext_lazy("We call you, and a voice reads the code to you."),
    todo=gettext_lazy("We are calling {number}. Pick up: a voice reads a code of {digits} digits to you."),
    again=gettext_lazy("Call me again"),
    instead=gettext_lazy("Call me instead"),
    undelivered=gettext_lazy("Our call did not get through."),
    rings=True,
)
_MISSED: Final = Way(
    label=gettext_lazy("Missed call"),
    hint=gettext_lazy("Your phone rings once. The code is the end of the number that called you."),
    todo=gettext_lazy(
        "We are ringing {number}. You need not pick up: type the last {digits} digits of the number that just "
        "called you."
    ),
    again=gettext_lazy("Ring me again"),
    instead=gettext_lazy("Give me a missed call instead"),
    undelivered=gettext_lazy("Our call did not get through."),
    rings=True,
)
_APP: Final = Way(
    label=gettext_lazy("Notification"),
    hint=gettext_lazy("The code comes as a notification of our app."),
    todo=gettext_lazy("We sent a notification with a code of {digits} digits to {number}."),
    again=gettext_lazy("Send a new code"),
    instead=gettext_lazy("Send me a notification instead"),
    undelivered=gettext_lazy("We could not deliver the notification."),
)
_VIBER: Final = Way(
    label=gettext_lazy("Viber"),
    hint=gettext_lazy("The code comes as a Viber message."),
    todo=gettext_lazy("We sent a Viber message with a code of {digits} digits to {number}."),
    again=gettext_lazy("Send a new code"),
    instead=gettext_lazy("Send me a Viber message instead"),
    undelivered=gettext_lazy("We could not deliver the Viber message."),
)
_RCS: Final = Way(
    label=gettext_lazy("Chat message"),
    hint=gettext_lazy("The code comes to the messages of your phone (RCS)."),
    todo=gettext_lazy("We sent a chat message with a code of {digits} digits to {number}."),
    again=gettext_lazy("Send a new code"),
    instead=gettext_lazy("Send me a chat message instead"),
    undelivered=gettext_lazy("We could not deliver the chat message."),
)
_ANY: Final = Way(
    label=gettext_lazy("Message"),
    hint=gettext_lazy("We try one way after the other until the code reaches you."),
    todo=gettext_lazy("We are sending a code of {digits} digits to {number}. It comes as a message or as an SMS."),
    again=gettext_lazy("Send a new code"),
    instead=gettext_lazy("Send me a message instead"),
    undelivered=gettext_lazy("We could not deliver the message."),
)
WAYS: Final[Mapping[str, Way]] = {
    "sms": _TEXT,
    "voice": _SPOKEN,
    "call": _MISSED,
    "p2s": _SPOKEN,
    "flash": _MISSED,
    "push": _APP,
    "viber": _VIBER,
    "rcs": _RCS,
    "failover": _ANY,
}

# Status of a message → the tone and the words in which a person hears of it; for what rings, and for all else.
Words = Mapping[str, tuple[str, str | Promise]]
_ON_ITS_WAY: Final = ("waiting", gettext_lazy("It is on its way."))
_CALLING: Final = ("waiting", gettext_lazy("We are calling you."))
_MESSAGE_WORDS: Final[Words] = {
    "sending": ("waiting", gettext_lazy("We are sending it now.")),
    "DELIVERED": ("good", gettext_lazy("It was delivered to your phone.")),
    "ANSWERED": ("good", gettext_lazy("It was delivered to your phone.")),
    "refused": ("bad", gettext_lazy("This code was not sent. If you got one before, it still works.")),
    "unknown": (
        "unknown",
        gettext_lazy("We do not know whether your code was sent. Perhaps it is on its way: if it comes, type it."),
    ),
}
_CALL_WORDS: Final[Words] = {
    **_MESSAGE_WORDS,
    "sending": _CALLING,
    "DELIVERED": ("good", gettext_lazy("Your phone rang.")),
    "ANSWERED": ("good", gettext_lazy("You picked up.")),
    "refused": ("bad", gettext_lazy("This call was not made. If you got a code before, it still works.")),
    "unknown": (
        "unknown",
        gettext_lazy("We do not know whether the call is made. Perhaps it comes: then type its code."),
    ),
}

# Refusals whose sentence says how long to wait.
_WAITING: Final[Mapping[str, Promise]] = {
    "resend_too_soon": gettext_lazy("You can ask for a new code in {time}."),
    "too_many_requests": gettext_lazy("Too many requests. Try again in {time}."),
    "outcome_unknown": gettext_lazy("We do not know yet whether your code was sent. Try again in {time}."),
    "check_unknown": gettext_lazy(
        "We could not learn whether this code is right. Enter the same code again in {time}."
    ),
    "unavailable": gettext_lazy("We cannot send or check codes at the moment. Try again in {time}."),
}


def todo(verification: Verification) -> str:
    """What the person does now."""
    words = str(WAYS[verification.method].todo)
    return words.format(digits=verification.code_length, number=left_to_right(verification.masked_number))


def left_to_right(number: str) -> str:
    """The number between the signs that keep its order in a sentence that runs from right to left."""
    return f"\u2066{number}\u2069"


def delivery(verification: Verification) -> tuple[str, str]:
    """The tone (``waiting``, ``good``, ``bad``, ``unknown``) and the words for what became of the newest message."""
    way, status = WAYS[verification.method], verification.delivery
    if status in FAILED:
        return "bad", str(way.undelivered)
    words, usual = (_CALL_WORDS, _CALLING) if way.rings else (_MESSAGE_WORDS, _ON_ITS_WAY)
    tone, sentence = words.get(status, usual)
    return tone, str(sentence)


def ways_on(verification: Verification, methods: Sequence[str]) -> list[tuple[str, str]]:
    """The methods of a resend with the words on their buttons; after a failure, the other ways come first."""
    used = verification.method
    others = [(method, str(WAYS[method].instead)) for method in methods if method != used]
    same = [(used, str(WAYS[used].again))] if used in methods else []
    return [*others, *same] if verification.delivery in FAILED else [*same, *others]


def countdown() -> str:
    """What is said while nothing can be asked for; ``{time}`` is how long that is."""
    return str(_WAITING["resend_too_soon"])


def clock(seconds: int) -> str:
    """``95`` → ``1:35``, as a countdown shows it."""
    return f"{seconds // 60}:{seconds % 60:02}"


def time_span(seconds: int) -> str:
    """``25`` → ``25 seconds``; from 10 minutes on in whole minutes, near an hour in whole hours, rounded up."""
    if seconds > HOUR - 60:
        hours = math.ceil(seconds / HOUR)
        return ngettext("%d hour", "%d hours", hours) % hours
    if seconds >= LONG or (seconds % 60 == 0 and seconds):
        minutes = math.ceil(seconds / 60)
        return ngettext("%d minute", "%d minutes", minutes) % minutes
    minutes, rest = divmod(seconds, 60)
    words = ngettext("%d second", "%d seconds", rest) % rest
    if not minutes:
        return words
    whole = ngettext("%d minute", "%d minutes", minutes) % minutes
    return _("%(minutes)s %(seconds)s") % {"minutes": whole, "seconds": words}


def sentence(refusal: Refusal) -> str:
    """A refusal, with the time to wait where waiting helps."""
    if refusal.retry_after is None:
        return refusal.detail
    is_usual = refusal.code in _WAITING and refusal.detail == Refusal(refusal.code).detail
    again = _("Try again in {time}.")
    words = str(_WAITING[refusal.code]) if is_usual else f"{refusal.detail} {again}"
    return words.replace("{time}", time_span(refusal.retry_after))
