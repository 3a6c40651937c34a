"""The counts of messages and verifications, and the dimensions that they are grouped by."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple

from .histogram import percentile


class Dimensions(NamedTuple):
    """What figures are grouped by. An unknown value is empty; so is the purpose of a message without a verification."""

    purpose: str
    channel: str
    country: str
    mccmnc: str


@dataclass(slots=True)
class Totals:
    """Counts of verifications and messages; the columns of :class:`~django_lanck.models.DeliveryDay`, summed.

    ``started`` counts verifications; ``reached_lanck`` those with a message that LANCK accepted, ``reached_phone``
    those with a delivered message, and ``verified`` those whose number was verified. ``messages`` counts messages;
    LANCK accepted those in ``accepted``, of which ``delivered`` and ``undelivered`` are final. ``cost`` is the sum of
    the prices that LANCK reported, for ``priced`` messages.
    """

    started: int = 0
    reached_lanck: int = 0
    reached_phone: int = 0
    verified: int = 0
    messages: int = 0
    refused: int = 0
    unknown: int = 0
    accepted: int = 0
    delivered: int = 0
    undelivered: int = 0
    priced: int = 0
    cost: Decimal = Decimal(0)
    proof_seconds: dict[int, int] = field(default_factory=dict)
    delivery_seconds: dict[int, int] = field(default_factory=dict)

    @property
    def conversion(self) -> float | None:
        """The share of the started verifications that were verified, or None without any."""
        return self.verified / self.started if self.started else None

    @property
    def delivery_rate(self) -> float | None:
        """The share of the accepted messages that were delivered, or None without any."""
        return self.delivered / self.accepted if self.accepted else None

    @property
    def unsettled(self) -> int:
        """The number of accepted messages without a final status."""
        return self.accepted - self.delivered - self.undelivered

    @property
    def sending(self) -> int:
        """The number of messages that LANCK has not answered yet."""
        return self.messages - self.accepted - self.refused - self.unknown

    def delivery_time(self, share: float) -> float | None:
        """Return the seconds within which this share (0.5: half) of the delivered messages was delivered.

        It is within 9.1 % of the exact time, and None without delivered messages.
        """
        return percentile(self.delivery_seconds, share)

    def proof_time(self, share: float) -> float | None:
        """Return the seconds within which this share (0.95: 95 %) of the verified numbers was verified.

        It is within 9.1 % of the exact time, and None without verified numbers.
        """
        return percentile(self.proof_seconds, share)

    def add(self, other: Totals) -> None:
        # Written out because one page adds thousands of rows.
        self.started += other.started
        self.reached_lanck += other.reached_lanck
        self.reached_phone += other.reached_phone
        self.verified += other.verified
        self.messages += other.messages
        self.refused += other.refused
        self.unknown += other.unknown
        self.accepted += other.accepted
        self.delivered += other.delivered
        self.undelivered += other.undelivered
        self.priced += other.priced
        self.cost += other.cost
        for bucket, count in other.proof_seconds.items():
            self.proof_seconds[bucket] = self.proof_seconds.get(bucket, 0) + count
        for bucket, count in other.delivery_seconds.items():
            self.delivery_seconds[bucket] = self.delivery_seconds.get(bucket, 0) + count


HISTOGRAMS: Final = ("proof_seconds", "delivery_seconds")
COUNTS: Final = tuple(name for name in Totals.__dataclass_fields__ if name not in HISTOGRAMS)
