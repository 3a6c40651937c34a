from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ...models import OptOut, VerifiedNumber
from ...services import Renumbered, renumber
from ..base import LanckCommand, Result, add_dry_run, block, positive


class Command(LanckCommand):
    help = (
        "Replace the prefix of verified numbers and opt-outs after a change of a numbering plan. "
        "Without --apply nothing is changed. It can be run again: no number is moved twice."
    )
    interrupted_message = "Interrupted. What was moved stays; run it again for the rest."
    needs_settings = False  # LANCK is not called
    argument_names = {"old_prefix": "OLD", "new_prefix": "NEW", "digits": "--digits"}

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("old", metavar="OLD", help="old prefix with the calling code, such as +229")
        parser.add_argument("new", metavar="NEW", help="new prefix with the calling code, such as +22901")
        add_dry_run(parser, "change the numbers; without it they are only counted")
        parser.add_argument(
            "--digits", type=positive(int), metavar="N", help="only numbers with so many digits after OLD"
        )

    def run(self, options: Mapping[str, Any]) -> Result:
        done = renumber(
            old_prefix=options["old"],
            new_prefix=options["new"],
            digits=options["digits"],
            dry_run=not options["apply"],
            on_collision=self._report_collision,
            progress=self._progress,
        )
        self.end_progress()
        return Result(_text(done, options), {"dry_run": not options["apply"], **asdict(done)})

    def _report_collision(self, row: VerifiedNumber | OptOut) -> None:
        name = row._meta.verbose_name
        self.report_line(f"Left: {name} {row.pk} ({row.masked_number}); the new number is in use, or too long.")

    def _progress(self, done: Renumbered) -> None:
        self.show_progress(f"{done.claims:,} verified numbers, {done.opt_outs:,} opt-outs, {done.collisions:,} left")


def _text(done: Renumbered, options: Mapping[str, Any]) -> str:
    title = f"Moved from {options['old']} to {options['new']}" if options["apply"] else "Counted; --apply moves them"
    return block(
        title,
        ("verified numbers", done.claims),
        ("opt-outs", done.opt_outs),
        ("left, as their new number is in use", done.collisions),
        ("left, as they begin with the new prefix", done.renumbered),
    )
