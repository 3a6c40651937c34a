"""The labels and colours of stored values."""

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

# The colour of a label. A status of LANCK's that is not listed is neutral.
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
    "active": "unknown",
    "exceeded": "bad",
}
LABELS: Final[Mapping[str, Any]] = {
    **dict(Status.choices),
    **dict(Verification.State.choices),
    "active": gettext_lazy("active"),
    "lifted": gettext_lazy("lifted"),
    "exceeded": gettext_lazy("exceeded"),
}
# The statuses of insights: of HLR lookups, then of fraud checks.
INSIGHT_LABELS: Final[Mapping[str, Any]] = {
    "DELIVERED": gettext_lazy("subscriber found"),
    "UNDELIVERED": gettext_lazy("subscriber not found"),
    "REJECTED": gettext_lazy("lookup rejected"),
    "PASSED": gettext_lazy("passed"),
    "NOT_MOBILE_PREFIX": gettext_lazy("not a mobile prefix"),
    "SUSPICIOUS": gettext_lazy("suspicious"),
    "FRAUDULENT": gettext_lazy("fraudulent"),
}
# SIP status codes as a caller understands them. Source: RFC 3261, section 21.
SIP_LABELS: Final[Mapping[int, Any]] = {
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


def badge(status: str, label: Any = None) -> SafeString:
    """Return a coloured label for a status, by default the one in ``LABELS``."""
    return format_html(
        '<span class="lanck-badge lanck-{}">{}</span>',
        TONES.get(status, "neutral"),
        label or LABELS.get(status, status),
    )


def channel_name(channel: str) -> str:
    return str(dict(Channel.choices).get(channel, channel))


def channel_noun(channel: str) -> str:
    """Return the name of a channel for use in a sentence. It does not say who generates the code."""
    return str(channel_spec(channel).noun or channel_name(channel))


def sip_label(status: int) -> str:
    label = SIP_LABELS.get(status)
    return f"{label} (SIP {status})" if label else f"SIP {status}"


def call_end(*, sip_status: int | None, duration: int | None, billable: bool | None) -> str:
    """Return how a call ended, such as ``busy (SIP 486), 0 seconds, not billable``. None leaves a part out."""
    parts = []
    if sip_status is not None:
        parts.append(sip_label(sip_status))
    if duration is not None:
        parts.append(exact_duration(duration))
    if billable is not None:
        parts.append(_("billable") if billable else _("not billable"))
    return ", ".join(parts)


def shortened(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"


def time_of_day(at: datetime, now: datetime) -> str:
    """Return the local time of day with seconds, or the date and time if it is not today."""
    local = timezone.localtime(at)
    return local.strftime("%H:%M:%S" if local.date() == timezone.localtime(now).date() else "%Y-%m-%d %H:%M")


def ago(at: datetime, now: datetime) -> str:
    """Return the rounded time since then, such as ``12 seconds`` or ``3 minutes``."""
    seconds = max(int((now - at).total_seconds()), 0)
    return exact_duration(seconds) if seconds < 60 else timesince(at, now, depth=1)
