"""The documentation says what the code does."""

import re
from pathlib import Path

import pytest

from django_lanck.sandbox import magic
from django_lanck.sandbox.conf import KEYS
from django_lanck.sandbox.operations import OPERATIONS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sandbox.md"


@pytest.mark.parametrize("line", [line for line in magic.table() if line])
def test_the_page_has_every_magic_number(line):
    assert line in PAGE.read_text(encoding="utf-8").splitlines()


def test_the_page_has_no_magic_number_that_is_not():
    """The example of a failover chain has one in the text; what counts is the tables' rows."""
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `+1")]
    assert rows == [line for line in magic.table() if line.startswith("| `+1")]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.verb} {operation.path}")
def test_the_page_has_every_call_with_its_parameters(operation):
    [row] = [
        line
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith(f"| `{operation.verb} /{operation.path}` |")
    ]
    named = set(re.findall(r"[A-Za-z]+", row.split("|")[2].partition("(")[0]))
    assert named == set(operation.fields) - {"callbackUrl"}
    assert set(re.findall(r"\*\*([A-Za-z]+)\*\*", row)) == {
        name for name, field in operation.fields.items() if field.required
    }


@pytest.mark.parametrize("key", sorted(KEYS))
def test_the_page_has_every_setting(key):
    assert f"| `{key}` |" in PAGE.read_text(encoding="utf-8")
