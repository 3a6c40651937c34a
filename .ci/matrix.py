"""Run the cells of the matrix, print a line for each, and fail if one failed or could not run.

``python3 .ci/matrix.py`` runs all of them, ``python3 .ci/matrix.py lint docs`` those whose names begin so. It needs
nothing but Python 3.11; .ci/run installs the servers, the browser and the compilers first.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TIMEOUT = 15 * 60  # of a cell

SQLITE = ""
POSTGRESQL = "postgres://postgres@127.0.0.1:5432/postgres"
MARIADB = "mysql://root@127.0.0.1:3306/mysql"

PYTEST = "python -m pytest -q -n auto --maxprocesses 8 --dist worksteal"
SUITE = f"{PYTEST} -m 'not browser and not schema'"  # with the slow tests

# An environment: its folder, the Python that it is made with, and the commands that fill it.
UV = "$PWD/.venv/bin/uv"
ALL = f"{UV} sync --quiet --frozen --inexact --all-extras --all-groups"
NEWER = f"{UV} sync --quiet --frozen --all-extras --no-default-groups --group test --group databases"
ENVIRONMENTS = {
    "5.2": (".venv", ("3.11",), [ALL, f"{UV} lock --check --default-index https://pypi.org/simple"]),
    "6.0": (".venv-6.0", ("3.12", "3.13"), [NEWER, f"{UV} pip install --quiet 'django~=6.0.0'"]),
    "6.1": (".venv-6.1", ("3.13", "3.12"), [NEWER, f"{UV} pip install --quiet 'django~=6.1.0'"]),
}


@dataclass(frozen=True)
class Cell:
    name: str
    django: str
    database: str
    command: str
    alone: bool = True  # False: uses one core, and runs beside another such cell


WHEEL = (
    f"rm -rf dist .venv-wheel && {UV} build --quiet --wheel --out-dir dist && {UV} venv --quiet .venv-wheel && "
    f"VIRTUAL_ENV=$PWD/.venv-wheel {UV} pip install --quiet dist/*.whl && "
    ".venv-wheel/bin/python -I .ci/wheel.py && rm -rf .venv-wheel"
)
# What README and CONTRIBUTING promise, in a checkout in which nothing is installed: before any other cell.
FIRST = Cell("make test", "make", SQLITE, "make test")
CELLS = [
    Cell("suite with coverage", "5.2", SQLITE, f"{SUITE} --cov --cov-report=term"),
    Cell("suite on PostgreSQL", "5.2", POSTGRESQL, SUITE),
    Cell("suite on MariaDB", "6.0", MARIADB, SUITE),
    Cell("suite without slow tests", "6.1", SQLITE, f"{PYTEST} -m 'not slow and not browser and not schema'"),
    Cell("services and webhooks", "6.1", MARIADB, f"{SUITE} tests/services tests/webhooks"),
    Cell("browser", "5.2", SQLITE, f"{PYTEST} -m browser"),
    Cell("OpenAPI schema", "5.2", SQLITE, "python -m pytest -q -m schema", alone=False),
    Cell("types", "5.2", SQLITE, "mypy", alone=False),
    Cell("wheel", "5.2", SQLITE, WHEEL, alone=False),
    Cell("docs", "5.2", SQLITE, "make --no-print-directory docs", alone=False),
    Cell("lint and layers", "5.2", SQLITE, "make --no-print-directory lint", alone=False),
    Cell("migrations", "5.2", SQLITE, "python testproject/manage.py makemigrations --check --dry-run", alone=False),
]


def main(wanted: list[str]) -> int:
    began = time.monotonic()
    cells = [cell for cell in CELLS if not wanted or cell.name.startswith(tuple(wanted))]
    results = [] if wanted else [run(FIRST)]
    broken = {name for name in dict.fromkeys(cell.django for cell in cells) if not prepare(name)}
    results += [run(cell) for cell in cells if cell.alone and cell.django not in broken]
    with ThreadPoolExecutor(2) as pool:
        results += pool.map(run, (cell for cell in cells if not cell.alone and cell.django not in broken))
    left_out = [cell.name for cell in cells if cell.django in broken]
    for name in left_out:
        print(f"NOT RUN      {name}: its environment could not be made")
    print(f"{sum(results)} of {len(results) + len(left_out)} cells passed in {time.monotonic() - began:.0f} s")
    return 0 if all(results) and not left_out else 1


def prepare(name: str) -> bool:
    """Make an environment."""
    folder, versions, commands = ENVIRONMENTS[name]
    steps = ["make .venv/bin/uv", *commands]
    if folder != ".venv":  # which `make` makes, with the Python that it finds
        python = find_python(versions)
        if python is None:
            print(f"FAILED       Django {name} needs Python {' or '.join(versions)}, which is not installed")
            return False
        steps.insert(1, f"rm -rf {folder} && {UV} venv --quiet --python {python} {folder}")
    steps += ["python --version", f"python -m django --version | grep ^{name}."]
    return run(Cell("installation", name, SQLITE, " && ".join(steps)))


def find_python(versions: tuple[str, ...]) -> str | None:
    """Return a Python of the first of these minor versions that there is, or None."""
    for version in versions:
        pyenv = (Path.home() / ".pyenv" / "versions").glob(f"{version}*/bin/python")
        for python in filter(None, [shutil.which(f"python{version}"), *map(str, pyenv)]):
            # A shim of pyenv may be there without a Python behind it.
            if subprocess.run([python, "--version"], capture_output=True, check=False).returncode == 0:
                return python
    return None


def run(cell: Cell) -> bool:
    """Run a cell, print a line, and before it the whole output if the cell failed."""
    began = time.monotonic()
    status, output = execute(cell)
    environment = f"Django {cell.django}, " if cell.django in ENVIRONMENTS else ""
    where = f"{environment}{cell.database.partition(':')[0] or 'sqlite'}"
    seconds = time.monotonic() - began
    if status:
        print(f"----- {cell.name} ({where})\n{output.rstrip()}")
    lines = [f"({status})"] if status else output.split("\n")
    summary = next((line.strip(" =") for line in reversed(lines) if line.strip()), "")
    print(f"{'FAILED' if status else 'ok':6} {seconds:4.0f} s  {cell.name} ({where}) {summary}", flush=True)
    return not status


def execute(cell: Cell) -> tuple[str, str]:
    """Return why the command failed, or an empty text, and all that it printed."""
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            ["bash", "-euc", cell.command],
            cwd=ROOT, env=variables(cell), stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            code = process.wait(TIMEOUT)
            status = f"exit status {code}" if code else ""
        except BaseException as error:  # a cell that hangs, or Ctrl-C: its children end too
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            status = f"more than {TIMEOUT} s"
        output.seek(0)
        return status, output.read()


def variables(cell: Cell) -> dict[str, str]:
    """Return the environment variables of a cell."""
    values = {**os.environ, "DATABASE_URL": cell.database, "UV_COMPILE_BYTECODE": "1", "PYTHONDONTWRITEBYTECODE": ""}
    if cell.django not in ENVIRONMENTS:
        return values
    folder = str(ROOT / ENVIRONMENTS[cell.django][0])
    path = f"{folder}/bin:{os.environ['PATH']}"
    return {**values, "UV_PROJECT_ENVIRONMENT": folder, "VIRTUAL_ENV": folder, "PATH": path}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
