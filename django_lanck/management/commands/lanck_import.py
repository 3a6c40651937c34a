from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from ...exceptions import LanckError
from ...services import Imported, import_numbers, user_field_named
from ..base import LanckCommand, Result, add_dry_run, block
from ..csvfile import import_rows, open_text

SHOWN_IN_JSON: Final = 100


class Command(LanckCommand):
    help = (
        "Import numbers that were verified elsewhere, from a CSV file with a header. "
        "Without --apply nothing is stored. It can be run again: what is imported is not imported twice."
    )
    interrupted_message = "Interrupted. What was imported stays; run it again for the rest."
    needs_settings = False  # LANCK is not called
    argument_names = {"file": "FILE", "user_field": "--user-field", "encoding": "--encoding"}

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", metavar="FILE", help="a CSV file; - reads stdin")
        add_dry_run(parser, "store the numbers; without it the rows are only checked")
        parser.add_argument(
            "--user-field",
            default="",
            metavar="FIELD",
            help="field that names the users; pk is their key",
        )
        parser.add_argument("--user-column", default="", metavar="NAME", help="default: the name of the field")
        parser.add_argument("--number-column", default="number", metavar="NAME", help="default: number")
        parser.add_argument("--verified-column", default="verified_at", metavar="NAME", help="default: verified_at")
        parser.add_argument("--region", metavar="CODE", help="country of national numbers, such as DE")
        parser.add_argument("--delimiter", type=_delimiter, help="default: found in the header")
        parser.add_argument("--encoding", default="utf-8-sig", help="default: UTF-8")

    def run(self, options: Mapping[str, Any]) -> Result:
        self.problems: list[dict[str, Any]] = []
        user_field = options["user_field"] or user_field_named("").name
        columns = {
            "user": options["user_column"] or user_field,
            "number": options["number_column"],
            "verified_at": options["verified_column"],
        }
        with open_text(options["file"], options["encoding"]) as text:
            done = import_numbers(
                rows=import_rows(text, columns=columns, delimiter=options["delimiter"] or ""),
                user_field=user_field,
                region=options["region"],
                dry_run=not options["apply"],
                on_refused=self._report_refused,
                on_taken_over=self._report_taken_over,
                progress=self._progress,
            )
        self.end_progress()
        document = {"dry_run": not options["apply"], **asdict(done), "problems": self.problems}
        error = f"{done.refused} of {done.rows} rows are refused." if done.refused else ""
        return Result(_text(done, applied=options["apply"]), document, error)

    def _report_refused(self, line: int, error: LanckError) -> None:
        reason = self.error_text(error)
        if len(self.problems) < SHOWN_IN_JSON:
            self.problems.append({"line": line, "reason": reason})
        self.report_line(f"Line {line}: {reason}")

    def _report_taken_over(self, line: int) -> None:
        self.report_line(f"Line {line}: taken over from another user, who verified the number earlier.")

    def _progress(self, done: Imported) -> None:
        self.show_progress(f"{done.rows:,} rows, {done.refused:,} refused")


def _delimiter(text: str) -> str:
    character = {"tab": "\t", r"\t": "\t"}.get(text, text)
    if len(character) != 1 or character in '\r\n"':
        raise ArgumentTypeError("it has to be one character, or tab")
    return character


def _text(done: Imported, *, applied: bool) -> str:
    title = f"Imported from {done.rows} rows" if applied else f"{done.rows} rows checked; --apply imports them"
    return block(
        title,
        ("new", done.created),
        ("later than known", done.updated),
        ("taken over from another user", done.taken_over),
        ("known already", done.unchanged),
        ("refused", done.refused),
    )
