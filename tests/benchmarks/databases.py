"""Where the benchmarks run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

POSTGRES = "postgres://postgres@127.0.0.1/postgres"


def on_each_database(module: str, measure: Callable[[], None]) -> None:
    """Measure on SQLite and PostgreSQL (or where DATABASE_URL points), on each in a process of its own."""
    if "--one" in sys.argv:
        measure()
        return
    for url in dict.fromkeys(["", os.environ.get("DATABASE_URL", POSTGRES)]):
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.benchmarks.settings", "DATABASE_URL": url}
        command = [sys.executable, "-m", module, "--one", url.partition(":")[0] or "sqlite"]
        subprocess.run(command, env=environment, check=True)
