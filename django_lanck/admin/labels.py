"""The words that staff read for what is stored, and their colours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..channels import Channel, channel_spec
from ..durations import exact_duration
from ..models import Status, Verification

# The colour of a word; any other word of LANCK's is neutral.
TONES: Final[Mapping[str, str]] = {
    Status.ACCEPTED: "waiting",
    Status.SENDING: "waiting",
    Status.SENT: "waiting",
    Status.DELIVERED: "good",
    Status.ANSWERED: "good",
    Status.REFUSED: "bad",
    Status.REJECTED: "bad",
    Status.UNDELIVERED: "bad",
    Status.UNKNOWN: "unknown",
    Verification.State.PENDING: "waiting",
    Verification.State.VERIFIED: "good",
    Verification.State.EXHAUSTED: "bad",
    Verification.State.EXPIRED: "neutral",
    Verification.State.CANCELED: "neutral",
    "PASSED": "good",
    "NOT_MOBILE_PREFIX": "unknown",
    "SUSPICIOUS": "unknown",
    "FRAUDULENT": "bad",
    "standing": "unknown",
    "in the way": "bad",
}
WORDS: Final[Mapping[str, Any]] = {
    **dict(Status.choices),
    **dict(Verification.State.choices),
    "standing": gettext_lazy("standing"),
    "lifted": gettext_lazy("lifted"),
    "in the way": gettext_lazy("in the way"),
    "has room": gettext_lazy("has room"),
}
# LANCK's words about numbers, those of the HLR first. A subscriber who was found is DELIVERED.
INSIGHT_WORDS: Final[Mapping[str, Any]] = {
    "DELIVERED": gettext_lazy("subscriber found"),
    "UNDELIVERED": gettext_lazy("subscriber not found"),
    "REJECTED": gettext_lazy("lookup rejected"),
    "PASSED": gettext_lazy("passed"),
    "NOT_MOBILE_PREFIX": gettext_lazy("not a mobile prefix"),
    "SUSPICIOUS": gettext_lazy("suspicious"),
    "FRAUDULENT": gettext_lazy("fraudulent"),
}
# Source: RFC 3261, section 21, in the words of the one who called.
SIP_WORDS: Final[Mapping[int, Any]] = {
    200: gettext_lazy("answered"),
    403: gettext_lazy("refused by the network"),
    404: gettext_lazy("no such number"),
    408: gettext_lazy("no answer in time"),
    410: gettext_lazy("number no longer in use"),
    480: gettext_lazy("not reachable"),
    484: gettext_lazy("number incomplete"),
    486: gettext_lazy("busy"),
    487: gettext_lazy("hung up before it was answered"),
    500: gettext_lazy("failure in the network"),
    502: gettext_lazy("failure in the network"),
    503: gettext_lazy("network not available"),
    504: gettext_lazy("network too slow"),
    600: gettext_lazy("busy"),
    603: gettext_lazy("declined"),
    604: gettext_lazy("no such number"),
}


def badge(word: str, said: Any = None) -> SafeString:
    """A word with its colour; the colour says nothing that the word does not say."""
    return format_html(
        '<span class="lanck-badge lanck-{}">{}</span>', TONES.get(word, "neutral"), said or WORDS.get(word, word)
    )


def channel_name(channel: str) -> str:
    return str(dict(Channel.choices).get(channel, channel))


def channel_noun(channel: str) -> str:
    """What it is called within a sentence, which does not tell whose code it carries."""
    return str(channel_spec(channel).noun or channel_name(channel))


def sip_words(status: int) -> str:
    words = SIP_WORDS.get(status)
    return f"{words} (SIP {status})" if words else f"SIP {status}"


def call_end(*, sip_status: int | None, duration: int | None, billable: bool | None) -> str:
    """How a call ended, as far as it is known: ``busy (SIP 486), 0 seconds, not billable``."""
    words = []
    if sip_status is not None:
        words.append(sip_words(sip_status))
    if duration is not None:
        words.append(exact_duration(duration))
    if billable is not None:
        words.append(_("billable") if billable else _("not billable"))
    return ", ".join(words)


def shortened(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"


def time_of_day(at: datetime, now: datetime) -> str:
    """The time of a day, to the second; with its date where that is not today's."""
    local = timezone.localtime(at)
    return local.strftime("%H:%M:%S" if local.date() == timezone.localtime(now).date() else "%Y-%m-%d %H:%M")


def ago(at: datetime, now: datetime) -> str:
    """How long it is since then, roughly: ``12 seconds``, ``3 minutes``."""
    seconds = max(int((now - at).total_seconds()), 0)
    return exact_duration(seconds) if seconds < 60 else timesince(at, now, depth=1)
