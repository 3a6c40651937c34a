"""The settings of inbound messages, stored insights and background work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .base import Settings

# Days for which each kind of row is stored.
RETENTION: Mapping[str, float | None] = {
    "verifications": 365,
    "messages": 365,
    "receipts": 90,
    "inbound": 365,
    "insights": 90,
    "counters": 1,
    "refusals": 365,
    "figures": 1_095,
}


class BackgroundSettings(Settings):
    @property
    def inbound_secrets(self) -> Sequence[str]:
        """The secrets that the inbound URL accepts. There are several while one replaces another."""
        return self._get("INBOUND_SECRETS", ())

    @property
    def stop_words(self) -> Sequence[str]:
        """The texts, in any case, by which the sender of an inbound SMS opts out of marketing."""
        return self._get("STOP_WORDS", ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "СТОП"))

    @property
    def insight_lifetime(self) -> float:
        """Seconds for which a stored insight is used again; 0 to call LANCK each time."""
        return self._get("INSIGHT_LIFETIME", 86_400)

    @property
    def reconcile_after(self) -> float:
        """Seconds without a final status after which a message is reconciled."""
        return self._get("RECONCILE_AFTER", 300)

    @property
    def reconcile_days(self) -> float:
        """The age in days after which a message is no longer reconciled."""
        return self._get("RECONCILE_DAYS", 3)

    @property
    def background_rate(self) -> float:
        """The maximum number of LANCK requests a second for all background work together."""
        return self._get("BACKGROUND_RATE", 10)

    @property
    def retention(self) -> Mapping[str, float | None]:
        """Kind of row → days after which ``prune`` deletes it; None for never. Missing kinds have their defaults."""
        return {**RETENTION, **self._get("RETENTION", {})}
