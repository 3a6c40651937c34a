"""The dashboard's table of prefixes with low conversion, and the messages about pausing them."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from ...services import suspicious_prefixes
from ...services.prefixes import PauseChange, mask_prefix
from .formats import count_text, share_text


class PrefixRow(NamedTuple):
    key: str
    prefix: str
    sent: str
    verified: str
    share: str
    refused: str
    paused_until: datetime | None


def prefix_rows(*, masked: bool) -> list[PrefixRow]:
    return [
        PrefixRow(
            each.key,
            mask_prefix(each.prefix) if masked else f"{each.prefix}••••",
            count_text(each.sent),
            count_text(each.verified),
            share_text(each.verified / each.sent if each.sent else None),
            count_text(each.refused),
            each.paused_until and timezone.localtime(each.paused_until),
        )
        for each in suspicious_prefixes()
    ]


def pause_message(change: PauseChange, *, masked: bool) -> str:
    """Return the message that is shown after a pause was changed."""
    prefix = mask_prefix(change.prefix) if masked else change.prefix
    if change.paused_until is None:
        return _("%(prefix)s gets codes again.") % {"prefix": prefix}
    until = date_format(timezone.localtime(change.paused_until), "SHORT_DATETIME_FORMAT")
    return _("%(prefix)s gets no codes until %(until)s.") % {"prefix": prefix, "until": until}
