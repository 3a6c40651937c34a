"""``python testproject/manage.py messages``: the catalogues of the app, renewed from its code and compiled."""

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
    # A translation that is only guessed would have to be told from the others.
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]


class Command(BaseCommand):
    help = "Renew the catalogues of the app from its code, and compile them. Needs GNU gettext."

    def handle(self, **options: Any) -> None:
        languages = [language for language, _ in settings.LANGUAGES]
        with contextlib.chdir(APP):
            call_command(
                Makemessages(),
                locale=languages,
                ignore_patterns=["sandbox/*"],  # it is for developers, and in English
                no_obsolete=True,
                no_wrap=True,
                add_location="file",
                verbosity=0,
            )
            _fill_english()
            call_command("compilemessages", locale=languages, verbosity=0)
        self.stdout.write(f"{', '.join(languages)}: renewed. What is not translated yet has an empty msgstr.")


def _fill_english() -> None:
    """English says what the code says."""
    _, errors, status = popen_wrapper(["msgen", "--no-wrap", "--lang=en", f"--output-file={ENGLISH}", ENGLISH])
    if status:
        raise CommandError(errors)
