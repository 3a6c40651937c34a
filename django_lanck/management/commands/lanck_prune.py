from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ...services import Pruned, prune
from ..base import LanckCommand, Result


class Command(LanckCommand):
    help = "Delete rows that are older than RETENTION. For cron: runs can be repeated and may overlap."
    interrupted_message = "Interrupted. The next run deletes the rest."

    def run(self, options: Mapping[str, Any]) -> Result:
        done = prune(progress=self._progress)
        self.end_progress()
        return Result(f"Deleted: {_counts(done)}.", asdict(done))

    def _progress(self, done: Pruned) -> None:
        self.show_progress(f"Deleting: {_counts(done)}")


def _counts(done: Pruned) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in asdict(done).items())
