"""The documentation says what the code does."""

from pathlib import Path

import pytest

from django_lanck.sandbox import magic
from django_lanck.sandbox.conf import KEYS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sandbox.md"


@pytest.mark.parametrize("line", [line for line in magic.table() if line])
def test_the_page_has_every_magic_number(line):
    assert line in PAGE.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("key", sorted(KEYS))
def test_the_page_has_every_setting(key):
    assert f"| `{key}` |" in PAGE.read_text(encoding="utf-8")
