from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ...models.number import mask_party
from ...services import Forgotten, forget_number
from ..base import Answer, LanckCommand, block


class Command(LanckCommand):
    help = "Forget a number: everything about it is erased, or stays for the figures without the person."
    needs_settings = False  # a person is forgotten whatever is wrong with the site
    interrupted = "Interrupted. The next run does the rest."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("number", metavar="NUMBER", help="the number in any spelling, or the name of a sender")
        parser.add_argument("--erase", action="store_true", help="erase verifications and messages too")
        parser.add_argument("--dry-run", action="store_true", help="only count")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def answer(self, options: Mapping[str, Any]) -> Answer:
        number, erase = options["number"], options["erase"]
        found = forget_number(number=number, dry_run=True)
        known = _text(f"Known of {mask_party(number)}", found)
        if options["dry_run"]:
            return Answer(known, _document(found, options))
        if not options["yes"] and (doubt := self._doubt(known)):
            return Answer("", {}, doubt)
        done = forget_number(number=number, erase=erase)
        title = f"{'Erased' if erase else 'Made anonymous, or erased'} of {mask_party(number)}"
        return Answer(_text(title, done), _document(done, options))

    def _doubt(self, known: str) -> str:
        """Why nothing is done: nobody can be asked, or they did not say yes."""
        if not sys.stdin.isatty():
            return "Nothing was done: --yes is needed where nobody can be asked."
        self.stderr.write(f"{known}\nForget it? It cannot be undone. [y/N] ", style_func=str, ending="")
        self.stderr.flush()
        return "" if sys.stdin.readline().strip().lower() in ("y", "yes") else "Nothing was done."


def _text(title: str, rows: Forgotten) -> str:
    counts = [(name.replace("_", " "), count) for name, count in asdict(rows).items() if name != "opted_out"]
    stays = "the number opted out of marketing, and stays on that list alone" if rows.opted_out else ""
    return block(title, *counts, ("note", stays))


def _document(rows: Forgotten, options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "number": mask_party(options["number"]),
        "erase": options["erase"],
        "dry_run": options["dry_run"],
        **asdict(rows),
    }
