from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ...services import CountedDays, count_days
from ..base import LanckCommand, Result


class Command(LanckCommand):
    help = (
        "Count past days for the delivery figures. "
        "lanck_reconcile and lanck_prune do so too. Runs can be repeated and may overlap."
    )
    interrupted_message = "Interrupted. The next run counts the rest."

    def run(self, options: Mapping[str, Any]) -> Result:
        done = count_days(progress=self._progress)
        self.end_progress()
        return Result(f"Counted: {done.counted} days.", asdict(done))

    def _progress(self, done: CountedDays) -> None:
        self.show_progress(f"Counting: {done.counted} of {done.due} days")
