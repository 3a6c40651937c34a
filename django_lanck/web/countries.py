"""The countries of the picker, named in the reader's language and in its order."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import phonenumbers
from babel import Locale, UnknownLocaleError
from babel.core import get_global
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation.trans_real import parse_accept_lang_header


class Country(NamedTuple):
    """``region`` is the ISO code, ``code`` what is dialled, such as ``44``."""

    region: str
    name: str
    code: int

    def __str__(self) -> str:
        return f"{self.name} (\u200e+{self.code})"  # the sign keeps the plus before its digits in any script


def countries(offered: frozenset[str] | None) -> list[Country]:
    """Those of ``offered`` that have phones (None: all of the world), in the active language."""
    return list(_countries(get_language() or "en", offered))


def likely_country(request: HttpRequest, offered: Iterable[Country]) -> str:
    """The country that a browser's languages speak of, or else the one where the first of them is spoken most.

    Empty where that is none of those offered.
    """
    header = request.headers.get("Accept-Language", "").lower()
    languages = [language for language, _ in parse_accept_lang_header(header) if language != "*"]
    regions = [part.upper() for language in languages for part in language.split("-")[1:] if len(part) == 2]
    likely = get_global("likely_subtags").get(languages[0].partition("-")[0], "") if languages else ""
    known = {country.region for country in offered}
    return next((region for region in (*regions, likely.rpartition("_")[2]) if region in known), "")


@lru_cache(maxsize=128)
def _countries(language: str, offered: frozenset[str] | None) -> tuple[Country, ...]:
    names = _locale(language).territories
    found = [
        Country(region, names.get(region, region), phonenumbers.country_code_for_region(region))
        for region in phonenumbers.SUPPORTED_REGIONS
        if offered is None or region in offered
    ]
    return tuple(sorted(found, key=lambda country: (_in_order(country.name), country.region)))


def _locale(language: str) -> Locale:
    for name in (language, language.partition("-")[0]):
        try:
            return Locale.parse(name, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


def _in_order(name: str) -> str:
    """As dictionaries order words: an accented letter is beside the one without."""
    letters = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold()
