"""Whatever people read in a template of this app is marked for translation."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from django.template.base import Lexer, TokenType

from tests.catalogues import APP, sources

READ_ALOUD = ("alt", "aria-description", "aria-label", "label", "placeholder", "title")
# What is not read as it stands there: text that is marked, and names of classes.
BLOCKS = {
    "blocktranslate": "endblocktranslate",
    "blocktrans": "endblocktrans",
    "comment": "endcomment",
    "block bodyclass": "endblock",
}
# Names that are the same in every language.
NAMES = frozenset(["LANCK", "SMS", "CSV", "SIP", "HLR", "Viber", "RCS"])


class Words(HTMLParser):
    """Collects what is read on a page and is made of letters."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found += [word for word in data.split() if any(map(str.isalpha, word)) and word not in NAMES]

    def handle_starttag(self, tag: str, attributes: list) -> None:
        for name, value in attributes:
            if name in READ_ALOUD or (name == "value" and tag == "input" and ("type", "submit") in attributes):
                self.handle_data(value or "")


def words_of(template: str) -> list[str]:
    """The words of a template that stand in it as they are."""
    left, until = [], ""
    for token in Lexer(template).tokenize():
        if until:
            until = "" if token.contents.split()[:1] == [until] else until
        elif token.token_type == TokenType.BLOCK:
            until = BLOCKS.get(token.contents) or BLOCKS.get(token.contents.split()[0], "")
        elif token.token_type == TokenType.TEXT:
            left.append(token.contents)
    parser = Words()
    parser.feed("".join(left))
    return parser.found


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("<p>Hello {{ name }}</p>", ["Hello"]),
        ('<p title="Hello">{% translate "Hello" %} SMS 12</p>', ["Hello"]),
        ('<input type="submit" value="Send"><input type="hidden" name="next" value="x">', ["Send"]),
        ("{% blocktranslate %}Hello{% endblocktranslate %}{# Hello #}{% comment %}Hello{% endcomment %}", []),
        ('{% if x %}<b class="big">{{ x }}</b>{% endif %}', []),
    ],
)
def test_words_that_are_not_marked_are_found(template, words):
    assert words_of(template) == words


@pytest.mark.parametrize(
    "path", [str(path.relative_to(APP)) for path in sources(".html", ".txt") if "static" not in path.parts]
)
def test_a_template_has_no_words_of_its_own(path):
    assert words_of((APP / path).read_text()) == []
