"""``make quick``: run the tests of what changed since the branch left main, the most specific first, for 25 seconds.

Test files are chosen in this order:

1. changed test files, and those beside a changed conftest.py or helper, or that import it;
2. test files named after a changed module: test_check.py for check.py, test_delivery_charts.py for delivery/charts.py;
3. the tests of the changed package, by ``TESTS``;
4. the tests of the packages that import it, by the import graph, direct importers first.

Whatever is left out is printed. ``make test`` runs everything.
"""

from __future__ import annotations

import functools
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SECONDS = 25
NOT_NOW = "not slow and not browser and not schema"

# Path of the code → patterns of its tests. The longest path that fits counts.
TESTS = {
    "django_lanck": ["tests/services"],
    "django_lanck/admin": ["tests/admin"],
    "django_lanck/admin/delivery": ["tests/admin/test_delivery*.py"],
    "django_lanck/api": ["tests/api"],
    "django_lanck/channels.py": ["tests/test_channels.py", "tests/client/test_content.py"],
    "django_lanck/checks": ["tests/test_checks.py", "tests/guard/test_checks.py", "tests/web/test_checks.py"],
    "django_lanck/client": ["tests/client"],
    "django_lanck/conf": ["tests/test_checks.py", "tests/guard"],
    "django_lanck/durations.py": ["tests/test_durations.py"],
    "django_lanck/guard": ["tests/guard"],
    "django_lanck/locale": ["tests/test_translations.py", "tests/test_marked_words.py"],
    "django_lanck/management": ["tests/commands"],
    "django_lanck/migrations": ["tests/test_indexes.py"],
    "django_lanck/models": ["tests/test_indexes.py", "tests/services"],
    "django_lanck/prometheus.py": ["tests/test_metrics.py"],
    "django_lanck/sandbox": ["tests/sandbox", "tests/test_client_and_sandbox.py"],
    "django_lanck/services": ["tests/services"],
    "django_lanck/services/provider": ["tests/services", "tests/client"],
    "django_lanck/static/lanck": ["tests/admin"],
    "django_lanck/static/lanck/web": ["tests/web"],
    "django_lanck/templates/admin": ["tests/admin"],
    "django_lanck/templates/lanck": ["tests/web"],
    "django_lanck/templatetags": ["tests/admin", "tests/web"],
    "django_lanck/testing": ["tests/test_fixture.py", "tests/services"],
    "django_lanck/views.py": ["tests/webhooks", "tests/test_metrics.py"],
    "django_lanck/web": ["tests/web"],
    "django_lanck/webhooks.py": ["tests/webhooks"],
    "docs": ["tests/test_docs.py", "tests/test_everything.py", "tests/web/test_docs.py", "tests/sandbox/test_docs.py"],
    "README.md": ["tests/test_docs.py", "tests/test_everything.py"],
    "testproject": ["tests/testproject"],
    "tests": ["tests"],
}


def changed_files() -> list[Path]:
    """Return the files that differ from where the branch left main, and new files that git does not know yet."""
    base = _git("merge-base", "HEAD", "main") or _git("merge-base", "HEAD", "origin/main") or ["HEAD"]
    names = _git("diff", "--name-only", base[0]) + _git("ls-files", "--others", "--exclude-standard")
    return [Path(name) for name in dict.fromkeys(names)]


def choose(changed: Iterable[Path]) -> list[Path]:
    """Return the test files for the changed files, the most specific first."""
    changed = list(changed)
    tests = [path for path in changed if path.parts[0] == "tests"]
    code = [path for path in changed if path.parts[0] != "tests"]
    chosen = [path for path in tests if path.name.startswith("test_") and (ROOT / path).exists()]
    for path in tests:
        if path.suffix == ".py" and path not in chosen:
            chosen += _users_of_helper(path)
    for path in code:
        chosen += _named_after(path)
    for path in code:
        chosen += find_tests(path)
    for path in code:
        for importer in _importers(path):
            chosen += find_tests(importer)
    return list(dict.fromkeys(chosen))


def find_tests(path: Path) -> list[Path]:
    """Return the test files of a path by ``TESTS``."""
    for folder in (path, *path.parents):
        if folder.as_posix() in TESTS:
            return _files(TESTS[folder.as_posix()])
    return []


def _named_after(path: Path) -> list[Path]:
    if path.suffix != ".py" or path.stem == "__init__":
        return []
    own = find_tests(path)
    names = (f"test_{path.parent.name}_{path.stem}", f"test_{path.stem}")
    exact = [test for name in names for test in _files(["tests"]) if test.stem == name]
    return [*exact, *(test for test in own if path.stem in test.stem)]


def _users_of_helper(path: Path) -> list[Path]:
    if path.parent != Path("tests"):
        return _files([path.parent.as_posix()])
    return [test for test in _files(["tests"]) if f"tests.{path.stem} import" in (ROOT / test).read_text()]


def _importers(path: Path) -> Iterator[Path]:
    """Yield the modules of the app that import a module, directly or through others, the nearest first."""
    graph = _import_graph()
    module = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
    seen, nearest = {module}, [module]
    while nearest:
        found = {importer for each in nearest if each in graph.modules
                 for importer in graph.find_modules_that_directly_import(each)}  # fmt: skip
        nearest = sorted(found - seen)
        seen |= found
        for importer in nearest:
            folder = Path(*importer.split("."))
            module_file = folder.with_suffix(".py")
            yield module_file if (ROOT / module_file).exists() else folder


@functools.cache
def _import_graph() -> Any:
    import grimp  # comes with import-linter

    return grimp.build_graph("django_lanck", cache_dir=None)


def _files(patterns: Iterable[str]) -> list[Path]:
    return [path for pattern in patterns for path in _matching(pattern)]


@functools.cache
def _matching(pattern: str) -> list[Path]:
    found = []
    for path in sorted(ROOT.glob(pattern)):
        found += sorted(path.rglob("test_*.py")) if path.is_dir() else [path]
    return [path.relative_to(ROOT) for path in found if "browser" not in path.parts]


def _git(*arguments: str) -> list[str]:
    ran = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return ran.stdout.split("\n")[:-1] if ran.returncode == 0 else []


class TimeLimit:
    """A pytest plugin that starts no further test after the deadline."""

    def __init__(self, seconds: float) -> None:
        self.deadline = time.monotonic() + seconds
        self.left_out: dict[str, int] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        if time.monotonic() < self.deadline:
            return None
        file = item.nodeid.partition("::")[0]
        self.left_out[file] = self.left_out.get(file, 0) + 1
        return True


def main(arguments: list[str]) -> int:
    limit = TimeLimit(SECONDS)
    changed = changed_files()
    chosen = choose(changed)
    print(f"{len(changed)} changed files: {len(chosen)} test files, for {SECONDS} seconds at most")
    if not chosen:
        print("No test belongs to what changed; `make test` runs everything.")
        return 0
    files = [str(path) for path in chosen]
    status = pytest.main(["-q", "-m", NOT_NOW, *arguments, *files], plugins=[limit])
    others = len(_files(["tests"])) - len(chosen)
    print(f"Left out: slow, browser and schema tests, and {others} test files that have little to do with the change.")
    if limit.left_out:
        names = ", ".join(f"{file} ({count})" for file, count in limit.left_out.items())
        print(f"Left out after {SECONDS} seconds: {sum(limit.left_out.values())} tests in {names}.")
    return int(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
