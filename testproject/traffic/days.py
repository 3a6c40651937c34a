"""The rows of one day of made-up traffic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

from django.utils import timezone

from django_lanck.exceptions import api_error
from django_lanck.models import (
    Category,
    InboundMessage,
    Message,
    NumberInsight,
    Receipt,
    RefusalCount,
    Status,
    Verification,
)
from django_lanck.models.status import RANKS

from .world import (
    ATTACK,
    CODES,
    COUNTRIES,
    FAILURE,
    HOURS,
    IRELAND,
    OUT_OF_FUNDS,
    PRICES,
    PROBE,
    PROBES,
    SILENCE,
    TEXTS,
    Country,
    Network,
)

T = TypeVar("T")

# Of a day's messages: how many begin a verification, and how many carry no code. Resends are the rest.
STARTS, PLAIN = 0.8, 0.12
INBOUND: Final = 0.01
ATTACKS: Final = 6  # times as many codes as the whole country gets in a day
LIFETIME: Final = timedelta(minutes=10)
RENTED_NUMBER: Final = "+12015550100"
REPLIES: Final = ("STOP", "Yes", "Thank you!", "I did not ask for this code", "HELP")
# LANCK's code, HTTP status and reason, as it says them.
REFUSED: Final = {4: (429, "Too many requests"), 6: (403, "Insufficient funds"), 9: (400, "Rejected"),
                  11: (400, "Invalid number")}  # fmt: skip
FRAUD: Final = (("PASSED", 90), ("NOT_MOBILE_PREFIX", 4), ("SUSPICIOUS", 4), ("FRAUDULENT", 2))
FRAUD_OF_ATTACK: Final = (("PASSED", 10), ("SUSPICIOUS", 60), ("FRAUDULENT", 30))
# Rule, action and how many of it there are to 100 messages.
REFUSALS: Final = (
    ("ladder", "resend", 1.5),
    ("number", "start", 1.2),
    ("address", "start", 0.8),
    ("line_type", "start", 0.6),
    ("country_list", "start", 0.4),
    ("number", "check", 0.3),
)


@dataclass(slots=True)
class Rows:
    """In the order in which they are kept: each list needs only those before it."""

    verifications: list[Verification] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    insights: list[NumberInsight] = field(default_factory=list)
    inbound: list[InboundMessage] = field(default_factory=list)
    refusals: list[RefusalCount] = field(default_factory=list)

    def until(self, end: datetime) -> Rows:
        """What had begun by then."""
        return Rows(
            [each for each in self.verifications if each.created_at <= end],
            [each for each in self.messages if _began(each) <= end],
            [each for each in self.receipts if _began(each.message) <= end],
            [each for each in self.insights if each.created_at <= end],
            [each for each in self.inbound if each.received_at <= end],
            self.refusals,
        )


def _began(message: Message) -> datetime:
    return message.verification.created_at if message.verification else message.created_at


def rows_of_day(day: date, *, days_ago: int, messages: int, seed: int) -> Rows:
    """About so many messages and all that belongs to them, in the site's time zone: the same for a seed and a day.

    ``days_ago`` is how far the day is from the last one: it says what goes wrong.
    """
    return _Day(day, days_ago, messages, Random(f"{seed} {day}")).make()  # noqa: S311 (no secrets)


class _Person(NamedTuple):
    number: str
    country: Country
    network: Network


class _Day:
    def __init__(self, day: date, days_ago: int, messages: int, random: Random) -> None:
        self.day = day
        self.days_ago = days_ago
        self.count = messages
        self.random = random
        self.midnight = datetime.combine(day, time(), timezone.get_current_timezone()).astimezone(UTC)
        self.rows = Rows()

    def make(self) -> Rows:
        for _ in range(round(self.count * STARTS)):
            person = self._person()
            purpose, source, channel = self._pick([(each[:3], each[3]) for each in CODES])
            self._verification(person, purpose, source, channel, self._moment(person.country))
        for _ in range(round(self.count * PLAIN)):
            self._plain_message()
        for _ in range(round(self.count * INBOUND)):
            self._inbound()
        for attack, count in ((ATTACK, self._attackers()), (PROBE, PROBES)):
            if self.days_ago == attack.days_ago:
                self._attack(attack.where, attack.begins, attack.ends, count)
        self._refusals()
        self.rows.messages.sort(key=lambda message: message.created_at)
        return self.rows

    def _pick(self, weighted: Sequence[tuple[T, float]]) -> T:
        return self.random.choices([each for each, _ in weighted], [weight for _, weight in weighted])[0]

    def _hex(self, length: int) -> str:
        return f"{self.random.getrandbits(4 * length):0{length}x}"

    def _seconds(self, median: float, spread: float = 0.6) -> timedelta:
        """A time of which half are shorter than the median, and few are many times as long."""
        return timedelta(seconds=round(median * self.random.lognormvariate(0, spread), 3))

    def _moment(self, country: Country) -> datetime:
        hour = (self._pick(list(enumerate(HOURS))) - country.hours) % 24
        return self.midnight + timedelta(seconds=hour * 3600 + round(self.random.uniform(0, 3600), 3))

    def _person(self) -> _Person:
        country = self._pick([(country, country.share) for country in COUNTRIES])
        return self._person_in(country, self.random.choice(country.numbers))

    def _person_in(self, country: Country, pattern: str) -> _Person:
        number = "".join(str(self.random.randrange(10)) if sign == "X" else sign for sign in pattern)
        # Somebody stays with their network.
        networks = [network for network in country.networks for _ in range(network.share)]
        return _Person(number, country, networks[int(number[-3:]) % len(networks)])

    def _verification(
        self, person: _Person, purpose: str, source: str, channel: str, at: datetime, *, real: bool = True
    ) -> None:
        verification = Verification(
            id=UUID(int=self.random.getrandbits(128), version=4),
            number=person.number,
            purpose=purpose,
            method=channel,
            code_source=source,
            language=person.country.language,
            binding_hash=self._hex(64),
            code_length=4 if channel == "call" else 6,
            max_attempts=5,
            created_at=at,
            expires_at=at + LIFETIME,
            resend_at=at + timedelta(seconds=30),
            state=Verification.State.EXPIRED,
            ended_at=at + LIFETIME,
        )
        self.rows.verifications.append(verification)
        self._insight(person, at, FRAUD if real else FRAUD_OF_ATTACK, share=0.08 if real else 0.4)
        message, arrived = self._message(person, channel, at, verification)
        if message.status == Status.REFUSED:
            verification.state, verification.ended_at = Verification.State.CANCELED, at + timedelta(seconds=1)
        elif real and arrived is None and self.random.random() < 0.65:
            arrived = self._resend(person, verification, at + self._seconds(70, 0.3))
        if real and arrived is not None:
            self._outcome(verification, arrived)

    def _resend(self, person: _Person, verification: Verification, at: datetime) -> datetime | None:
        """Another code, most often by a call that reads it; when it arrives."""
        by_voice = verification.code_source == "lanck" and self.random.random() < 0.7
        verification.method = "voice" if by_voice else verification.method
        verification.resends = 1
        verification.expires_at = verification.ended_at = at + LIFETIME
        return self._message(person, verification.method, at, verification)[1]

    def _outcome(self, verification: Verification, arrived: datetime) -> None:
        """What the person does with a code that arrived."""
        draw = self.random.random()
        if draw < 0.02:
            verification.state = Verification.State.EXHAUSTED
            verification.attempts = verification.failures = verification.max_attempts
            verification.ended_at = arrived + self._seconds(90, 0.3)
        elif draw < 0.91:
            verification.state = Verification.State.VERIFIED
            verification.failures = self._pick([(0, 90), (1, 8), (2, 2)])
            verification.attempts = verification.failures + 1
            verification.ended_at = min(arrived + self._seconds(16), verification.expires_at)
            verification.proof_hash = self._hex(64)
            verification.proof_expires_at = verification.ended_at + LIFETIME
            if self.random.random() < 0.95:
                verification.proof_redeemed_at = verification.ended_at + self._seconds(3)

    def _message(
        self, person: _Person, channel: str, at: datetime, verification: Verification | None = None, **fields: Any
    ) -> tuple[Message, datetime | None]:
        """A message with what became of it, and when it arrived."""
        country, network = person.country, person.network
        message = Message(
            verification=verification,
            channel=channel,
            number=person.number,
            sender="DEMO" if channel in ("sms", "viber", "rcs") else "",
            country=country.code,
            created_at=at,
            **fields,
        )
        status, code = self._fate(person, at)
        if channel in ("voice", "t2s") and status == Status.DELIVERED:
            status = Status.ANSWERED
        message.status, message.status_rank = status, RANKS[status]
        self.rows.messages.append(message)
        if status == Status.REFUSED:
            http_status, reason = REFUSED[code]
            error = api_error(http_status=http_status, error_code=code, error_reason=reason)
            message.error_code, message.error_reason = code, str(error)
            return message, None
        if status == Status.UNKNOWN:
            message.error_reason = "LANCK did not answer in time"
            message.status_at = at + timedelta(days=1)
            return message, None
        message.request_id = str(UUID(int=self.random.getrandbits(128), version=4))
        message.mccmnc, message.network = network.mccmnc, network.name
        if self.random.random() < 0.92:  # LANCK does not always say
            message.price = (country.price * Decimal(PRICES.get(channel, "1"))).quantize(Decimal("0.000001"))
        return message, self._receipts(message, at, network.seconds)

    def _fate(self, person: _Person, at: datetime) -> tuple[Status, int]:
        """A status, and LANCK's error where it is refused."""
        hour = int((at - self.midnight).total_seconds() // 3600)
        draw = self.random.random()
        if OUT_OF_FUNDS.covers(self.days_ago, hour):
            return Status.REFUSED, 6
        if draw < (0.7 if SILENCE.covers(self.days_ago, hour) else 0.004):
            return Status.UNKNOWN, 0
        if draw > 0.992:
            return Status.REFUSED, self._pick([(9, 5), (11, 3), (4, 2)])
        if draw > 0.98:  # nobody ever said more
            return self._pick([(Status.SENT, 7), (Status.ACCEPTED, 3)]), 0
        fails = FAILURE.covers(self.days_ago, hour) and person.country.code == FAILURE.where
        if self.random.random() < (0.05 if fails else person.network.delivers):
            return Status.DELIVERED, 0
        return self._pick([(Status.UNDELIVERED, 8), (Status.REJECTED, 2)]), 0

    def _receipts(self, message: Message, at: datetime, median: float) -> datetime | None:
        """What LANCK told about a message that it took; when it arrived."""
        if message.status == Status.ACCEPTED:
            return None
        sent = at + self._seconds(1, 0.3)
        told = {Status.SENT: sent}
        if message.status != Status.SENT:
            told[Status(message.status)] = sent + self._seconds(median)
        for status, moment in told.items():
            self.rows.receipts.append(
                Receipt(
                    message=message,
                    digest=self._hex(64),
                    status=status,
                    provider_at=moment,
                    payload={"requestId": message.request_id, "status": status, "mccmnc": message.mccmnc},
                    received_at=moment + timedelta(seconds=0.3),
                )
            )
        message.status_at = told[Status(message.status)]
        return message.status_at if message.status in (Status.DELIVERED, Status.ANSWERED) else None

    def _plain_message(self) -> None:
        person = self._person()
        channel = self._pick(TEXTS)
        marketing = self.random.random() < 0.3
        text = "New this week: see what is in the shop." if marketing else "Your order is on its way."
        steps = [{"type": step, "message": {"text": text}} for step in ("viber", "sms")]
        self._message(
            person,
            channel,
            self._moment(person.country),
            category=Category.MARKETING if marketing else Category.TRANSACTIONAL,
            content={"flow": steps} if channel == "failover" else {"text": text},
        )

    def _insight(self, person: _Person, at: datetime, answers: Sequence[tuple[str, float]], share: float) -> None:
        if self.random.random() >= share:
            return
        asked = {"number": person.number, "country": person.country.code, "created_at": at}
        if self.random.random() < 0.25:
            status = self._pick([("DELIVERED", 92), ("UNDELIVERED", 6), ("REJECTED", 2)])
            found = {"mccmnc": person.network.mccmnc, "network": person.network.name}
            self.rows.insights.append(NumberInsight(kind=NumberInsight.Kind.HLR, status=status, **asked, **found))
        else:
            status = self._pick(answers)
            mobile = status != "NOT_MOBILE_PREFIX"
            self.rows.insights.append(
                NumberInsight(kind=NumberInsight.Kind.FRAUD, status=status, mobile_prefix=mobile, **asked)
            )

    def _inbound(self) -> None:
        person = self._person()
        at = self._moment(person.country)
        self.rows.inbound.append(
            InboundMessage(
                message_id=self._hex(24),
                sender=person.number,
                recipient=RENTED_NUMBER,
                text=self.random.choice(REPLIES),
                parts=1,
                provider_at=at,
                received_at=at + timedelta(seconds=1),
            )
        )

    def _attackers(self) -> int:
        return max(60, round(self.count * IRELAND.share / 100 * ATTACKS))

    def _attack(self, prefix: str, begins: int, ends: int, count: int) -> None:
        """Somebody asks for codes to numbers of one operator, who is paid for each, and types none."""
        for _ in range(count):
            person = self._person_in(IRELAND, f"{prefix}XXXX")
            second = self.random.uniform(begins * 3600, ends * 3600)
            at = self.midnight + timedelta(seconds=round(second, 3))
            self._verification(person, "signup", "lanck", "sms", at, real=False)

    def _refusals(self) -> None:
        for rule, action, share in REFUSALS:
            for country, part in (("US", 0.6), ("GB", 0.4)):
                self._refusal(rule, action, country, round(self.count * share * part / 100 * self.random.uniform(0, 2)))
        if self.days_ago == ATTACK.days_ago:
            self._refusal("prefix_conversion", "start", "IE", 3 * self._attackers())
            self._refusal("country_conversion", "start", "IE", self._attackers(), watched=True)

    def _refusal(self, rule: str, action: str, country: str, count: int, *, watched: bool = False) -> None:
        if count:
            which = {"rule": rule, "action": action, "purpose": "signup", "country": country, "watched": watched}
            self.rows.refusals.append(RefusalCount(day=self.day, count=count, **which))
