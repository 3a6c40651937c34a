from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ...models.number import mask_party
from ...services import Forgotten, forget_number
from ..base import LanckCommand, Result, block


class Command(LanckCommand):
    help = "Forget a number: everything about it is deleted, or anonymized and stored for the figures."
    needs_settings = False  # forgetting has to work with invalid settings too
    interrupted_message = "Interrupted. The next run does the rest."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("number", metavar="NUMBER", help="a phone number in any format, or the name of a sender")
        parser.add_argument("--erase", action="store_true", help="delete verifications and messages too")
        parser.add_argument("--dry-run", action="store_true", help="only count")
        parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")

    def run(self, options: Mapping[str, Any]) -> Result:
        number, erase = options["number"], options["erase"]
        found = forget_number(number=number, dry_run=True)
        stored = _text(f"Stored about {mask_party(number)}", found)
        if options["dry_run"]:
            return Result(stored, _document(found, options))
        if not options["yes"] and (refusal := self._ask(stored)):
            return Result("", {}, refusal)
        done = forget_number(number=number, erase=erase)
        title = f"{'Deleted' if erase else 'Anonymized or deleted'} about {mask_party(number)}"
        return Result(_text(title, done), _document(done, options))

    def _ask(self, stored: str) -> str:
        """Ask for confirmation; return the reason for aborting, or an empty string."""
        if not sys.stdin.isatty():
            return "Nothing was done: without a terminal, --yes is needed."
        self.stderr.write(f"{stored}\nForget this number? This cannot be undone. [y/N] ", style_func=str, ending="")
        self.stderr.flush()
        return "" if sys.stdin.readline().strip().lower() in ("y", "yes") else "Nothing was done."


def _text(title: str, rows: Forgotten) -> str:
    counts = [(name.replace("_", " "), count) for name, count in asdict(rows).items() if name != "opted_out"]
    note = "the number has an active opt-out, which stays stored" if rows.opted_out else ""
    return block(title, *counts, ("note", note))


def _document(rows: Forgotten, options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "number": mask_party(options["number"]),
        "erase": options["erase"],
        "dry_run": options["dry_run"],
        **asdict(rows),
    }
