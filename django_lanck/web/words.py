"""What the pages say about ways to get a code, deliveries, refusals and waiting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..channels import channel_spec
from ..durations import rounded_duration
from ..exceptions import Refusal
from ..models import Verification

FAILED: Final = ("UNDELIVERED", "REJECTED")


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
    words = str(channel_spec(verification.method).texts.instruction)
    return words.format(digits=verification.code_length, number=left_to_right(verification.masked_number))


def left_to_right(number: str) -> str:
    """The number between the signs that keep its order in a sentence that runs from right to left."""
    return f"\u2066{number}\u2069"


def delivery(verification: Verification) -> tuple[str, str]:
    """The tone (``waiting``, ``good``, ``bad``, ``unknown``) and the words for what became of the newest message."""
    spec, status = channel_spec(verification.method), verification.delivery
    if status in FAILED:
        return "bad", str(spec.texts.undelivered)
    words, usual = (_CALL_WORDS, _CALLING) if spec.rings else (_MESSAGE_WORDS, _ON_ITS_WAY)
    tone, sentence = words.get(status, usual)
    return tone, str(sentence)


def ways_on(verification: Verification, methods: Sequence[str]) -> list[tuple[str, str]]:
    """The methods of a resend with the words on their buttons; after a failure, the other ways come first."""
    used = verification.method
    others = [(method, str(channel_spec(method).texts.switch)) for method in methods if method != used]
    same = [(used, str(channel_spec(used).texts.resend))] if used in methods else []
    return [*others, *same] if verification.delivery in FAILED else [*same, *others]


def countdown() -> str:
    """What is said while nothing can be asked for; ``{time}`` is how long that is."""
    return str(_WAITING["resend_too_soon"])


def sentence(refusal: Refusal) -> str:
    """A refusal, with the time to wait where waiting helps."""
    if refusal.retry_after is None:
        return refusal.detail
    is_usual = refusal.code in _WAITING and refusal.detail == Refusal(refusal.code).detail
    again = _("Try again in {time}.")
    words = str(_WAITING[refusal.code]) if is_usual else f"{refusal.detail} {again}"
    return words.replace("{time}", rounded_duration(refusal.retry_after))
