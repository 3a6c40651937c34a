"""docs/sandbox.md lists the magic numbers, operations and settings of the code."""

import re
from pathlib import Path

import pytest

from django_lanck.sandbox.conf import KEYS
from django_lanck.sandbox.operations import OPERATIONS
from django_lanck.sandbox.provider import magic

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")


def test_documentation_has_the_tables_of_magic_numbers():
    assert "\n".join(magic.table()).strip() in PAGE
    assert PAGE.count("\n| `+1") == sum(len(group.numbers) for group in magic.GROUPS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.verb} {operation.path}")
def test_documentation_has_every_operation_with_its_parameters(operation):
    [row] = [line for line in PAGE.splitlines() if line.startswith(f"| `{operation.verb} /{operation.path}` |")]
    named = set(re.findall(r"[A-Za-z]+", row.split("|")[2].partition("(")[0]))
    assert named == set(operation.fields) - {"callbackUrl"}
    assert set(re.findall(r"\*\*([A-Za-z]+)\*\*", row)) == {
        name for name, field in operation.fields.items() if field.required
    }


def test_documentation_has_every_setting():
    assert [key for key in KEYS if f"| `{key}` |" not in PAGE] == []
