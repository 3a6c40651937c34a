"""The rows that are created, and the random choices that they are created from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import NamedTuple, TypeVar

from django.utils import timezone

from django_lanck.models import InboundMessage, Message, NumberInsight, Receipt, RefusalCount, Verification

from .world import COUNTRIES, HOURS, Country, Network

T = TypeVar("T")


@dataclass(slots=True)
class Rows:
    """The rows of a day, in the order in which they are stored: a list refers only to the lists before it."""

    verifications: list[Verification] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    insights: list[NumberInsight] = field(default_factory=list)
    inbound: list[InboundMessage] = field(default_factory=list)
    refusals: list[RefusalCount] = field(default_factory=list)

    def until(self, end: datetime) -> Rows:
        """Return the rows that had begun by then."""
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


class Person(NamedTuple):
    number: str
    country: Country
    network: Network


class Day:
    """One day of traffic: its rows so far, and its source of random choices."""

    def __init__(self, day: date, days_ago: int, random: Random) -> None:
        self.day = day
        self.days_ago = days_ago
        self.random = random
        self.midnight = datetime.combine(day, time(), timezone.get_current_timezone()).astimezone(UTC)
        self.rows = Rows()

    def pick(self, weighted: Sequence[tuple[T, float]]) -> T:
        return self.random.choices([each for each, _ in weighted], [weight for _, weight in weighted])[0]

    def hex_digits(self, length: int) -> str:
        return f"{self.random.getrandbits(4 * length):0{length}x}"

    def duration(self, median: float, spread: float = 0.6) -> timedelta:
        """Return a log-normal duration with this median in seconds."""
        return timedelta(seconds=round(median * self.random.lognormvariate(0, spread), 3))

    def moment(self, country: Country) -> datetime:
        """Return a time of the day, weighted by the hours in the country."""
        hour = (self.pick(list(enumerate(HOURS))) - country.hours) % 24
        return self.midnight + timedelta(seconds=hour * 3600 + round(self.random.uniform(0, 3600), 3))

    def hour_of(self, at: datetime) -> int:
        return int((at - self.midnight).total_seconds() // 3600)

    def person(self) -> Person:
        country = self.pick([(country, country.share) for country in COUNTRIES])
        return self.person_in(country, self.random.choice(country.numbers))

    def person_in(self, country: Country, pattern: str) -> Person:
        """Return a person with a number like ``+1201555XXXX``. The number decides the network."""
        number = "".join(str(self.random.randrange(10)) if sign == "X" else sign for sign in pattern)
        networks = [network for network in country.networks for _ in range(network.share)]
        return Person(number, country, networks[int(number[-3:]) % len(networks)])
