"""The table of docs/security.md, made from the tests that attack: ``python -m tests.promises`` writes it anew.

Each test of tests/hostile and tests/faults that has a number is one row: its docstring is what is promised.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "security.md"
BEGIN, END = "<!-- made by python -m tests.promises -->", "<!-- end -->"
KINDS = {"attack": ("Attacks", 25), "fault": ("Faults", 18)}
_NAME = re.compile(r"test_(attack|fault)_(\d\d)_\w+")


class Promise(NamedTuple):
    kind: str
    number: int
    words: str
    test: str


def promises() -> Iterator[Promise]:
    for path in sorted([*(HERE / "hostile").glob("test_*.py"), *(HERE / "faults").glob("test_*.py")]):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and (found := _NAME.fullmatch(node.name)):
                words = " ".join((ast.get_docstring(node) or "").split())
                yield Promise(found[1], int(found[2]), words.replace("``", "`"), f"`{node.name}`")


def table(kind: str) -> str:
    rows = sorted(promise for promise in promises() if promise.kind == kind)
    lines = [f"| {row.number} | {row.words} | {row.test} |" for row in rows]
    return "\n".join(["| | What holds | Shown by |", "|---|---|---|", *lines])


def text() -> str:
    return "\n\n".join(f"### {title}\n\n{table(kind)}" for kind, (title, _) in KINDS.items())


def with_tables(page: str) -> str:
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{text()}\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text()))
