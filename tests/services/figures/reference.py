"""Random messages and verifications, and a simple reference implementation of their figures."""

from __future__ import annotations

import math
import zoneinfo
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from django.conf import settings

from django_lanck.models import Message, NumberInsight, Verification
from django_lanck.models.status import RANKS, Status, rank_of
from django_lanck.models.time import start_of_day

CHANNELS = ["sms", "voice", "call"]
NETWORKS = [("US", "310260"), ("US", "311480"), ("GB", "23415"), ("", "")]
STATUSES_OF_APP = [Status.SENDING, Status.UNKNOWN, Status.REFUSED, Status.ACCEPTED]
STATUSES_OF_LANCK = ["SENT", "REJECTED", "UNDELIVERED", "DELIVERED", "ANSWERED", "Buffered"]


def fill(first: date, days: int, seed: int, each_day: int = 30) -> None:
    """Create verifications with one to three messages, other messages, and fraud checks, at whole milliseconds."""
    source = Random(seed)
    verifications: list[Verification] = []
    messages: list[Message] = []
    insights: list[NumberInsight] = []
    for number in range(days):
        start, end = start_of_day(first + timedelta(days=number)), start_of_day(first + timedelta(days=number + 1))
        for _ in range(each_day):
            at = start + timedelta(milliseconds=source.randrange(int((end - start).total_seconds() * 1000)))
            verification = _verification(source, at) if source.random() < 0.7 else None
            verifications += [verification] if verification else []
            for resend in range(source.choice([1, 1, 1, 2, 3]) if verification else 1):
                sent = min(at + timedelta(seconds=40 * resend), end - timedelta(milliseconds=1))
                messages.append(_message(source, sent, verification))
            if source.random() < 0.3:
                state = source.choice(["PASSED", "SUSPICIOUS"])
                for kind in ("fraud", "hlr"):
                    insights.append(NumberInsight(number="+12015550123", kind=kind, status=state, created_at=at))
    Verification.objects.bulk_create(verifications)
    NumberInsight.objects.bulk_create(insights)
    Message.objects.bulk_create(messages)


def _verification(source: Random, at: datetime) -> Verification:
    verified = source.random() < 0.6
    return Verification(
        number="+12015550123",
        purpose=source.choice(["signup", "login"]),
        method="sms",
        code_length=6,
        max_attempts=5,
        created_at=at,
        expires_at=at + timedelta(minutes=10),
        state="verified" if verified else source.choice(["pending", "expired", "canceled"]),
        ended_at=at + _duration(source) if verified else None,
        is_test=source.random() < 0.1,
    )


def _message(source: Random, at: datetime, verification: Verification | None) -> Message:
    own = source.random() < 0.4
    status = source.choice(STATUSES_OF_APP) if own else source.choice(STATUSES_OF_LANCK)
    country, mccmnc = source.choice(NETWORKS)
    return Message(
        number="+12015550123",
        channel=source.choice(CHANNELS),
        verification=verification,
        country=country,
        mccmnc=mccmnc,
        network=f"Network {mccmnc}" if mccmnc and source.random() < 0.5 else "",
        created_at=at,
        status=status,
        status_rank=RANKS[status] if own else rank_of(status),
        status_at=None if own or source.random() < 0.1 else at + _duration(source),
        error_code=source.choice([None, 402, 429]) if status == Status.REFUSED else None,
        price=Decimal(source.randrange(1, 10**6)).scaleb(-6) if source.random() < 0.5 else None,
        is_test=verification.is_test if verification else False,
    )


def _duration(source: Random) -> timedelta:
    """Return seconds, sometimes days, or a negative time, as a clock of LANCK's that is behind produces it."""
    return timedelta(milliseconds=round(source.lognormvariate(8.5, 1.5)) - source.choice([0, 0, 0, 0, 5000]))


def local(at: datetime) -> datetime:
    return at.astimezone(zoneinfo.ZoneInfo(settings.TIME_ZONE))


def bucket(seconds: float) -> int:
    return min(max(0, math.floor(math.log(max(seconds, 0.05) / 0.1, 2 ** (1 / 4)) + 1e-9)), 78)


def sum_counts(rows: Iterator[tuple[date, tuple[str, ...], dict[str, object]]]) -> dict[object, Counter[str]]:
    sums: dict[object, Counter[str]] = defaultdict(Counter)
    for day, key, names in rows:
        for name, amount in names.items():
            sums[day, *key][name] += amount
    return dict(sums)


def expected() -> dict[object, Counter[str]]:
    """Return (day, purpose, channel, country, network) → counts above 0. Times are counted by bucket."""
    return sum_counts(_rows())


def _rows() -> Iterator[tuple[date, tuple[str, ...], dict[str, object]]]:
    messages = list(Message.objects.filter(is_test=False).select_related("verification").order_by("pk"))
    sent: dict[Verification, list[Message]] = defaultdict(list)
    for message in messages:
        yield local(message.created_at).date(), _dimensions(message), dict(_counts_of_message(message))
        if message.verification:
            sent[message.verification].append(message)
    for verification, own in sent.items():
        yield (
            local(verification.created_at).date(),
            _dimensions(own[-1]),
            dict(_counts_of_verification(verification, own)),
        )


def _dimensions(message: Message) -> tuple[str, ...]:
    purpose = message.verification.purpose if message.verification else ""
    return purpose, message.channel, message.country, message.mccmnc


def _counts_of_message(message: Message) -> Iterator[tuple[str, object]]:
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


def _counts_of_verification(verification: Verification, own: list[Message]) -> Iterator[tuple[str, object]]:
    verified = verification.state == "verified"
    yield "started", 1
    if verified or any(each.status in ("accepted", *STATUSES_OF_LANCK) for each in own):
        yield "reached_lanck", 1
    if verified or any(each.status in ("DELIVERED", "ANSWERED") for each in own):
        yield "reached_phone", 1
    if verified:
        yield "verified", 1
        yield f"proof {bucket((verification.ended_at - verification.created_at).total_seconds())}", 1
