"""``python testproject/manage.py messages``: update the app's translation catalogues and compile them."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.core.management.commands import makemessages
from django.core.management.utils import popen_wrapper

import django_lanck

APP: Final = Path(django_lanck.__file__).parent
ENGLISH: Final = "locale/en/LC_MESSAGES/django.po"


class Makemessages(makemessages.Command):
    # Guessed translations would be mixed with the reviewed ones.
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]


class Command(BaseCommand):
    help = "Update the app's translation catalogues from its code, and compile them. Needs GNU gettext."

    def handle(self, **options: Any) -> None:
        languages = [language for language, _ in settings.LANGUAGES]
        with contextlib.chdir(APP):
            call_command(
                Makemessages(),
                locale=languages,
                ignore_patterns=["sandbox/*"],  # for developers, in English only
                no_obsolete=True,
                no_wrap=True,
                add_location="file",
                verbosity=0,
            )
            _fill_english()
            call_command("compilemessages", locale=languages, verbosity=0)
        self.stdout.write(f"{', '.join(languages)}: updated. Untranslated messages have an empty msgstr.")


def _fill_english() -> None:
    """Copy every message of the code into the English catalogue."""
    _, errors, status = popen_wrapper(["msgen", "--no-wrap", "--lang=en", f"--output-file={ENGLISH}", ENGLISH])
    if status:
        raise CommandError(errors)
