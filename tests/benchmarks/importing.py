"""Import and renumber 100,000 numbers: ``make bench``.

On SQLite and PostgreSQL (or where DATABASE_URL points). The import is measured in turns with a bare one, which reads
the same file, parses the numbers, finds the users and inserts a row for each, 500 in a transaction. The commands run in
processes of their own, which print how much memory they grew by, for a tenth of the rows and for all.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from tests.benchmarks.databases import on_each_database

ROWS = int(os.environ.get("BENCHMARK_IMPORTED", "100000"))
TURN = 5000
VERIFIED_AT = "2024-01-31"
RUN = """
import django, json, re, sys, time
django.setup()
from django.core.management import call_command
from django_lanck.models import VerifiedNumber
VerifiedNumber.objects.exists()

def kilobytes(name):
    with open("/proc/self/status") as status:
        return int(re.search(rf"{name}:\\s+(\\d+)", status.read())[1])

start_size = kilobytes("VmRSS")  # not getrusage(), whose peak is that of the parent process
start = time.perf_counter()
call_command(*json.loads(sys.argv[1]), "--json")
print(time.perf_counter() - start, kilobytes("VmHWM") - start_size)
"""


def measure_one_database() -> None:
    import django

    django.setup()
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with tempfile.TemporaryDirectory() as folder:
            create_users()
            name = sys.argv[-1]
            print(f"{name}: import of {ROWS:,} rows to a bare import: {ratio(Path(folder)):.2f}")
            clear()
            measure_commands(Path(folder))
    finally:
        connection.close()
        teardown_databases(databases, verbosity=0)


def create_users() -> None:
    from django.contrib.auth import get_user_model

    users = get_user_model()
    for first in range(0, ROWS, TURN):
        users._default_manager.bulk_create(users(username=f"user{i}", password="!") for i in range(first, first + TURN))


def write_file(path: Path, first: int, rows: int) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["username", "number", "verified_at"])
        writer.writerows((f"user{i}", f"+1 202 {2_000_000 + i}", VERIFIED_AT) for i in range(first, first + rows))
    return path


def ratio(folder: Path) -> float:
    """Return the time of this app's import to that of the bare one, each in turns of ``TURN`` rows."""
    ours, bare = 0.0, 0.0
    for first in range(0, ROWS, TURN):
        path = write_file(folder / "turn.csv", first, TURN)
        ours += seconds(lambda path=path: import_file(path))
        bare += seconds(lambda path=path: import_bare(path))
    print(f"  {ours:.1f} s to {bare:.1f} s, {ROWS / ours:,.0f} to {ROWS / bare:,.0f} rows a second")
    return ours / bare


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def import_file(path: Path) -> None:
    from django_lanck.management.csvfile import import_rows, open_text
    from django_lanck.services import import_numbers

    columns = {"user": "username", "number": "number", "verified_at": "verified_at"}
    with open_text(str(path), "utf-8-sig") as text:
        assert import_numbers(rows=import_rows(text, columns=columns)).created == TURN


def import_bare(path: Path) -> None:
    import phonenumbers
    from django.contrib.auth import get_user_model
    from django.db import transaction
    from django.utils.dateparse import parse_date

    from tests.benchmarks.models import Row

    with path.open(newline="") as file:
        for batch in batches(csv.DictReader(file)):
            users = dict(
                get_user_model()
                ._default_manager.filter(username__in=[row["username"] for row in batch])
                .values_list("username", "pk")
            )
            rows = []
            for row in batch:
                phone = phonenumbers.parse(row["number"])
                assert phonenumbers.is_valid_number(phone)
                assert parse_date(row["verified_at"])
                number = phonenumbers.format_number(phone, phonenumbers.PhoneNumberFormat.E164)
                rows.append(Row(number=number, attempts=users[row["username"]]))
            with transaction.atomic():
                Row.objects.bulk_create(rows)


def batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(rows, 500)):
        yield batch


def clear() -> None:
    from django_lanck.models import VerifiedNumber

    VerifiedNumber.objects.all()._raw_delete("default")


def analyze() -> None:
    """Renew the statistics of the planner, as autovacuum does a minute after so many rows."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    connection.close()


def measure_commands(folder: Path) -> None:
    from django.db import connection

    connection.close()
    for rows in (ROWS // 10, ROWS):
        path = str(write_file(folder / "numbers.csv", 0, rows))
        report("dry run", rows, "lanck_import", path)
        report("import", rows, "lanck_import", path, "--apply")
        report("the same again", rows, "lanck_import", path, "--apply")
        analyze()
        report("renumbering, dry run", rows, "lanck_renumber", "+1202", "+1303")
        report("renumbering", rows, "lanck_renumber", "+1202", "+1303", "--apply")
        clear()
        connection.close()


def report(title: str, rows: int, *arguments: str) -> None:
    from django.db import connection

    environment = {**os.environ, "BENCHMARK_DATABASE": str(connection.settings_dict["NAME"])}
    command = [sys.executable, "-c", RUN, json.dumps(arguments)]
    output = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    document, last = output.splitlines()
    took, grown = map(float, last.split())
    done = json.loads(document)
    assert rows in done.values(), done
    print(f"  {title + ',':22} {rows:>7,} rows: {took:5.1f} s, memory grew by {grown / 1024:4.1f} MB", flush=True)


if __name__ == "__main__":
    on_each_database("tests.benchmarks.importing", measure_one_database)
