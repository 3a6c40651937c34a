"""Verifications with their messages, resends, results, fraud checks and lookups."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django_lanck.channels import channel_spec
from django_lanck.models import NumberInsight, Status, Verification

from .messages import add_message
from .rows import Day, Person
from .world import CODES

LIFETIME: Final = timedelta(minutes=10)
FRAUD: Final = (("PASSED", 90), ("NOT_MOBILE_PREFIX", 4), ("SUSPICIOUS", 4), ("FRAUDULENT", 2))
FRAUD_OF_ATTACK: Final = (("PASSED", 10), ("SUSPICIOUS", 60), ("FRAUDULENT", 30))


def add_verification(day: Day) -> None:
    """Add a verification of a random person."""
    person = day.person()
    purpose, source, channel = day.pick([(each[:3], each[3]) for each in CODES])
    verification = _start(day, person, purpose, source, channel, day.moment(person.country))
    _add_insight(day, person, verification.created_at, FRAUD, share=0.08)
    message, delivered_at = add_message(day, person, channel, verification.created_at, verification)
    if message.status == Status.REFUSED:
        _cancel(verification)
    elif delivered_at is None and day.random.random() < 0.65:
        delivered_at = _resend(day, person, verification, verification.created_at + day.duration(70, 0.3))
    if delivered_at is not None:
        _enter_code(day, verification, delivered_at)


def add_attack(day: Day, person: Person, at: datetime) -> None:
    """Add a verification of an attacker, who never enters the code."""
    verification = _start(day, person, "signup", "lanck", "sms", at)
    _add_insight(day, person, at, FRAUD_OF_ATTACK, share=0.4)
    message, _ = add_message(day, person, "sms", at, verification)
    if message.status == Status.REFUSED:
        _cancel(verification)


def _start(day: Day, person: Person, purpose: str, source: str, channel: str, at: datetime) -> Verification:
    verification = Verification(
        id=UUID(int=day.random.getrandbits(128), version=4),
        number=person.number,
        purpose=purpose,
        method=channel,
        code_source=source,
        language=person.country.language,
        binding_hash=day.hex_digits(64),
        code_length=4 if channel_spec(channel).code_is_caller else 6,
        max_attempts=5,
        created_at=at,
        expires_at=at + LIFETIME,
        resend_at=at + timedelta(seconds=30),
        state=Verification.State.EXPIRED,
        ended_at=at + LIFETIME,
    )
    day.rows.verifications.append(verification)
    return verification


def _cancel(verification: Verification) -> None:
    verification.state = Verification.State.CANCELED
    verification.ended_at = verification.created_at + timedelta(seconds=1)


def _resend(day: Day, person: Person, verification: Verification, at: datetime) -> datetime | None:
    """Send another code, usually by voice; return the time of its delivery, or None."""
    by_voice = verification.code_source == "lanck" and day.random.random() < 0.7
    verification.method = "voice" if by_voice else verification.method
    verification.resends = 1
    verification.expires_at = verification.ended_at = at + LIFETIME
    return add_message(day, person, verification.method, at, verification)[1]


def _enter_code(day: Day, verification: Verification, delivered_at: datetime) -> None:
    """Let the person enter the code: usually right, sometimes not at all or too often wrong."""
    draw = day.random.random()
    if draw < 0.02:
        verification.state = Verification.State.EXHAUSTED
        verification.attempts = verification.failures = verification.max_attempts
        verification.ended_at = delivered_at + day.duration(90, 0.3)
    elif draw < 0.91:
        verification.state = Verification.State.VERIFIED
        verification.failures = day.pick([(0, 90), (1, 8), (2, 2)])
        verification.attempts = verification.failures + 1
        verification.ended_at = min(delivered_at + day.duration(16), verification.expires_at)
        verification.proof_hash = day.hex_digits(64)
        verification.proof_expires_at = verification.ended_at + LIFETIME
        if day.random.random() < 0.95:
            verification.proof_redeemed_at = verification.ended_at + day.duration(3)


def _add_insight(day: Day, person: Person, at: datetime, results: Sequence[tuple[str, float]], share: float) -> None:
    """Add an HLR lookup or a fraud check for this share of the verifications."""
    if day.random.random() >= share:
        return
    row = NumberInsight(number=person.number, country=person.country.code, created_at=at)
    if day.random.random() < 0.25:
        row.kind = NumberInsight.Kind.HLR
        row.status = day.pick([("DELIVERED", 92), ("UNDELIVERED", 6), ("REJECTED", 2)])
        row.mccmnc, row.network = person.network.mccmnc, person.network.name
    else:
        row.kind = NumberInsight.Kind.FRAUD
        row.status = day.pick(results)
        row.mobile_prefix = row.status != "NOT_MOBILE_PREFIX"
    day.rows.insights.append(row)
