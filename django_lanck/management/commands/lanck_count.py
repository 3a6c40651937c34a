from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ...services import CountedDays, count_days
from ..base import Answer, LanckCommand


class Command(LanckCommand):
    help = (
        "Count the days that are over, for the figures. "
        "lanck_reconcile and lanck_prune do so too. It can be run at any time, and several at once."
    )
    interrupted = "Interrupted. What is left is counted by the next run."

    def answer(self, options: Mapping[str, Any]) -> Answer:
        done = count_days(progress=self._progress)
        self.end_progress()
        return Answer(f"Counted: {done.counted} days.", asdict(done))

    def _progress(self, done: CountedDays) -> None:
        self.show_progress(f"Counting: {done.counted} of {done.due} days")
