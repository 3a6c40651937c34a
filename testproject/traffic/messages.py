"""Messages and their receipts."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django_lanck.channels import channel_spec
from django_lanck.exceptions import api_error
from django_lanck.models import Category, Message, Receipt, Status, Verification
from django_lanck.models.status import RANKS

from .rows import Day, Person
from .world import FAILURE, OUT_OF_FUNDS, PRICES, SILENCE, TEXTS

# LANCK's error code → HTTP status and reason.
REFUSED: Final = {4: (429, "Too many requests"), 6: (403, "Insufficient funds"), 9: (400, "Rejected"),
                  11: (400, "Invalid number")}  # fmt: skip
DELIVERED: Final = (Status.DELIVERED, Status.ANSWERED)


def add_message(
    day: Day, person: Person, channel: str, at: datetime, verification: Verification | None = None, **fields: Any
) -> tuple[Message, datetime | None]:
    """Add a message with its receipts; return it with the time of its delivery, or None if it is not delivered."""
    message = Message(
        verification=verification,
        channel=channel,
        number=person.number,
        sender="DEMO" if channel in ("sms", "viber", "rcs") else "",
        country=person.country.code,
        created_at=at,
        **fields,
    )
    status, code = _outcome(day, person, at)
    spec = channel_spec(channel)
    if spec.rings and not spec.code_is_caller and status == Status.DELIVERED:
        status = Status.ANSWERED
    message.status, message.status_rank = status, RANKS[status]
    day.rows.messages.append(message)
    if status == Status.REFUSED:
        http_status, reason = REFUSED[code]
        error = api_error(http_status=http_status, error_code=code, error_reason=reason)
        message.error_code, message.error_reason = code, str(error)
        return message, None
    if status == Status.UNKNOWN:
        message.error_reason = "LANCK did not answer in time"
        message.status_at = at + timedelta(days=1)
        return message, None
    _accept(day, message, person)
    return message, _add_receipts(day, message, person.network.seconds)


def add_text(day: Day) -> None:
    """Add a message without a code."""
    person = day.person()
    channel = day.pick(TEXTS)
    marketing = day.random.random() < 0.3
    text = "New this week: see what is in the shop." if marketing else "Your order is on its way."
    steps = [{"type": step, "message": {"text": text}} for step in ("viber", "sms")]
    add_message(
        day,
        person,
        channel,
        day.moment(person.country),
        category=Category.MARKETING if marketing else Category.TRANSACTIONAL,
        content={"flow": steps} if channel == "failover" else {"text": text},
    )


def _outcome(day: Day, person: Person, at: datetime) -> tuple[Status, int]:
    """Return a status, and LANCK's error code if it is ``REFUSED``."""
    hour = day.hour_of(at)
    draw = day.random.random()
    if OUT_OF_FUNDS.covers(day.days_ago, hour):
        return Status.REFUSED, 6
    if draw < (0.7 if SILENCE.covers(day.days_ago, hour) else 0.004):
        return Status.UNKNOWN, 0
    if draw > 0.992:
        return Status.REFUSED, day.pick([(9, 5), (11, 3), (4, 2)])
    if draw > 0.98:  # the final receipt never arrives
        return day.pick([(Status.SENT, 7), (Status.ACCEPTED, 3)]), 0
    fails = FAILURE.covers(day.days_ago, hour) and person.country.code == FAILURE.where
    if day.random.random() < (0.05 if fails else person.network.delivers):
        return Status.DELIVERED, 0
    return day.pick([(Status.UNDELIVERED, 8), (Status.REJECTED, 2)]), 0


def _accept(day: Day, message: Message, person: Person) -> None:
    """Fill the fields that LANCK reports for an accepted message."""
    country, network = person.country, person.network
    message.request_id = str(UUID(int=day.random.getrandbits(128), version=4))
    message.mccmnc, message.network = network.mccmnc, network.name
    if day.random.random() < 0.92:  # LANCK does not report every price
        price = country.price * Decimal(PRICES.get(message.channel, "1"))
        message.price = price.quantize(Decimal("0.000001"))


def _add_receipts(day: Day, message: Message, median: float) -> datetime | None:
    """Add the receipts of an accepted message; return the time of its delivery, or None."""
    if message.status == Status.ACCEPTED:
        return None
    sent = message.created_at + day.duration(1, 0.3)
    times = {Status.SENT: sent}
    if message.status != Status.SENT:
        times[Status(message.status)] = sent + day.duration(median)
    for status, at in times.items():
        day.rows.receipts.append(
            Receipt(
                message=message,
                digest=day.hex_digits(64),
                status=status,
                provider_at=at,
                payload={"requestId": message.request_id, "status": status, "mccmnc": message.mccmnc},
                received_at=at + timedelta(seconds=0.3),
            )
        )
    message.status_at = times[Status(message.status)]
    return message.status_at if message.status in DELIVERED else None
