"""The sandbox shares no code with the app, so that it is an independent implementation."""

import ast
import sys
from pathlib import Path

import django_lanck.sandbox

FOLDER = Path(django_lanck.sandbox.__file__).parent
FILES = sorted(FOLDER.rglob("*.py"))
ALLOWED = {"django", "requests", "phonenumbers", "__future__"} | sys.stdlib_module_names


def imported(path):
    """Yield the absolute names that a file imports; of relative imports, only those that leave the sandbox."""
    depth = len(path.relative_to(FOLDER).parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.level == 0 or node.level > depth):
            yield "." * node.level + (node.module or "")


def test_sandbox_imports_nothing_of_the_app():
    assert len(FILES) > 30
    names = {(path.name, name) for path in FILES for name in imported(path)}
    foreign = {(file, name) for file, name in names if name.partition(".")[0] not in ALLOWED}
    assert {(file, name) for file, name in foreign if not f"{name}.".startswith("django_lanck.sandbox.")} == set()
