"""The catalogues are complete and consistent with the code. Update them with ``make messages``."""

from __future__ import annotations

import gettext
import re
from collections import Counter

import pytest
from django.utils.translation import gettext as translated
from django.utils.translation import override

from tests.catalogues import LANGUAGES, Key, catalogue, compiled, folder, forms_of, key_of, marked_strings

PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sdr%]|\{\w*\}")
TAG = re.compile(r"</?[a-z][^>]*>")
SPACE = re.compile(r"^\s*|\s*$")

pytestmark = pytest.mark.parametrize("language", LANGUAGES)


def messages(language: str):
    return [message for message in catalogue(language) if message.id]


def test_catalogue_has_exactly_the_marked_strings_of_the_code(language):
    marked = marked_strings()
    translated_keys = {key_of(message) for message in messages(language)}
    assert {key: file for key, file in marked.items() if key not in translated_keys} == {}
    assert translated_keys - set(marked) == set()


def test_no_translation_is_missing_fuzzy_or_obsolete(language):
    missing = [key_of(message) for message in messages(language) if not all(forms_of(message)) or message.fuzzy]
    assert missing == []
    assert not catalogue(language).obsolete


def test_plural_strings_have_all_forms(language):
    forms = catalogue(language).num_plurals
    plural = [message for message in messages(language) if key_of(message).plural]
    assert [key_of(message) for message in plural if len(forms_of(message)) != forms] == []


def test_placeholders_are_the_same(language):
    """A plural form for a single number may omit the placeholder of that number."""
    wrong = []
    for message in messages(language):
        key = key_of(message)
        expected = Counter(PLACEHOLDER.findall(key.plural or key.singular))
        for index, form in enumerate(forms_of(message)):
            found = Counter(PLACEHOLDER.findall(form))
            omitted = expected - found
            may_omit = key.plural and is_for_one_number(language, index)
            if found - expected or (omitted and not (may_omit and all(name.startswith("%(") for name in omitted))):
                wrong.append((key.singular, form))
    assert wrong == []


def is_for_one_number(language: str, index: int) -> bool:
    rule = gettext.c2py(catalogue(language).plural_expr)
    return sum(rule(number) == index for number in range(1000)) == 1


def test_markup_and_surrounding_whitespace_are_the_same(language):
    def shape(text: str) -> tuple:
        return Counter(TAG.findall(text)), SPACE.findall(text), text.count("\n")

    wrong = []
    for message in messages(language):
        key = key_of(message)
        for form in forms_of(message):
            if shape(form) not in (shape(key.singular), shape(key.plural or key.singular)):
                wrong.append((key.singular, form))
    assert wrong == []


def test_translations_contain_no_double_quote(language):
    """Django does not escape the translations in the attributes of a template."""
    found = [form for message in messages(language) for form in forms_of(message) if '"' in form]
    assert found == []


def test_compiled_catalogue_equals_its_source(language):
    def pairs(catalog) -> dict[Key, list[str]]:
        return {key_of(message): forms_of(message) for message in catalog if message.id}

    assert pairs(compiled(language)) == pairs(catalogue(language))


def test_django_loads_the_catalogue(language):
    with override(language):
        sentence = translated("Your code is {code}.")
    assert "{code}" in sentence
    assert (sentence == "Your code is {code}.") == (language == "en")


def test_english_translations_equal_the_marked_strings(language):
    if language != "en":
        assert folder(language).is_dir()
        return
    for message in messages("en"):
        key = key_of(message)
        assert forms_of(message) == [text for text in (key.singular, key.plural) if text]
