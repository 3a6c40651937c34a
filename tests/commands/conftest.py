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
class CommandOutput:
    """The output and the exit code of a command. ``error`` is the text of its CommandError."""

    out: str
    err: str
    error: str | None
    code: int

    @property
    def document(self):
        return json.loads(self.out)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def run(lanck):
    """Call a command in this process: ``run("lanck_send", "sms", phone, "Hi")``. ``terminal``: stderr is a terminal."""

    def run(*arguments, terminal=False, **options) -> CommandOutput:
        out, err = io.StringIO(), Terminal() if terminal else io.StringIO()
        message, code = None, 0
        try:
            call_command(*map(str, arguments), stdout=out, stderr=err, **options)
        except CommandError as error:
            message, code = str(error), error.returncode
        except SystemExit as error:
            code = error.code
        return CommandOutput(out.getvalue(), err.getvalue(), message, code)

    return run


@pytest.fixture
def lanck_settings(lanck):
    """Override keys of ``LANCK``: ``with lanck_settings(BASE_URL=…):``."""

    def change(**keys):
        return override_settings(LANCK={**lanck.settings, **keys})

    return change


# A background process ignores SIGINT, and its children inherit that.
MANAGE = """
import signal, sys
from django.core.management import execute_from_command_line
signal.signal(signal.SIGINT, signal.default_int_handler)
execute_from_command_line(["manage.py", *sys.argv[1:]])
"""


@pytest.fixture
def manage(lanck, tmp_path):
    """Run manage.py in another process, on the database and LANCK of the tests. ``manage.start`` does not wait."""
    lines = [
        "from tests.settings import *",
        f"DATABASES = {{'default': {connection.settings_dict!r}}}",
        f"LANCK = { ({**lanck.settings, 'BACKGROUND_RATE': 1000})!r}",
    ]
    (tmp_path / "settings_of_process.py").write_text("\n".join(lines))
    paths = os.pathsep.join([str(ROOT), str(tmp_path)])
    environment = {**os.environ, "PYTHONPATH": paths, "DJANGO_SETTINGS_MODULE": "settings_of_process"}

    def start(*arguments, **options):
        command = [sys.executable, "-c", MANAGE, *map(str, arguments)]
        return subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
        )

    def finish(*arguments, stdin=b"") -> CommandOutput:
        process = start(*arguments)
        out, err = process.communicate(stdin, timeout=60)
        return CommandOutput(out.decode(), err.decode(), None, process.returncode)

    finish.start = start
    return finish
