"""The effect of a magic number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...networks import Network
from ..delivery import DELIVERED, Delivery
from .faults import Fault


@dataclass(frozen=True, slots=True)
class Subscriber:
    """The result of an HLR lookup. ``network`` is set if it is not that of the number's prefix."""

    status: str = DELIVERED
    ported: bool | None = False
    roaming: bool | None = False
    network: Network | None = None

    @property
    def known(self) -> bool:
        return self.status == DELIVERED


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect of a number. ``outcome`` describes it on the handset page and in the documentation.

    ``faults`` are by kind of operation: send, insight, check, info, read or goal. ``fraud`` is the result of a fraud
    check if it does not follow from the prefix. With ``other_caller`` a flash call comes from a number that does not
    end with the requested code.
    """

    number: str
    outcome: str
    delivery: Delivery = Delivery()  # noqa: RUF009 (frozen)
    faults: Mapping[str, Fault] = field(default_factory=dict)
    subscriber: Subscriber = Subscriber()
    fraud: str = ""
    other_caller: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A group of magic numbers with similar effects."""

    title: str
    about: str
    numbers: tuple[Effect, ...]
