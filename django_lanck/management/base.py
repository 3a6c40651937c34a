"""What this app's commands have in common: one answer in words or as JSON, and one clear sentence for trouble."""

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

INTERRUPTED: Final = 130  # as shells have it: 128 and the number of SIGINT


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command found out, in words and as JSON. ``trouble`` is a sentence that makes it end with exit code 1."""

    text: str
    document: Mapping[str, Any]
    trouble: str = ""


class LanckCommand(BaseCommand):
    """Calls :meth:`answer` and prints what it returns.

    ``--json`` prints one JSON document, also for trouble: then it has ``error``, which is on stderr as well. A
    KeyboardInterrupt is one line on stderr and exit code 130.
    """

    # Other apps' checks, and warnings that a cron job would mail each time, are for ``manage.py check``.
    requires_system_checks = ()
    needs_settings = True
    interrupted = "Interrupted."
    shows_progress = False
    # Service argument → what the person typed for it.
    named: ClassVar[Mapping[str, str]] = {"number": "NUMBER"}

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def answer(self, options: Mapping[str, Any]) -> Answer:
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_transaction()
        self.shows_progress = self.stderr.isatty() and options["verbosity"] > 0
        try:
            if self.needs_settings:
                _refuse_bad_settings()
            answer = self.answer(options)
        except (LanckError, ImproperlyConfigured) as error:
            message_id = getattr(error, "message_id", None)
            answer = Answer("", {"message": message_id} if message_id else {}, trouble=self.sentence(error))
        except KeyboardInterrupt:
            self.end_progress()
            self.stderr.write(self.interrupted)
            sys.exit(INTERRUPTED)
        self.report(answer, options)

    def report(self, answer: Answer, options: Mapping[str, Any]) -> None:
        """Print an answer. Raises CommandError for one with trouble."""
        if options["json"]:
            error = {"error": answer.trouble} if answer.trouble else {}
            self.stdout.write(json.dumps({**answer.document, **error}, cls=DjangoJSONEncoder))
        elif answer.text and options["verbosity"] > 0:
            self.stdout.write(printable(answer.text))
        if answer.trouble:
            raise CommandError(printable(answer.trouble))

    def show_progress(self, text: str) -> None:
        """One line on a terminal that is written over and over; nothing in a log or in cron's mail."""
        if self.shows_progress:
            self.stderr.write(f"\r\x1b[K{printable(text)}", style_func=str, ending="")
            self.stderr.flush()

    def end_progress(self) -> None:
        if self.shows_progress:
            self.stderr.write("\r\x1b[K", style_func=str, ending="")

    def sentence(self, error: Exception) -> str:
        """What went wrong, in one sentence that names the option it is about."""
        if isinstance(error, InvalidArgument):
            return f"{self._typed_for(error.field)}: {error.reason}"
        if isinstance(error, Refusal):
            return ": ".join([*map(self._typed_for, error.errors), error.detail])
        if isinstance(error, NotSent):
            return f"Nothing was sent: {error}."
        if isinstance(error, OutcomeUnknown):
            return f"LANCK gave no answer that can be used: {error}."
        return str(error)

    def _typed_for(self, field: str) -> str:
        name, place = re.fullmatch(r"(\w*)(.*)", field, re.DOTALL).groups()  # type: ignore[union-attr]
        typed = self.named.get(name, name)
        return f"{typed}, {field}" if place else typed


def printable(text: str) -> str:
    """Without what would command the terminal: some of it are LANCK's words. Every kind of space is a space."""
    shown = (character if character == "\n" or not character.isspace() else " " for character in text)
    return "".join(character if character.isprintable() or character == "\n" else "�" for character in shown)


def _refuse_bad_settings() -> None:
    serious = [found for found in check_settings() if found.is_serious()]
    if serious:
        raise ImproperlyConfigured(f"{serious[0].msg} {serious[0].hint or ''}".strip())


def above_zero(kind: type[int] | type[float]) -> Callable[[str], float]:
    """The type of an option that takes a number above 0."""

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = 0
        if not 0 < value < 10**9:
            raise ArgumentTypeError("it has to be a number above 0")
        return value

    return parse


def block(title: str, *facts: tuple[str, object]) -> str:
    """A title, and under it a line for each fact that is not empty or unknown."""
    lines = [f"  {name}: {_in_words(value)}" for name, value in facts if value not in ("", None)]
    return "\n".join([title, *lines])


def _in_words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
