"""The claims that a dry run would store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from ...models import VerifiedNumber
from .claims import Outcome, outcome_of
from .rows import Entry


class PlannedClaims:
    """The claims that a dry run would store, so that it finds numbers that occur twice.

    They are in a temporary SQLite database on the disk, which has no name: memory use does not grow with them.
    """

    def __init__(self) -> None:
        self._database = sqlite3.connect("")
        self._database.execute("CREATE TABLE claim (number TEXT PRIMARY KEY, user_id TEXT, verified_at TEXT)")

    def store(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Return the outcomes that the entries would have, and remember what would be stored."""
        numbers = [entry.number for entry in entries]
        rows = VerifiedNumber.objects.filter(number__in=numbers).values_list("number", "user_id", "verified_at")
        owners = {number: (user_id, at) for number, user_id, at in rows} | self._planned(numbers)
        outcomes: list[Outcome] = [
            outcome_of(entry, *owners[entry.number]) if entry.number in owners else "created" for entry in entries
        ]
        self._remember(
            entry
            for entry, outcome in zip(entries, outcomes, strict=True)
            if outcome in ("created", "updated", "taken_over")
        )
        return outcomes

    def close(self) -> None:
        self._database.close()

    def _planned(self, numbers: Sequence[str]) -> dict[str, tuple[Any, datetime]]:
        marks = ", ".join("?" * len(numbers))
        found = self._database.execute(f"SELECT * FROM claim WHERE number IN ({marks})", numbers)  # noqa: S608
        return {number: (user_id, datetime.fromisoformat(at)) for number, user_id, at in found}

    def _remember(self, entries: Iterable[Entry]) -> None:
        rows = ((entry.number, str(entry.user_id), entry.verified_at.isoformat()) for entry in entries)
        self._database.executemany("INSERT OR REPLACE INTO claim VALUES (?, ?, ?)", rows)
