from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings

ROOT = Path(__file__).parent.parent.parent


@dataclass
class Ran:
    """What a command printed, and how it ended."""

    out: str
    err: str
    trouble: str | None
    code: int

    @property
    def document(self):
        return json.loads(self.out)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def run(lanck):
    """Call a command as if in a shell."""

    def run(*arguments, terminal=False, **options) -> Ran:
        out, err = io.StringIO(), Terminal() if terminal else io.StringIO()
        trouble, code = None, 0
        try:
            call_command(*map(str, arguments), stdout=out, stderr=err, **options)
        except CommandError as error:
            trouble, code = str(error), error.returncode
        except SystemExit as error:
            code = error.code
        return Ran(out.getvalue(), err.getvalue(), trouble, code)

    return run


@pytest.fixture
def settings_of_lanck(lanck):
    def change(**keys):
        return override_settings(LANCK={**lanck.settings, **keys})

    return change


# Where the tests run in the background an interrupt is ignored, which a process inherits.
MANAGE = """
import signal, sys
from django.core.management import execute_from_command_line
signal.signal(signal.SIGINT, signal.default_int_handler)
execute_from_command_line(["manage.py", *sys.argv[1:]])
"""


@pytest.fixture
def manage(lanck, tmp_path):
    """Run manage.py in a process of its own, on the tests' database and against the tests' LANCK."""
    lines = [
        "from tests.settings import *",
        f"DATABASES = {{'default': {connection.settings_dict!r}}}",
        f"LANCK = { ({**lanck.settings, 'BACKGROUND_RATE': 1000})!r}",
    ]
    (tmp_path / "settings_of_process.py").write_text("\n".join(lines))
    paths = os.pathsep.join([str(ROOT), str(tmp_path)])
    environment = {**os.environ, "PYTHONPATH": paths, "DJANGO_SETTINGS_MODULE": "settings_of_process"}

    def manage(*arguments, **options):
        command = [sys.executable, "-c", MANAGE, *map(str, arguments)]
        return subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
        )

    def finish(*arguments, given=b"") -> Ran:
        process = manage(*arguments)
        out, err = process.communicate(given, timeout=60)
        return Ran(out.decode(), err.decode(), None, process.returncode)

    finish.start = manage
    return finish
