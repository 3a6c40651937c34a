"""The limits that count something for one number, and lifting the personal ones."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists

from ..conf import conf
from ..conf.rules import RULES
from ..models import DatabaseNow, LimitCounter
from ..models.limit import Limit
from .admission import known
from .attempt import Action, Attempt
from .limits import limits_of


@dataclass(frozen=True, slots=True)
class StandingLimit:
    """One limit of a number in its current window.

    ``action`` is ``"start"`` (codes sent), ``"check"`` (wrong codes) or ``"send"`` (all other messages sent);
    ``purposes`` are the purposes that have it, none for a send. ``used`` of ``most`` events in ``seconds`` are counted;
    ``refused`` is the number of refusals in this window. ``is_in_the_way``: it is exceeded and enforced. ``until`` is
    when it has room again if it is, else the end of the window. :func:`lift_limits` lifts it if it ``is_personal``.
    """

    rule: str
    action: Action
    purposes: tuple[str, ...]
    used: int
    most: int
    seconds: int
    refused: int
    until: datetime
    is_in_the_way: bool
    is_personal: bool


def standing_limits(
    number: str, country: str, *, user_ids: Collection[Any] = (), sessions: Collection[str] = ()
) -> list[StandingLimit]:
    """Return the limits that count something now, exceeded ones first. One statement."""
    limits = _limits(number, country, user_ids, sessions)
    counters = LimitCounter.objects.filter(key__in={limit.key for _action, limit in limits})
    rows = counters.annotate(now=DatabaseNow(), number_is_known=Exists(known(number)))  # type: ignore[no-redef]
    found = {row.key: row for row in rows}
    standing = [
        _standing(found[limit.key], action, limit, purposes)
        for (action, limit), purposes in limits.items()
        if limit.key in found
    ]
    in_use = [limit for limit in standing if limit.used or limit.is_in_the_way]
    return sorted(in_use, key=lambda limit: (not limit.is_in_the_way, limit.action, limit.rule, limit.seconds))


def lift_limits(number: str, country: str, *, user_ids: Collection[Any] = (), sessions: Collection[str] = ()) -> int:
    """Reset the personal limits, and return how many counters counted something. One statement."""
    limits = _limits(number, country, user_ids, sessions)
    return LimitCounter.objects.lift({limit.key for _action, limit in limits if RULES[limit.rule].is_personal})


def _limits(
    number: str, country: str, user_ids: Collection[Any], sessions: Collection[str]
) -> dict[tuple[Action, Limit], tuple[str, ...]]:
    """Return each limit that can apply to an attempt for the number → the purposes that have it."""
    purposes: dict[tuple[Action, Limit], tuple[str, ...]] = {}
    for attempt in _attempts(number, country, user_ids, sessions):
        for limit in limits_of(attempt):
            before = purposes.get((attempt.action, limit), ())
            own = (attempt.purpose,) if attempt.purpose and attempt.purpose not in before else ()
            purposes[attempt.action, limit] = before + own
    return purposes


def _attempts(number: str, country: str, user_ids: Collection[Any], sessions: Collection[str]) -> Iterator[Attempt]:
    """Yield every attempt that a visitor, these users and these sessions can make for the number."""
    yield Attempt("send", number, country)
    people = [(None, ""), *((user_id, "") for user_id in user_ids), *((None, session) for session in sessions)]
    for purpose in conf.purposes:
        profile = conf.profile(purpose)
        for user_id, session in people:
            yield Attempt("start", number, country, profile=profile, user_id=user_id, session=session)
            yield Attempt("check", number, country, profile=profile, user_id=user_id, session=session)


def _standing(row: Any, action: Action, limit: Limit, purposes: tuple[str, ...]) -> StandingLimit:
    wait = row.seconds_to_wait(limit)
    is_spared = limit.watched or (limit.spares_known and row.number_is_known)
    return StandingLimit(
        rule=limit.rule,
        action=action,
        purposes=purposes,
        used=row.used if row.ends_at > row.now else 0,
        most=limit.most,
        seconds=limit.seconds,
        refused=row.refused,
        until=row.now + timedelta(seconds=wait) if wait else row.ends_at,
        is_in_the_way=wait > 0 and not is_spared,
        is_personal=RULES[limit.rule].is_personal,
    )
