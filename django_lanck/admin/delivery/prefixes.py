"""The prefixes whose codes do not come back, as the page of deliveries shows them, and pausing them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from ...models import LimitCounter
from ...models.number import SHOWN_START
from ...services import pause_prefix, resume_prefix, suspicious_prefixes
from .formats import count_text, share_text

RULE: Final = "prefix_conversion"


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


def mask_prefix(prefix: str) -> str:
    """``+1201555`` → ``+1201•••••••``: with a masked number, which shows the last four digits, it would be whole."""
    return f"{prefix[:SHOWN_START]}{'•' * max(len(prefix) - SHOWN_START, 3)}••••"


def change_pause(user_id: Any, key: str, *, resume: bool, masked: bool) -> str | None:
    """Pause the prefix of a counter or lift its pause, and note who did it, both or neither.

    Returns what to tell them; None where the counter is gone.
    """
    counter = LimitCounter.objects.filter(pk=key, rule=RULE).first() if key.isalnum() else None
    if counter is None:
        return None
    prefix, hidden = counter.label, mask_prefix(counter.label)
    counter.label = hidden  # so that it is masked in the log, which has readers of its own
    with transaction.atomic():
        if resume:
            resume_prefix(prefix=prefix)
            note, text = _("Lifted the pause of the prefix."), _("%(prefix)s gets codes again.")
            words = {"prefix": prefix}
        else:
            until = timezone.localtime(pause_prefix(prefix=prefix))
            note, text = _("Paused the prefix by hand."), _("%(prefix)s gets no codes until %(until)s.")
            words = {"prefix": prefix, "until": date_format(until, "SHORT_DATETIME_FORMAT")}
        LogEntry.objects.log_actions(user_id, [counter], CHANGE, note, single_object=True)
    return text % {**words, "prefix": hidden if masked else prefix}
