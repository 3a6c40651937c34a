"""The countries of the country picker, named and sorted in the active language."""

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
    """A country: its ISO code, its name, and its dialling code such as ``44``."""

    region: str
    name: str
    code: int

    def __str__(self) -> str:
        return f"{self.name} (\u200e+{self.code})"  # the mark keeps the plus before its digits in right-to-left text


def countries(offered: frozenset[str] | None) -> list[Country]:
    """Return the countries of ``offered`` that have phone numbers; of all countries for None."""
    return list(_countries(get_language() or "en", offered))


def likely_country(request: HttpRequest, offered: Iterable[Country]) -> str:
    """Return the ISO code of the country in ``Accept-Language``, or else of the most likely one for its first language.

    Empty where none of them is offered.
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
    return tuple(sorted(found, key=lambda country: (_sort_key(country.name), country.region)))


def _locale(language: str) -> Locale:
    for name in (language, language.partition("-")[0]):
        try:
            return Locale.parse(name, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


def _sort_key(name: str) -> str:
    """Return the name without accents and in lower case, so that accented letters sort beside plain ones."""
    letters = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold()
