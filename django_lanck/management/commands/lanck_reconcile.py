from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import asdict
from time import sleep
from typing import Any, Final

from django.core.management.base import CommandError
from django.db import DatabaseError, close_old_connections

from ...services import Reconciled, reconcile
from ..base import Answer, LanckCommand, above_zero

BAR_WIDTH: Final = 30
# Why a run may have left something to others, and what is said then.
NO_TROUBLE: Final[Mapping[str, str]] = {
    "limit": " Stopped at the limit; the next run goes on.",
    "taken": " Another runner is asking LANCK at the moment, so this one asked nothing more.",
}


class Command(LanckCommand):
    help = (
        "Ask LANCK about messages without a final status, report goals, write verifications that expired, count days. "
        "For cron: it can be run at any time; one runner asks LANCK at a time."
    )
    interrupted = "Interrupted. What is left is done by the next run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        way = parser.add_mutually_exclusive_group()
        super().add_arguments(way)  # type: ignore[arg-type]
        way.add_argument("--loop", type=above_zero(float), metavar="SECONDS", help="run again after so many seconds")
        parser.add_argument("--limit", type=above_zero(int), metavar="N", help="make at most so many requests a run")

    def answer(self, options: Mapping[str, Any]) -> Answer:
        while options["loop"]:
            self._round(options)
            sleep(options["loop"])
        return self._run(options)

    def _round(self, options: Mapping[str, Any]) -> None:
        """One run of many: its trouble is said, and perhaps over by the next."""
        try:
            self.report(self._run(options), options)
        except (CommandError, DatabaseError) as error:
            self.stderr.write(str(error))
        self.stdout.flush()
        close_old_connections()

    def _run(self, options: Mapping[str, Any]) -> Answer:
        done = reconcile(limit=options["limit"], progress=self._progress)
        self.end_progress()
        trouble = "" if done.stopped in ("", *NO_TROUBLE) else f"Reconciliation stopped: {done.stopped}"
        return Answer(_text(done), asdict(done), trouble)

    def _progress(self, done: Reconciled) -> None:
        filled = BAR_WIDTH * done.visited // max(done.due, 1)
        bar = "#" * filled + "." * (BAR_WIDTH - filled)
        self.show_progress(f"[{bar}] {done.visited} of {done.due}, {done.changed} changed, {done.failed} failed")


def _text(done: Reconciled) -> str:
    facts = [
        f"asked about {done.asked} messages, {done.changed} changed",
        f"reported {done.goals} goals",
        f"gave up {done.lost} messages",
        f"closed {done.closed}",
        f"expired {done.expired} verifications",
        f"counted {done.days} days",
        f"{done.failed} requests failed",
    ]
    return f"Reconciled: {', '.join(facts)}.{NO_TROUBLE.get(done.stopped, '')}"
