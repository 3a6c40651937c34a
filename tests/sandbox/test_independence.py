"""The sandbox is evidence about the app only while it shares nothing with it."""

import ast
import sys
from pathlib import Path

import django_lanck.sandbox

FILES = sorted(Path(django_lanck.sandbox.__file__).parent.rglob("*.py"))
ALLOWED = {"django", "requests", "phonenumbers", "__future__"} | sys.stdlib_module_names


def imported(path):
    """Absolute names; of relative imports, those that leave the package."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level != 1:
            yield "." * node.level + (node.module or "")


def test_it_imports_nothing_of_the_app():
    assert len(FILES) > 30
    names = {(path.name, name) for path in FILES for name in imported(path)}
    foreign = {(file, name) for file, name in names if name.partition(".")[0] not in ALLOWED}
    assert {(file, name) for file, name in foreign if not f"{name}.".startswith("django_lanck.sandbox.")} == set()
