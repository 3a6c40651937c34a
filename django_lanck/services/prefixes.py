"""Pausing prefixes by hand, with an entry in the admin's log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.apps import apps
from django.db import transaction
from django.utils.translation import gettext as _

from ..guard import pause_prefix, resume_prefix
from ..models import LimitCounter
from ..models.number import SHOWN_START

RULE: Final = "prefix_conversion"


@dataclass(frozen=True, slots=True)
class PauseChange:
    """A prefix whose pause was changed; ``paused_until`` is None when the pause was lifted."""

    prefix: str
    paused_until: datetime | None


def change_prefix_pause(*, key: str, paused: bool, user_id: Any) -> PauseChange | None:
    """Pause the prefix of a counter, or lift its pause, and log who did it, in one transaction.

    ``key`` is the key of the counter (:attr:`Prefix.key`). Returns None when there is no such counter any more.
    """
    counter = LimitCounter.objects.filter(pk=key, rule=RULE).first() if key.isalnum() else None
    if counter is None:
        return None
    prefix, until = counter.label, None
    with transaction.atomic():
        if paused:
            until = pause_prefix(prefix=prefix)
            _log(counter, user_id, _("Paused the prefix by hand."))
        else:
            resume_prefix(prefix=prefix)
            _log(counter, user_id, _("Lifted the pause of the prefix."))
    return PauseChange(prefix, until)


def mask_prefix(prefix: str) -> str:
    """Return ``+1201•••••••`` for ``+1201555``: the rest of the prefix is masked together with its last four digits.

    Next to a masked number, which shows the last four digits, a whole prefix would give the number away.
    """
    return f"{prefix[:SHOWN_START]}{'•' * max(len(prefix) - SHOWN_START, 3)}••••"


def _log(counter: LimitCounter, user_id: Any, text: str) -> None:
    """Write an entry in the admin's log, with the prefix masked: the log has readers of its own."""
    if not apps.is_installed("django.contrib.admin"):
        return
    from django.contrib.admin.models import CHANGE, LogEntry

    counter.label = mask_prefix(counter.label)
    LogEntry.objects.log_actions(user_id, [counter], CHANGE, text, single_object=True)
