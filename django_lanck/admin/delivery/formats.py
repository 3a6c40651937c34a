"""Numbers, times and days as text in the active language."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.utils import formats
from django.utils.translation import gettext as _

NONE = "–"


def number_text(number: float | Decimal, places: int) -> str:
    """Return the number rounded to so many places; Django's ``number_format`` truncates."""
    return formats.number_format(f"{number:.{places}f}", places, force_grouping=True)


def count_text(count: int) -> str:
    return number_text(count, 0)


def share_text(share: float | None, places: int = 1) -> str:
    """0.6789 → ``67.9%``."""
    return NONE if share is None else _("%(number)s%%") % {"number": number_text(share * 100, places)}


def seconds_text(seconds: float | None) -> str:
    """3.42 → ``3.4 s``, 5400 → ``1.5 h``."""
    if seconds is None:
        return NONE
    if seconds < 90:
        return _("%(number)s s") % {"number": number_text(seconds, 1 if seconds < 10 else 0)}
    if seconds < 5400:
        return _("%(number)s min") % {"number": number_text(seconds / 60, 1 if seconds < 600 else 0)}
    return _("%(number)s h") % {"number": number_text(seconds / 3600, 1)}


def cost_text(cost: Decimal) -> str:
    """Return the cost without a currency: LANCK reports prices in the currency of the account."""
    return number_text(cost, 2)


def day_text(day: date) -> str:
    return formats.date_format(day, "SHORT_DATE_FORMAT")


def day_label(day: date) -> str:
    """Return the day in a short form for the axis of a chart."""
    return formats.date_format(day, "j M")
