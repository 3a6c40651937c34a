"""The sandbox is evidence about the app only while it shares nothing with it."""

import ast
from pathlib import Path

import pytest

import django_lanck.sandbox

FILES = sorted(Path(django_lanck.sandbox.__file__).parent.rglob("*.py"))
ALLOWED = {"django", "requests", "phonenumbers", "__future__"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_imports_nothing_of_the_app(path):
    import sys

    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level <= 1
            modules = [node.module or ""] if not node.level else []
        else:
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for module in modules:
            own = module == "django_lanck.sandbox" or module.startswith("django_lanck.sandbox.")
            assert own or module.partition(".")[0] in ALLOWED | sys.stdlib_module_names
