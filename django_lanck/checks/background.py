"""Checks of inbound messages, background work and retention."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.checks import Warning

from ..conf import RETENTION, conf
from ..values import CheckMessages, error, is_list, is_number, is_secret, is_text

PROVIDER_RATE = 30  # requests a second. Source: "Rate limits" on LANCK's page
MOST_DAYS = 3650  # a number of days that every database can subtract from the current time
# The days for which the app needs the rows.
LEAST_DAYS = {"verifications": 1, "receipts": 2, "inbound": 2, "counters": 1, "refusals": 1, "figures": 91}
REASONS = {
    "verifications": "a person may still enter the code.",
    "messages": "they are reconciled for RECONCILE_DAYS, and receipts arrive late.",
    "receipts": "LANCK repeats them, and a repeat is recognized by the first one.",
    "inbound": "LANCK repeats them for a day, and a repeat is recognized by the first one.",
    "insights": "they are used again for INSIGHT_LIFETIME.",
    "counters": "the limit of a window that has just ended may still apply.",
    "refusals": "today's are still counted.",
    "figures": "the dashboard shows up to 90 days.",
}


def check_inbound() -> CheckMessages:
    if not is_list(conf.inbound_secrets, is_secret):
        hint = "It is a list of secrets of at least 20 letters, digits, - or _; two while one replaces the other."
        yield error(23, "LANCK['INBOUND_SECRETS'] has an invalid secret.", hint)
    if not is_list(conf.stop_words, is_text):
        yield error(24, "LANCK['STOP_WORDS'] is not a list of words.", "Such as ['STOP', 'UNSUBSCRIBE'].")


def check_background() -> CheckMessages:
    if not (conf.insight_lifetime == 0 or is_number(conf.insight_lifetime, above=0)):
        hint = "It is a number of seconds, 0 to call LANCK each time."
        yield error(25, "LANCK['INSIGHT_LIFETIME'] is not a time.", hint)
    for key in ("RECONCILE_AFTER", "RECONCILE_DAYS"):
        most = MOST_DAYS if key == "RECONCILE_DAYS" else 10**9
        if key in conf.raw and not is_number(conf.raw[key], above=0, most=most):
            yield error(26, f"LANCK['{key}'] is not a number above 0.", "Leave it out for the default.")
    if "BACKGROUND_RATE" in conf.raw and not is_number(conf.background_rate, above=0):
        yield error(28, "LANCK['BACKGROUND_RATE'] is not a number above 0.", "It is requests a second, such as 10.")
    elif conf.background_rate >= PROVIDER_RATE:
        yield Warning(
            "LANCK['BACKGROUND_RATE'] leaves no requests for people who wait for a code.",
            hint=f"LANCK accepts {PROVIDER_RATE} requests a second from an account. Set it well below.",
            id="django_lanck.W003",
        )


def check_retention() -> CheckMessages:
    own = conf.raw.get("RETENTION", {})
    is_valid = isinstance(own, Mapping) and set(own) <= set(RETENTION)
    if not is_valid or not all(days is None or is_number(days, above=0, most=MOST_DAYS) for days in own.values()):
        hint = f"Such as {{'messages': 180, 'receipts': None}}. Kinds: {', '.join(RETENTION)}; None for no limit."
        yield error(32, "LANCK['RETENTION'] is not a dictionary of days.", hint)
        return
    needed = {**LEAST_DAYS, **_days_in_use()}
    for kind, days in conf.retention.items():
        at_least = needed[kind]
        if days is not None and days < at_least:
            hint = f"At least {at_least:g} days: {REASONS[kind]}"
            yield error(33, f"LANCK['RETENTION'][{kind!r}] is too short.", hint)
    if _is_longer(conf.retention["messages"], conf.retention["verifications"]):
        yield Warning(
            "LANCK['RETENTION'] stores messages longer than verifications, and a verification stays with its messages.",
            hint="Give 'messages' at most the days of 'verifications'.",
            id="django_lanck.W004",
        )


def _days_in_use() -> dict[str, float]:
    """Return the days that other settings need; 0 for a setting that is invalid itself."""
    reconciled, used = conf.reconcile_days, conf.insight_lifetime
    return {
        "messages": reconciled + 1 if is_number(reconciled, above=0, most=MOST_DAYS) else 0,
        "insights": used / 86_400 if is_number(used, above=0) else 0,
    }


def _is_longer(days: float | None, other: float | None) -> bool:
    return other is not None and (days is None or days > other)
