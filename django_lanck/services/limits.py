"""The limits of one number, and lifting them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from .. import guard
from ..conf import conf
from ..exceptions import Refusal
from ..guard import Attempt, StandingLimit
from .numbers import country_of, number_as_kept, parse_number

if TYPE_CHECKING:
    from phonenumber_field.phonenumber import PhoneNumber


def limits_of_number(
    *, number: str | PhoneNumber, user_ids: Collection[Any] = (), sessions: Collection[str] = ()
) -> list[StandingLimit]:
    """Return the limits that count something for a number in any spelling, exceeded ones first.

    The limits of ``user_ids`` (keys of users) and of ``sessions`` (``binding_hash`` of verifications) are included.
    Those by address are not, because addresses are not stored. Raises Refusal ``invalid_number``.
    """
    stored = number_as_kept(number)
    return guard.standing_limits(stored, country_of(stored), user_ids=user_ids, sessions=sessions)


def lift_limits(*, number: str | PhoneNumber, user_ids: Collection[Any] = (), sessions: Collection[str] = ()) -> int:
    """Reset the limits of a person, and return how many of them counted something.

    These are the limits of the number, the users and the sessions: codes sent, wrong codes, the ladder and other
    messages sent. Limits of prefixes, countries, the site and addresses stay. Raises Refusal ``invalid_number``.
    """
    stored = number_as_kept(number)
    return guard.lift_limits(stored, country_of(stored), user_ids=user_ids, sessions=sessions)


def is_supported(*, number: str | PhoneNumber) -> bool:
    """Return whether the country and the kind of a number allow codes for at least one purpose."""
    try:
        phone = parse_number(number)
    except Refusal:
        return False
    attempts = (
        Attempt("start", phone.as_e164, country_of(phone), profile=conf.profile(purpose)) for purpose in conf.purposes
    )
    return any(not _is_unsupported(attempt) for attempt in attempts)


def _is_unsupported(attempt: Attempt) -> bool:
    return any(code == "number_not_supported" and rule not in conf.watch for rule, code in guard.rules_against(attempt))
