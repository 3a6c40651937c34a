"""What comes in, what is done in the background, and how long rows are kept."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.checks import Warning

from ..conf import RETENTION, conf
from ..values import Found, error, is_list, is_number, is_secret, is_text

PROVIDER_RATE = 30  # requests a second. Source: "Rate limits" on LANCK's page
MOST_DAYS = 3650  # every database can count so far back
# Shorter than that, pruning would take away what is still needed.
LEAST_DAYS = {"verifications": 1, "receipts": 2, "inbound": 2, "counters": 1, "refusals": 1, "figures": 91}
WHY_KEPT = {
    "verifications": "a person may still be typing the code.",
    "messages": "for RECONCILE_DAYS LANCK is asked about them, and receipts come late.",
    "receipts": "LANCK repeats them, and repeats are known by the first one.",
    "inbound": "LANCK repeats them for a day, and repeats are known by the first one.",
    "insights": "for INSIGHT_LIFETIME they are used again instead of paid again.",
    "counters": "a limit that has just ended may be in force.",
    "refusals": "today's are still counted.",
    "figures": "a quarter of a year is shown.",
}


def check_inbound() -> Found:
    if not is_list(conf.inbound_secrets, is_secret):
        hint = "It is a list of secrets of at least 20 letters, digits, - or _; two while one takes the other's place."
        yield error(23, "LANCK['INBOUND_SECRETS'] has a secret that does not fit.", hint)
    if not is_list(conf.stop_words, is_text):
        yield error(24, "LANCK['STOP_WORDS'] is no list of words.", "Such as ['STOP', 'UNSUBSCRIBE'].")


def check_background() -> Found:
    if not (conf.insight_lifetime == 0 or is_number(conf.insight_lifetime, above=0)):
        yield error(25, "LANCK['INSIGHT_LIFETIME'] is not a time.", "It is a number of seconds, 0 to ask each time.")
    for key in ("RECONCILE_AFTER", "RECONCILE_DAYS"):
        most = MOST_DAYS if key == "RECONCILE_DAYS" else 10**9
        if key in conf.raw and not is_number(conf.raw[key], above=0, most=most):
            yield error(26, f"LANCK['{key}'] is not a number above 0.", "Leave it out for the default.")
    if "BACKGROUND_RATE" in conf.raw and not is_number(conf.background_rate, above=0):
        yield error(28, "LANCK['BACKGROUND_RATE'] is not a number above 0.", "It is requests a second, such as 10.")
    elif conf.background_rate >= PROVIDER_RATE:
        yield Warning(
            "LANCK['BACKGROUND_RATE'] leaves nothing for the people who wait.",
            hint=f"LANCK takes {PROVIDER_RATE} requests a second from an account. Set it well below.",
            id="django_lanck.W003",
        )


def check_retention() -> Found:
    own = conf.raw.get("RETENTION", {})
    fits = isinstance(own, Mapping) and set(own) <= set(RETENTION)
    if not fits or not all(days is None or is_number(days, above=0, most=MOST_DAYS) for days in own.values()):
        hint = f"Such as {{'messages': 180, 'receipts': None}}. Kinds: {', '.join(RETENTION)}; None keeps for ever."
        yield error(32, "LANCK['RETENTION'] is no dictionary of days.", hint)
        return
    needed = {**LEAST_DAYS, **_days_in_use()}
    for kind, days in conf.retention.items():
        at_least = needed[kind]
        if days is not None and days < at_least:
            hint = f"At least {at_least:g} days: {WHY_KEPT[kind]}"
            yield error(33, f"LANCK['RETENTION'][{kind!r}] is too short.", hint)
    if _longer(conf.retention["messages"], conf.retention["verifications"]):
        yield Warning(
            "LANCK['RETENTION'] keeps messages longer than verifications, and a verification stays with its messages.",
            hint="Give 'messages' at most the days of 'verifications'.",
            id="django_lanck.W004",
        )


def _days_in_use() -> dict[str, float]:
    """What other settings ask for, unless they are wrong themselves."""
    reconciled, used = conf.reconcile_days, conf.insight_lifetime
    return {
        "messages": reconciled + 1 if is_number(reconciled, above=0, most=MOST_DAYS) else 0,
        "insights": used / 86_400 if is_number(used, above=0) else 0,
    }


def _longer(days: float | None, other: float | None) -> bool:
    return other is not None and (days is None or days > other)
