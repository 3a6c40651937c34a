"""The limits that apply to an attempt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..conf import conf
from ..conf.profiles import PERIODS, Limits, Profile
from ..conf.rules import CONVERSION_RULES, RULES
from ..keys import keyed_hash
from ..models.limit import Limit
from .address import may_be_a_proxy, network_of, parse
from .attempt import Attempt

DAY: Final = PERIODS["day"]
# The window of the ladder in seconds; longer where the waits take longer in total.
LADDER: Final = 600


def limits_of(attempt: Attempt) -> list[Limit]:
    """Return the limits of an attempt: for a check those of wrong codes, else those of sent messages."""
    if attempt.action == "check":
        return check_limits_of(attempt)
    if attempt.profile is None:
        return list(_counted("send", attempt, conf.send_limits, {"number": attempt.number}))
    return [*_start_limits(attempt, attempt.profile), *conversion_limits_of(attempt)]


def check_limits_of(attempt: Attempt) -> list[Limit]:
    """Return the limits of wrong codes. Those of a user and of visitors are counted apart.

    Otherwise anyone could lock a user out by entering wrong codes.
    """
    who = attempt.user_id or ""
    values = {"number": f"{attempt.number} {who}", "number_purpose": f"{attempt.number} {attempt.purpose} {who}"}
    return list(_counted("check", attempt, attempt.profile.check_limits if attempt.profile else None, values))


def _start_limits(attempt: Attempt, profile: Profile) -> Iterator[Limit]:
    if profile.limits is None:
        return
    values = {
        "number": attempt.number,
        "number_purpose": f"{attempt.number} {attempt.purpose}",
        "user": str(attempt.user_id or ""),
        "session": "" if attempt.user_id else attempt.session,
    }
    yield from _counted("start", attempt, profile.limits, values)
    waits = profile.resend_waits
    yield Limit(
        rule="ladder",
        key=_key("start", "ladder", 0, attempt.number),
        most=len(waits) + 1,
        seconds=max(LADDER, sum(waits)),
        waits=waits,
        watched="ladder" in conf.watch,
    )


def conversion_limits_of(attempt: Attempt) -> list[Limit]:
    """Return the limits that pause the number's prefix and country when too few of their codes are verified."""
    values = {"prefix": attempt.prefix, "country": attempt.country}
    return [conversion_limit(name, values[name]) for name in conf.conversion if values[name] and not attempt.is_test]


def conversion_limit(name: str, value: str) -> Limit:
    """Return the limit on a prefix or country; ``name`` is its key in ``CONVERSION``."""
    after, percent = conf.conversion[name]
    rule = CONVERSION_RULES[name].name
    return Limit(
        rule=rule,
        key=_key("start", rule, DAY, value),
        label=value,
        most=after,
        seconds=DAY,
        percent=percent,
        watched=rule in conf.watch,
        spares_known=True,
    )


def _counted(kind: str, attempt: Attempt, limits: Limits | None, personal: dict[str, str]) -> Iterator[Limit]:
    """Yield a limit for each rate of the rules that have a value to count by."""
    address = parse(attempt.address or "")
    values = {
        **personal,
        "address": network_of(address) if address else "",
        "prefix": attempt.prefix,
        "country": attempt.country,
        "site": "site",
    }
    for name, rates in (limits or {}).items():
        value = values.get(name, "")
        watched = name in conf.watch or (name == "address" and address is not None and may_be_a_proxy(address))
        for rate in rates if value else ():
            yield Limit(
                rule=name,
                key=_key(kind, name, rate.seconds, value),
                label=value if RULES[name].is_labelled else "",
                most=rate.most,
                seconds=rate.seconds,
                watched=watched,
                spares_known=RULES[name].is_labelled,
            )


def _key(kind: str, rule: str, seconds: int, value: str) -> str:
    return keyed_hash("django_lanck.limit", f"{kind} {rule} {seconds} {value}")[:32]
