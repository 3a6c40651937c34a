"""Lengths of time in words, in the active language."""

from __future__ import annotations

import math
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

HOUR: Final = 3600
LONG: Final = 600


def exact_duration(seconds: int) -> str:
    """Return ``90 seconds``, ``10 minutes`` or ``2 hours``: the largest unit that needs no rounding."""
    if seconds and seconds % HOUR == 0:
        return _hours(seconds // HOUR)
    if seconds and seconds % 60 == 0:
        return _minutes(seconds // 60)
    return _seconds(seconds)


def rounded_duration(seconds: int) -> str:
    """Return ``25 seconds`` or ``1 minute 35 seconds``; from 10 minutes on whole minutes or hours, rounded up."""
    if seconds > HOUR - 60:
        return _hours(math.ceil(seconds / HOUR))
    if seconds >= LONG or (seconds % 60 == 0 and seconds):
        return _minutes(math.ceil(seconds / 60))
    minutes, rest = divmod(seconds, 60)
    if not minutes:
        return _seconds(rest)
    return _("%(minutes)s %(seconds)s") % {"minutes": _minutes(minutes), "seconds": _seconds(rest)}


def countdown(seconds: int) -> str:
    """Return minutes and seconds as a countdown shows them: ``1:35`` for 95."""
    return f"{seconds // 60}:{seconds % 60:02}"


def _hours(count: int) -> str:
    return ngettext("%d hour", "%d hours", count) % count


def _minutes(count: int) -> str:
    return ngettext("%d minute", "%d minutes", count) % count


def _seconds(count: int) -> str:
    return ngettext("%d second", "%d seconds", count) % count
