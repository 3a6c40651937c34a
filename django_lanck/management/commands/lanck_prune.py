from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ...services import Pruned, prune
from ..base import Answer, LanckCommand


class Command(LanckCommand):
    help = "Erase what is older than RETENTION says. For cron: it can be run at any time, and several at once."
    interrupted = "Interrupted. What is left is erased by the next run."

    def answer(self, options: Mapping[str, Any]) -> Answer:
        done = prune(progress=self._progress)
        self.end_progress()
        return Answer(f"Erased: {_in_words(done)}.", asdict(done))

    def _progress(self, done: Pruned) -> None:
        self.show_progress(f"Erasing: {_in_words(done)}")


def _in_words(done: Pruned) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in asdict(done).items())
