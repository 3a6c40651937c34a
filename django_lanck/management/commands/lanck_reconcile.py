from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import asdict
from time import sleep
from typing import Any, Final

from django.core.management.base import CommandError
from django.db import DatabaseError, close_old_connections

from ...services import Reconciled, reconcile
from ..base import LanckCommand, Result, positive

BAR_WIDTH: Final = 30
# Reason for stopping that is not an error → the sentence for it.
NOT_AN_ERROR: Final[Mapping[str, str]] = {
    "limit": " Stopped at the limit; the next run continues.",
    "taken": " Another runner of background work is active, so this run did not call LANCK.",
}


class Command(LanckCommand):
    help = (
        "Refresh messages without a final status, report goals, store expired verifications, count days. "
        "For cron: runs can be repeated and may overlap; one at a time calls LANCK."
    )
    interrupted_message = "Interrupted. The next run does the rest."

    def add_arguments(self, parser: ArgumentParser) -> None:
        output = parser.add_mutually_exclusive_group()
        super().add_arguments(output)  # type: ignore[arg-type]
        output.add_argument("--loop", type=positive(float), metavar="SECONDS", help="repeat SECONDS after each run")
        parser.add_argument("--limit", type=positive(int), metavar="N", help="make at most N requests in a run")

    def run(self, options: Mapping[str, Any]) -> Result:
        while options["loop"]:
            self._run_in_loop(options)
            sleep(options["loop"])
        return self._run_once(options)

    def _run_in_loop(self, options: Mapping[str, Any]) -> None:
        """Run once and print errors, which the next run may not have."""
        try:
            self.report(self._run_once(options), options)
        except (CommandError, DatabaseError) as error:
            self.stderr.write(str(error))
        self.stdout.flush()
        close_old_connections()

    def _run_once(self, options: Mapping[str, Any]) -> Result:
        done = reconcile(limit=options["limit"], progress=self._progress)
        self.end_progress()
        problem = "" if done.stopped in ("", *NOT_AN_ERROR) else f"Reconciliation stopped: {done.stopped}"
        return Result(_text(done), asdict(done), problem)

    def _progress(self, done: Reconciled) -> None:
        filled = BAR_WIDTH * done.visited // max(done.due, 1)
        bar = "#" * filled + "." * (BAR_WIDTH - filled)
        self.show_progress(f"[{bar}] {done.visited} of {done.due}, {done.changed} changed, {done.failed} failed")


def _text(done: Reconciled) -> str:
    facts = [
        f"refreshed {done.asked} messages, {done.changed} changed",
        f"reported {done.goals} goals",
        f"gave up {done.lost} messages",
        f"closed {done.closed}",
        f"expired {done.expired} verifications",
        f"counted {done.days} days",
        f"{done.failed} requests failed",
    ]
    return f"Reconciled: {', '.join(facts)}.{NOT_AN_ERROR.get(done.stopped, '')}"
