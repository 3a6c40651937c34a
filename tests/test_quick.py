"""``make quick`` chooses tests for every file of the app, the most specific first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.quick import ROOT, TESTS, TimeLimit, choose, find_tests


@pytest.fixture
def import_graph() -> None:
    pytest.importorskip("grimp", reason="comes with import-linter, in the dependency group lint")


def test_every_pattern_matches_test_files():
    assert [pattern for patterns in TESTS.values() for pattern in patterns if not list(ROOT.glob(pattern))] == []


def test_every_path_of_the_table_exists():
    assert [path for path in TESTS if not (ROOT / path).exists()] == []


def test_every_module_has_tests():
    app = [path.relative_to(ROOT) for path in (ROOT / "django_lanck").rglob("*.py")]
    assert len(app) > 200
    assert [path for path in app if not find_tests(path)] == []


def test_test_named_after_the_module_comes_first_and_tests_of_importers_last(import_graph):
    chosen = choose([Path("django_lanck/services/verifications/check.py")])
    assert chosen[0] == Path("tests/services/test_check.py")
    folders = list(dict.fromkeys(path.parts[1] for path in chosen))
    assert folders[0] == "services"
    assert {"api", "web", "commands"} <= set(folders)


def test_changed_test_file_comes_before_tests_of_the_code(import_graph):
    chosen = choose([Path("django_lanck/webhooks.py"), Path("tests/api/test_openapi.py")])
    assert chosen[0] == Path("tests/api/test_openapi.py")
    assert Path("tests/webhooks/test_receipts_view.py") in chosen


def test_changed_conftest_chooses_the_tests_of_its_folder():
    assert set(choose([Path("tests/guard/conftest.py")])) == {
        path.relative_to(ROOT) for path in (ROOT / "tests/guard").glob("test_*.py")
    }


def test_time_limit_leaves_out_the_tests_after_the_deadline(request):
    over = TimeLimit(0)
    assert over.pytest_runtest_protocol(request.node) is True
    assert over.left_out == {"tests/test_quick.py": 1}
    assert TimeLimit(60).pytest_runtest_protocol(request.node) is None
