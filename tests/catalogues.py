"""Read the marked strings of the code and the catalogues of translations, without the tools of GNU gettext."""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from babel.messages import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.utils.translation import templatize

APP = Path(__file__).parent.parent / "django_lanck"
LANGUAGES = ("ar", "de", "en", "es", "fr", "ru")
# Only developers see their texts, which are not translated.
NOT_TRANSLATED = ("sandbox", "migrations")
KEYWORDS = {**DEFAULT_KEYWORDS} | {
    f"{name}{ending}": DEFAULT_KEYWORDS.get(name)
    for name in ("gettext", "ngettext", "pgettext", "npgettext")
    for ending in ("_lazy", "_noop")
}


class Key(NamedTuple):
    context: str | None
    singular: str
    plural: str | None


def key_of(message: Message) -> Key:
    ids = message.id if isinstance(message.id, tuple | list) else (message.id, None)
    return Key(message.context or None, *ids)


def sources(*endings: str) -> Iterator[Path]:
    for path in sorted(APP.rglob("*")):
        if path.suffix in endings and not set(path.relative_to(APP).parts) & set(NOT_TRANSLATED):
            yield path


@functools.cache
def marked_strings() -> dict[Key, str]:
    """Return the strings that the code marks for translation, with the file of each."""
    marked: dict[Key, str] = {}
    for path in sources(".py", ".html", ".txt"):
        text = path.read_text()
        if path.suffix != ".py":
            # As Django does for gettext: reduce the template to its marked strings, in the form of Python code.
            text = re.sub(r"^\s+", "", templatize(text, origin=str(path)), flags=re.M)
        catalog = Catalog()
        for line, ids, _comments, context in extract("python", io.BytesIO(text.encode()), KEYWORDS):
            catalog.add(ids, None, [(str(path), line)], context=context)
        marked.update((key_of(message), str(path.relative_to(APP))) for message in catalog if message.id)
    return marked


def folder(language: str) -> Path:
    return APP / "locale" / language / "LC_MESSAGES"


@functools.cache
def catalogue(language: str) -> Catalog:
    with (folder(language) / "django.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


@functools.cache
def compiled(language: str) -> Catalog:
    with (folder(language) / "django.mo").open("rb") as file:
        return read_mo(file)


def forms_of(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)
