"""All text in the templates is marked for translation."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from django.template.base import Lexer, TokenType

from tests.catalogues import APP, sources

TEXT_ATTRIBUTES = ("alt", "aria-description", "aria-label", "label", "placeholder", "title")
# Blocks without text of their own: marked texts, comments, and class names.
BLOCKS = {
    "blocktranslate": "endblocktranslate",
    "blocktrans": "endblocktrans",
    "comment": "endcomment",
    "block bodyclass": "endblock",
}
# Names that are not translated.
NAMES = frozenset(["LANCK", "SMS", "CSV", "SIP", "HLR", "Viber", "RCS"])


class WordParser(HTMLParser):
    """Collects the words of texts and of attributes that are texts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found += [word for word in data.split() if any(map(str.isalpha, word)) and word not in NAMES]

    def handle_starttag(self, tag: str, attributes: list) -> None:
        for name, value in attributes:
            if name in TEXT_ATTRIBUTES or (name == "value" and tag == "input" and ("type", "submit") in attributes):
                self.handle_data(value or "")


def unmarked_words(template: str) -> list[str]:
    """Return the words of a template that are not marked for translation."""
    texts, end_of_block = [], ""
    for token in Lexer(template).tokenize():
        if end_of_block:
            end_of_block = "" if token.contents.split()[:1] == [end_of_block] else end_of_block
        elif token.token_type == TokenType.BLOCK:
            end_of_block = BLOCKS.get(token.contents) or BLOCKS.get(token.contents.split()[0], "")
        elif token.token_type == TokenType.TEXT:
            texts.append(token.contents)
    parser = WordParser()
    parser.feed("".join(texts))
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
def test_unmarked_words_are_found(template, words):
    assert unmarked_words(template) == words


@pytest.mark.parametrize(
    "path", [str(path.relative_to(APP)) for path in sources(".html", ".txt") if "static" not in path.parts]
)
def test_template_has_no_unmarked_words(path):
    assert unmarked_words((APP / path).read_text()) == []
