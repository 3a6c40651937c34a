"""The base class of this app's commands: one result as text or JSON, and one sentence for an error."""

from __future__ import annotations

import json
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from ..checks import check_settings
from ..exceptions import InvalidArgument, LanckError, NotSent, OutcomeUnknown, Refusal
from ..services.transactions import refuse_transaction

INTERRUPTED: Final = 130  # the exit code of shells: 128 plus the number of SIGINT


@dataclass(frozen=True, slots=True)
class Result:
    """The output of a command, as text and as JSON. With an ``error``, a sentence, the exit code is 1."""

    text: str
    document: Mapping[str, Any]
    error: str = ""


class LanckCommand(BaseCommand):
    """Calls :meth:`run` and prints its result.

    ``--json`` prints one JSON document. An error is its key ``error``, and is printed to stderr too. A
    KeyboardInterrupt prints one line to stderr and exits with 130.
    """

    # Warnings and other apps' checks would be mailed by every cron job; ``manage.py check`` reports them.
    requires_system_checks = ()
    needs_settings = True
    interrupted_message = "Interrupted."
    shows_progress = False
    # Argument of the service → argument or option of the command line, for error messages.
    argument_names: ClassVar[Mapping[str, str]] = {"number": "NUMBER"}

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def run(self, options: Mapping[str, Any]) -> Result:
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_transaction()
        self.shows_progress = self.stderr.isatty() and options["verbosity"] > 0
        try:
            if self.needs_settings:
                _refuse_invalid_settings()
            result = self.run(options)
        except (LanckError, ImproperlyConfigured) as error:
            message_id = getattr(error, "message_id", None)
            result = Result("", {"message": message_id} if message_id else {}, error=self.error_text(error))
        except KeyboardInterrupt:
            self.end_progress()
            self.stderr.write(self.interrupted_message)
            sys.exit(INTERRUPTED)
        self.report(result, options)

    def report(self, result: Result, options: Mapping[str, Any]) -> None:
        """Print a result. Raises CommandError for one with an error."""
        if options["json"]:
            error = {"error": result.error} if result.error else {}
            self.stdout.write(json.dumps({**result.document, **error}, cls=DjangoJSONEncoder))
        elif result.text and options["verbosity"] > 0:
            self.stdout.write(printable(result.text))
        if result.error:
            raise CommandError(printable(result.error))

    def show_progress(self, text: str) -> None:
        """Overwrite one line on a terminal; print nothing to a log or a cron mail."""
        if self.shows_progress:
            self.stderr.write(f"\r\x1b[K{printable(text)}", style_func=str, ending="")
            self.stderr.flush()

    def report_line(self, text: str) -> None:
        """Print one line to stderr, above the line of the progress."""
        self.end_progress()
        self.stderr.write(printable(text))

    def end_progress(self) -> None:
        if self.shows_progress:
            self.stderr.write("\r\x1b[K", style_func=str, ending="")

    def error_text(self, error: Exception) -> str:
        """Return an error as one sentence, with the name of the argument that it is about."""
        if isinstance(error, InvalidArgument):
            return f"{self._argument_name(error.field)}: {error.reason}"
        if isinstance(error, Refusal):
            return ": ".join([*map(self._argument_name, error.errors), error.detail])
        if isinstance(error, NotSent):
            return f"Nothing was sent: {error}."
        if isinstance(error, OutcomeUnknown):
            return f"LANCK did not answer: {error}."
        return str(error)

    def _argument_name(self, field: str) -> str:
        name, place = re.fullmatch(r"(\w*)(.*)", field, re.DOTALL).groups()  # type: ignore[union-attr]
        argument = self.argument_names.get(name, name)
        return f"{argument}, {field}" if place else argument


def printable(text: str) -> str:
    """Return a text without control characters, which LANCK's answers may contain. Other whitespace becomes a space."""
    shown = (character if character == "\n" or not character.isspace() else " " for character in text)
    return "".join(character if character.isprintable() or character == "\n" else "�" for character in shown)


def _refuse_invalid_settings() -> None:
    errors = [message for message in check_settings() if message.is_serious()]
    if errors:
        raise ImproperlyConfigured(f"{errors[0].msg} {errors[0].hint or ''}".strip())


def positive(kind: type[int] | type[float]) -> Callable[[str], float]:
    """Return the argparse type of a positive number."""

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = 0
        if not 0 < value < 10**9:
            raise ArgumentTypeError("it has to be a positive number")
        return value

    return parse


def add_dry_run(parser: ArgumentParser, about_apply: str) -> None:
    """Add ``--apply``, and ``--dry-run`` for the default."""
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--apply", action="store_true", help=about_apply)
    modes.add_argument("--dry-run", action="store_true", help="change nothing (default)")


def block(title: str, *facts: tuple[str, object]) -> str:
    """Return a title and an indented line for each fact that is neither empty nor None."""
    lines = [f"  {name}: {_text(value)}" for name, value in facts if value not in ("", None)]
    return "\n".join([title, *lines])


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
