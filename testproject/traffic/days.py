"""The rows of one day or of several."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Final

from django_lanck.models import InboundMessage, RefusalCount

from .messages import add_text
from .rows import Day, Rows
from .verifications import add_attack, add_verification
from .world import ATTACK, IRELAND, PROBE, PROBES, Incident, weight_of

# Verifications and messages without a code, as a share of a day's messages. Resends are the rest.
STARTS, TEXTS = 0.8, 0.12
INBOUND: Final = 0.01
ATTACK_FACTOR: Final = 6  # the codes of the attack, as a multiple of the country's codes of a day
RENTED_NUMBER: Final = "+12015550100"
REPLIES: Final = ("STOP", "Yes", "Thank you!", "I did not ask for this code", "HELP")
# Rule, action and number of refusals per 100 messages.
REFUSALS: Final = (
    ("ladder", "resend", 1.5),
    ("number", "start", 1.2),
    ("address", "start", 0.8),
    ("line_type", "start", 0.6),
    ("country_list", "start", 0.4),
    ("number", "check", 0.3),
)


def rows_of_days(until: date, *, days: int, messages: int, seed: int) -> Iterator[tuple[date, Rows]]:
    """Yield each day with its rows, the oldest day first; ``messages`` is the approximate total."""
    every = [until - timedelta(days=days_ago) for days_ago in reversed(range(days))]
    weight = sum(map(weight_of, every))
    for day in every:
        count = round(messages * weight_of(day) / weight)
        yield day, rows_of_day(day, days_ago=(until - day).days, messages=count, seed=seed)


def rows_of_day(day: date, *, days_ago: int, messages: int, seed: int) -> Rows:
    """Return the rows of a day in the site's time zone, with about so many messages; the same for a seed and a day.

    ``days_ago`` is the distance from the last day, which decides the incidents.
    """
    context = Day(day, days_ago, Random(f"{seed} {day}"))  # noqa: S311 (no secrets)
    for _ in range(round(messages * STARTS)):
        add_verification(context)
    for _ in range(round(messages * TEXTS)):
        add_text(context)
    for _ in range(round(messages * INBOUND)):
        _add_inbound(context)
    for incident, count in ((ATTACK, _attack_size(messages)), (PROBE, PROBES)):
        if days_ago == incident.days_ago:
            _add_attacks(context, incident, count)
    _add_refusals(context, messages)
    context.rows.messages.sort(key=lambda message: message.created_at)
    return context.rows


def _add_inbound(day: Day) -> None:
    person = day.person()
    at = day.moment(person.country)
    day.rows.inbound.append(
        InboundMessage(
            message_id=day.hex_digits(24),
            sender=person.number,
            recipient=RENTED_NUMBER,
            text=day.random.choice(REPLIES),
            parts=1,
            provider_at=at,
            received_at=at + timedelta(seconds=1),
        )
    )


def _attack_size(messages: int) -> int:
    return max(60, round(messages * IRELAND.share / 100 * ATTACK_FACTOR))


def _add_attacks(day: Day, incident: Incident, count: int) -> None:
    """Add codes to numbers of one operator, which pays the attacker for each; none is entered."""
    for _ in range(count):
        person = day.person_in(IRELAND, f"{incident.where}XXXX")
        second = day.random.uniform(incident.begins * 3600, incident.ends * 3600)
        add_attack(day, person, day.midnight + timedelta(seconds=round(second, 3)))


def _add_refusals(day: Day, messages: int) -> None:
    for rule, action, per_100 in REFUSALS:
        for country, share in (("US", 0.6), ("GB", 0.4)):
            count = round(messages * per_100 * share / 100 * day.random.uniform(0, 2))
            _add_refusal(day, rule, action, country, count)
    if day.days_ago == ATTACK.days_ago:
        attack = _attack_size(messages)
        _add_refusal(day, "prefix_conversion", "start", "IE", 3 * attack)
        _add_refusal(day, "country_conversion", "start", "IE", attack, watched=True)


def _add_refusal(day: Day, rule: str, action: str, country: str, count: int, *, watched: bool = False) -> None:
    if count:
        labels = {"rule": rule, "action": action, "purpose": "signup", "country": country, "watched": watched}
        day.rows.refusals.append(RefusalCount(day=day.day, count=count, **labels))
