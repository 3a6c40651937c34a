"""Opt numbers out of marketing and lift opt-outs. Inbound SMS with a stop word opt out in ``inbound``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from django.db import transaction

from ...models import OptOut
from ..numbers import parse_known_number

if TYPE_CHECKING:
    from phonenumber_field.phonenumber import PhoneNumber


def opt_out(*, number: str | PhoneNumber) -> bool:
    """Opt a number out of marketing; return False if it has an active opt-out. Raises Refusal ``invalid_number``.

    An active opt-out keeps its time and its inbound message.
    """
    e164 = _stored_number(number)
    if OptOut.objects.standing().filter(number=e164).exists():
        return False
    OptOut.objects.record(e164)
    return True


def lift_opt_out(*, number: str | PhoneNumber) -> bool:
    """Lift the opt-out of a number; return False if it has no active one. Raises Refusal ``invalid_number``."""
    return bool(OptOut.objects.filter(number=_stored_number(number)).lift())


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


def _stored_number(number: str | PhoneNumber) -> str:
    """Return the number as opt-outs store it: the sender of a stop word may be a number that does not parse."""
    text = str(number)
    if text.isprintable() and OptOut.objects.filter(number=text).exists():
        return text
    return str(parse_known_number(number).as_e164)
