"""Limits as values: what the guard counts, without the rows that count it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import F, Q
from django.db.models.lookups import GreaterThanOrEqual


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``most`` events in a window of ``seconds``, counted in the row with this ``key``.

    ``waits`` are the seconds to wait after the first event, after the second, and so on. With ``percent``, more events
    are allowed as long as that percentage of them was converted. ``rule`` names the limit; ``label`` is the prefix or
    country that it counts, or empty. A ``watched`` limit refuses nothing, nor does one that ``spares_known`` for a
    number that was verified before.
    """

    rule: str
    key: str
    most: int
    seconds: int
    label: str = ""
    waits: tuple[int, ...] = ()
    percent: int | None = None
    watched: bool = False
    spares_known: bool = False

    @property
    def room(self) -> Q:
        """A condition for the row: in the current window there is room for one more event."""
        room = Q(used__lt=self.most)
        if self.percent is not None:
            # Multiplied instead of divided: some databases would cut off the fraction.
            room |= Q(GreaterThanOrEqual(F("converted") * 100, F("used") * self.percent))
        return Q(key=self.key) & room


class ExceededLimit(NamedTuple):
    """A limit without room: the seconds until it has room, and whether it refused before in this window."""

    limit: Limit
    wait: float
    has_refused: bool
