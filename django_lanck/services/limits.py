"""What one person ran into, and letting them go on."""

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
    """The limits that are counting for a number in any spelling, those in the way first.

    ``user_ids`` are users and ``sessions`` the ``binding_hash`` of verifications whose own limits are wanted too. What
    is counted by the person's address is not among them: nobody keeps which address that was. Raises Refusal
    ``invalid_number``.
    """
    kept = number_as_kept(number)
    return guard.standing_limits(kept, country_of(kept), user_ids=user_ids, sessions=sessions)


def lift_limits(*, number: str | PhoneNumber, user_ids: Collection[Any] = (), sessions: Collection[str] = ()) -> int:
    """Let a person start, check and be sent to anew; how many of their limits were counting.

    Lifted are those of the number, of the users and of the sessions: codes sent, wrong codes, the ladder, other
    sends. Those of prefixes, countries and the site are no person's and stay, and so do those of addresses. Raises
    Refusal ``invalid_number``.
    """
    kept = number_as_kept(number)
    return guard.lift_limits(kept, country_of(kept), user_ids=user_ids, sessions=sessions)


def is_supported(*, number: str | PhoneNumber) -> bool:
    """Whether there is a purpose for which a code is sent to this number: its country and its kind fit."""
    try:
        phone = parse_number(number)
    except Refusal:
        return False
    attempts = (
        Attempt("start", phone.as_e164, country_of(phone), profile=conf.profile(purpose)) for purpose in conf.purposes
    )
    return any(not _is_turned_down(attempt) for attempt in attempts)


def _is_turned_down(attempt: Attempt) -> bool:
    return any(code == "number_not_supported" and rule not in conf.watch for rule, code in guard.rules_against(attempt))
