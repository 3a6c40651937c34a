"""Every catalogue says all that the code says, in the same shape. Renew them with ``make messages``."""

from __future__ import annotations

import gettext
import re
from collections import Counter

import pytest
from django.utils.translation import gettext as translated
from django.utils.translation import override

from tests.catalogues import LANGUAGES, Key, catalogue, compiled, folder, forms_of, key_of, said_by_code

PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sdr%]|\{\w*\}")
TAG = re.compile(r"</?[a-z][^>]*>")
# Of no language: what is only a name, a unit or a placeholder may stay as it is.
SPACE = re.compile(r"^\s*|\s*$")

pytestmark = pytest.mark.parametrize("language", LANGUAGES)


def messages(language: str):
    return [message for message in catalogue(language) if message.id]


def test_it_has_all_that_the_code_says_and_nothing_else(language):
    said = said_by_code()
    kept = {key_of(message) for message in messages(language)}
    assert {key: file for key, file in said.items() if key not in kept} == {}
    assert kept - set(said) == set()


def test_nothing_is_left_open(language):
    open_ = [key_of(message) for message in messages(language) if not all(forms_of(message)) or message.fuzzy]
    assert open_ == []
    assert not catalogue(language).obsolete


def test_each_number_has_its_form(language):
    forms = catalogue(language).num_plurals
    plural = [message for message in messages(language) if key_of(message).plural]
    assert [key_of(message) for message in plural if len(forms_of(message)) != forms] == []


def test_placeholders_are_the_same(language):
    """Only a number that a form stands for alone may be left out, where it has a name."""
    wrong = []
    for message in messages(language):
        key = key_of(message)
        wanted = Counter(PLACEHOLDER.findall(key.plural or key.singular))
        for index, form in enumerate(forms_of(message)):
            found = Counter(PLACEHOLDER.findall(form))
            left_out = wanted - found
            may_be_left_out = key.plural and stands_for_one_number(language, index)
            if found - wanted or (
                left_out and not (may_be_left_out and all(name.startswith("%(") for name in left_out))
            ):
                wrong.append((key.singular, form))
    assert wrong == []


def stands_for_one_number(language: str, index: int) -> bool:
    rule = gettext.c2py(catalogue(language).plural_expr)
    return sum(rule(number) == index for number in range(1000)) == 1


def test_markup_and_space_around_are_the_same(language):
    def shape(text: str) -> tuple:
        return Counter(TAG.findall(text)), SPACE.findall(text), text.count("\n")

    wrong = []
    for message in messages(language):
        key = key_of(message)
        for form in forms_of(message):
            if shape(form) not in (shape(key.singular), shape(key.plural or key.singular)):
                wrong.append((key.singular, form))
    assert wrong == []


def test_no_translation_ends_the_attribute_that_it_stands_in(language):
    """Django holds what a template says for harmless, and puts the translation into a label as it is."""
    found = [form for message in messages(language) for form in forms_of(message) if '"' in form]
    assert found == []


def test_what_is_compiled_is_what_is_written(language):
    def pairs(catalog) -> dict[Key, list[str]]:
        return {key_of(message): forms_of(message) for message in catalog if message.id}

    assert pairs(compiled(language)) == pairs(catalogue(language))


def test_django_speaks_it(language):
    with override(language):
        sentence = translated("Your code is {code}.")
    assert "{code}" in sentence
    assert (sentence == "Your code is {code}.") == (language == "en")


def test_english_says_what_the_code_says(language):
    if language != "en":
        assert folder(language).is_dir()
        return
    for message in messages("en"):
        key = key_of(message)
        assert forms_of(message) == [text for text in (key.singular, key.plural) if text]
