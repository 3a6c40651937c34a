"""The texts of the pages about methods, deliveries, refusals and waiting times."""

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

FAILED_STATUSES: Final = ("UNDELIVERED", "REJECTED")

# Status of a message → its tone (a CSS class) and the sentence that the person reads.
StatusTexts = Mapping[str, tuple[str, str | Promise]]
_ON_ITS_WAY: Final = ("waiting", gettext_lazy("It is on its way."))
_CALLING: Final = ("waiting", gettext_lazy("We are calling you."))
_MESSAGE_TEXTS: Final[StatusTexts] = {
    "sending": ("waiting", gettext_lazy("We are sending it now.")),
    "DELIVERED": ("good", gettext_lazy("It was delivered to your phone.")),
    "ANSWERED": ("good", gettext_lazy("It was delivered to your phone.")),
    "refused": ("bad", gettext_lazy("This code was not sent. If you got one before, it still works.")),
    "unknown": (
        "unknown",
        gettext_lazy("We do not know whether your code was sent. If it arrives, type it."),
    ),
}
_CALL_TEXTS: Final[StatusTexts] = {
    **_MESSAGE_TEXTS,
    "sending": _CALLING,
    "DELIVERED": ("good", gettext_lazy("Your phone rang.")),
    "ANSWERED": ("good", gettext_lazy("You picked up.")),
    "refused": ("bad", gettext_lazy("This call was not made. If you got a code before, it still works.")),
    "unknown": (
        "unknown",
        gettext_lazy("We do not know whether the call was made. If it comes, type its code."),
    ),
}

# Refusal code → the sentence that names the time to wait.
_WITH_TIME: Final[Mapping[str, Promise]] = {
    "resend_too_soon": gettext_lazy("You can ask for a new code in {time}."),
    "too_many_requests": gettext_lazy("Too many requests. Try again in {time}."),
    "outcome_unknown": gettext_lazy("We do not know yet whether your code was sent. Try again in {time}."),
    "check_unknown": gettext_lazy(
        "We could not find out whether this code is right. Enter the same code again in {time}."
    ),
    "unavailable": gettext_lazy("We cannot send or check codes at the moment. Try again in {time}."),
}


def instruction(verification: Verification) -> str:
    """Return what the person has to do now."""
    text = str(channel_spec(verification.method).texts.instruction)
    return text.format(digits=verification.code_length, number=left_to_right(verification.masked_number))


def left_to_right(number: str) -> str:
    """Return the number in isolates that keep its order within a right-to-left sentence."""
    return f"\u2066{number}\u2069"


def delivery_text(verification: Verification) -> tuple[str, str]:
    """Return the tone (``waiting``, ``good``, ``bad``, ``unknown``) and the sentence about the newest message."""
    spec, status = channel_spec(verification.method), verification.delivery
    if status in FAILED_STATUSES:
        return "bad", str(spec.texts.undelivered)
    known, other = (_CALL_TEXTS, _CALLING) if spec.rings else (_MESSAGE_TEXTS, _ON_ITS_WAY)
    tone, sentence = known.get(status, other)
    return tone, str(sentence)


def resend_buttons(verification: Verification, methods: Sequence[str]) -> list[tuple[str, str]]:
    """Return the methods of a resend with their labels. After a failed delivery the other methods come first."""
    used = verification.method
    others = [(method, str(channel_spec(method).texts.switch)) for method in methods if method != used]
    same = [(used, str(channel_spec(used).texts.resend))] if used in methods else []
    return [*others, *same] if verification.delivery in FAILED_STATUSES else [*same, *others]


def countdown_text() -> str:
    """Return the sentence of the countdown to the next resend, with the placeholder ``{time}``."""
    return str(_WITH_TIME["resend_too_soon"])


def refusal_text(refusal: Refusal) -> str:
    """Return the sentence of a refusal, with the time to wait where there is one."""
    if refusal.retry_after is None:
        return refusal.detail
    has_own_detail = refusal.code not in _WITH_TIME or refusal.detail != Refusal(refusal.code).detail
    again = _("Try again in {time}.")
    text = f"{refusal.detail} {again}" if has_own_detail else str(_WITH_TIME[refusal.code])
    return text.replace("{time}", rounded_duration(refusal.retry_after))
