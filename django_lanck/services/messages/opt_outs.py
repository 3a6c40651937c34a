"""The list of those who want no marketing, as people keep it. Texts with a stop word get on it by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from django.db import transaction

from ...models import OptOut
from ..numbers import parse_number

if TYPE_CHECKING:
    from phonenumber_field.phonenumber import PhoneNumber


def opt_out(*, number: str | PhoneNumber) -> bool:
    """Put a number on the list, or back on it; True if it was not there. Raises Refusal ``invalid_number``.

    One that stands is left as it is, with its time and the text that it came by.
    """
    e164 = _as_kept(number)
    if OptOut.objects.standing().filter(number=e164).exists():
        return False
    OptOut.objects.record(e164)
    return True


def lift_opt_out(*, number: str | PhoneNumber) -> bool:
    """Take a number off the list: marketing may go to it again. True if it was on it. Raises as :func:`opt_out`."""
    return bool(OptOut.objects.filter(number=_as_kept(number)).lift())


def lift_opt_outs(*, rows: Iterable[OptOut], on_change: Callable[[OptOut], object]) -> int:
    """Lift each of the opt-outs; return how many were active.

    ``on_change`` is called with each changed row in the transaction of its change: what it stores is committed together
    with the change or not at all.
    """
    return sum(_changed(row, lift_opt_out, on_change) for row in rows)


def restore_opt_outs(*, rows: Iterable[OptOut], on_change: Callable[[OptOut], object]) -> int:
    """Make each of the opt-outs active again; return how many were lifted. As :func:`lift_opt_outs`."""
    return sum(_changed(row, opt_out, on_change) for row in rows)


@transaction.atomic
def _changed(row: OptOut, change: Callable[..., bool], on_change: Callable[[OptOut], object]) -> bool:
    is_changed = change(number=row.number)
    if is_changed:
        on_change(row)
    return is_changed


def _as_kept(number: str | PhoneNumber) -> str:
    """Whoever texts a stop word is on the list, also by a number that does not parse."""
    text = str(number)
    if text.isprintable() and OptOut.objects.filter(number=text).exists():
        return text
    return str(parse_number(number).as_e164)
