"""Messages and verifications of some days, and what they come to by counting one after the other."""

from __future__ import annotations

import math
import random
import zoneinfo
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.conf import settings

from django_lanck.models import Message, NumberInsight, Verification
from django_lanck.models.status import RANKS, Status, rank_of
from django_lanck.models.time import start_of_day

CHANNELS = ["sms", "voice", "call"]
NETWORKS = [("US", "310260"), ("US", "311480"), ("GB", "23415"), ("", "")]
OWN = [Status.SENDING, Status.UNKNOWN, Status.REFUSED, Status.ACCEPTED]
LANCKS = ["SENT", "REJECTED", "UNDELIVERED", "DELIVERED", "ANSWERED", "Buffered"]


def fill(first: date, days: int, seed: int, each_day: int = 30) -> None:
    """Verifications with one to three messages, messages without one, and fraud checks, at whole milliseconds."""
    chance = random.Random(seed)
    messages: list[Message] = []
    for number in range(days):
        start, end = start_of_day(first + timedelta(days=number)), start_of_day(first + timedelta(days=number + 1))
        for _ in range(each_day):
            at = start + timedelta(milliseconds=chance.randrange(int((end - start).total_seconds() * 1000)))
            verification = _verification(chance, at) if chance.random() < 0.7 else None
            for resend in range(chance.choice([1, 1, 1, 2, 3]) if verification else 1):
                sent = min(at + timedelta(seconds=40 * resend), end - timedelta(milliseconds=1))
                messages.append(_message(chance, sent, verification))
            if chance.random() < 0.3:
                state = chance.choice(["PASSED", "SUSPICIOUS"])
                NumberInsight.objects.create(number="+12015550123", kind="fraud", status=state, created_at=at)
                NumberInsight.objects.create(number="+12015550123", kind="hlr", status=state, created_at=at)
    Message.objects.bulk_create(messages)


def _verification(chance: random.Random, at: datetime) -> Verification:
    verified = chance.random() < 0.6
    return Verification.objects.create(
        number="+12015550123",
        purpose=chance.choice(["signup", "login"]),
        method="sms",
        code_length=6,
        max_attempts=5,
        created_at=at,
        expires_at=at + timedelta(minutes=10),
        state="verified" if verified else chance.choice(["pending", "expired", "canceled"]),
        ended_at=at + _time(chance) if verified else None,
        is_test=chance.random() < 0.1,
    )


def _message(chance: random.Random, at: datetime, verification: Verification | None) -> Message:
    own = chance.random() < 0.4
    status = chance.choice(OWN) if own else chance.choice(LANCKS)
    country, mccmnc = chance.choice(NETWORKS)
    return Message(
        number="+12015550123",
        channel=chance.choice(CHANNELS),
        verification=verification,
        country=country,
        mccmnc=mccmnc,
        network=f"Network {mccmnc}" if mccmnc and chance.random() < 0.5 else "",
        created_at=at,
        status=status,
        status_rank=RANKS[status] if own else rank_of(status),
        status_at=None if own or chance.random() < 0.1 else at + _time(chance),
        error_code=chance.choice([None, 402, 429]) if status == Status.REFUSED else None,
        price=Decimal(chance.randrange(1, 10**6)).scaleb(-6) if chance.random() < 0.5 else None,
        is_test=verification.is_test if verification else False,
    )


def _time(chance: random.Random) -> timedelta:
    """Usually seconds; now and then before the start, by another clock, or days."""
    return timedelta(milliseconds=round(chance.lognormvariate(8.5, 1.5)) - chance.choice([0, 0, 0, 0, 5000]))


def local(at: datetime) -> datetime:
    return at.astimezone(zoneinfo.ZoneInfo(settings.TIME_ZONE))


def bucket(seconds: float) -> int:
    return min(max(0, math.floor(math.log(max(seconds, 0.05) / 0.1, 2 ** (1 / 4)) + 1e-9)), 78)


def count(rows: Iterator[tuple[date, tuple[str, ...], dict[str, object]]]) -> dict[object, Counter[str]]:
    sums: dict[object, Counter[str]] = defaultdict(Counter)
    for day, key, names in rows:
        for name, amount in names.items():
            sums[day, *key][name] += amount
    return dict(sums)


def counted() -> dict[object, Counter[str]]:
    """(Day, purpose, channel, country, network) → what is counted there, without what is 0. Times are by bucket."""
    return count(_rows())


def _rows() -> Iterator[tuple[date, tuple[str, ...], dict[str, object]]]:
    messages = list(Message.objects.filter(is_test=False).select_related("verification").order_by("pk"))
    sent: dict[Verification, list[Message]] = defaultdict(list)
    for message in messages:
        yield local(message.created_at).date(), _key(message), dict(_facts(message))
        if message.verification:
            sent[message.verification].append(message)
    for verification, own in sent.items():
        yield local(verification.created_at).date(), _key(own[-1]), dict(_steps(verification, own))


def _key(message: Message) -> tuple[str, ...]:
    purpose = message.verification.purpose if message.verification else ""
    return purpose, message.channel, message.country, message.mccmnc


def _facts(message: Message) -> Iterator[tuple[str, object]]:
    yield "messages", 1
    if message.status in (Status.REFUSED, Status.UNKNOWN):
        yield str(message.status), 1
    if message.status not in (Status.REFUSED, Status.UNKNOWN, Status.SENDING):
        yield "accepted", 1
    if message.status in ("DELIVERED", "ANSWERED"):
        yield "delivered", 1
        if message.status_at:
            yield f"delivery {bucket((message.status_at - message.created_at).total_seconds())}", 1
    if message.status in ("UNDELIVERED", "REJECTED"):
        yield "undelivered", 1
    if message.price is not None:
        yield "priced", 1
        yield "cost", message.price


def _steps(verification: Verification, own: list[Message]) -> Iterator[tuple[str, object]]:
    verified = verification.state == "verified"
    yield "started", 1
    if verified or any(each.status in ("accepted", *LANCKS) for each in own):
        yield "reached_lanck", 1
    if verified or any(each.status in ("DELIVERED", "ANSWERED") for each in own):
        yield "reached_phone", 1
    if verified:
        yield "verified", 1
        yield f"proof {bucket((verification.ended_at - verification.created_at).total_seconds())}", 1
