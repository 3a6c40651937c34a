"""The limits that an attempt has to keep."""

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
# The ladder of waits begins anew after so many seconds, or later where the waits take longer.
LADDER: Final = 600


def limits_of(attempt: Attempt) -> list[Limit]:
    """The limits for what is sent, or for wrong codes that are typed."""
    if attempt.action == "check":
        return check_limits_of(attempt)
    if attempt.profile is None:
        return list(_counted("send", attempt, conf.send_limits, {"number": attempt.number}))
    return [*_start_limits(attempt, attempt.profile), *conversion_limits_of(attempt)]


def check_limits_of(attempt: Attempt) -> list[Limit]:
    who = attempt.user_id or ""  # a stranger's wrong codes must not use up those of the one who is logged in
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
    """Prefixes and countries whose codes go out and never come back are paused."""
    values = {"prefix": attempt.prefix, "country": attempt.country}
    return [conversion_limit(name, values[name]) for name in conf.conversion if values[name] and not attempt.is_test]


def conversion_limit(name: str, value: str) -> Limit:
    """The limit on a ``prefix`` or a ``country`` that is among ``CONVERSION``."""
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
