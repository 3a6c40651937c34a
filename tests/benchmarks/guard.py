"""What the limits cost a start: the ratio of one with them to one without, measured in turns in one run.

``python -m tests.benchmarks.guard``, on SQLite and PostgreSQL (or where DATABASE_URL points). The site's side is in
process; LANCK is a server next door that answers at once. With no and with 1,000,000 stored verifications, their
messages, receipts and counters.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import statistics
import sys
import time
import uuid
from http.server import ThreadingHTTPServer
from typing import Any

from tests.benchmarks.client_call import Handler
from tests.benchmarks.databases import on_each_database

STARTS = int(os.environ.get("BENCHMARK_STARTS", "1500"))
STORED = int(os.environ.get("BENCHMARK_STORED", "1000000"))
# As many limits as there are, none of which is reached.
WIDE = {
    "LIMITS": {
        "number": ["5/hour", "10/day"],
        "number_purpose": ["1000000/day"],
        "address": ["1000000/hour"],
        "user": ["1000000/day"],
        "session": ["1000000/hour"],
        "prefix": ["1000000/day"],
        "country": ["1000000/day"],
        "site": ["1000000/day"],
    },
    "CHECK_LIMITS": {},
    "CONVERSION": {"prefix": (1_000_000, 10), "country": (1_000_000, 5)},
}


class Lanck(Handler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = b'{"requestId": "%s"}' % uuid.uuid4().hex.encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n\r\n"
        self.wfile.write(head.encode() + answer)


def serve(port: Any) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Lanck)
    port.send(server.server_port)
    server.serve_forever()


def measure_one_database() -> None:
    import django

    django.setup()
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=[theirs], daemon=True)
    server.start()
    lanck = f"http://127.0.0.1:{ours.recv()}/v1"
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        print(f"{sys.argv[-1]}: a start with limits, to one without")
        numbers = itertools.count()
        before = report("          0 rows", numbers, lanck)
        store(STORED)
        after = report(f"  {STORED:>9,} rows", numbers, lanck)
        print(f"  growth: {after / before:.2f}", flush=True)
    finally:
        server.terminate()
        connection.close()
        teardown_databases(databases, verbosity=0)


def report(title: str, numbers: itertools.count[int], lanck: str) -> float:
    from django.test import override_settings

    from django_lanck import services
    from django_lanck.exceptions import Refusal
    from tests.settings import LANCK

    bare = {**LANCK, "BASE_URL": lanck}
    sides = {"guarded": override_settings(LANCK={**bare, **WIDE}), "bare": override_settings(LANCK=bare)}
    times: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(STARTS + 50):
        for name, side in sides.items():
            number = f"+1{201 + turn % 700}555{next(numbers) % 10_000:04}"
            with side:
                begun = time.perf_counter()
                try:
                    services.start_verification(number=number, ip=f"8.8.{turn % 250}.8", binding=f"session:{turn}")
                except Refusal:
                    continue
                took = time.perf_counter() - begun
            if turn >= 50:  # the first ones warm up
                times[name].append(took)
    with_limits, without = (statistics.median(times[name]) for name in sides)
    print(
        f"{title}: {with_limits / without:.2f}   ({with_limits * 1000:.2f} ms to {without * 1000:.2f} ms)", flush=True
    )
    return with_limits / without


def store(rows: int) -> None:
    """So many verifications, their messages and receipts, and as many counters."""
    from django.core.management.color import no_style
    from django.db import connection

    from django_lanck.models import LimitCounter, Message, Verification
    from tests.benchmarks.rows import PRUNED, fill, series

    for model in (Message, Verification, LimitCounter):
        model.objects.all().delete()
    fill(rows, PRUNED)
    sqlite = connection.vendor == "sqlite"
    spread = "i * 2654435761 % 4294967296"
    key = f"printf('%032x', {spread})" if sqlite else f"lpad(to_hex({spread}::bigint), 32, '0')"
    insert = 'INSERT INTO lanck_limitcounter ("key", rule, label, used, converted, refused) '
    select = f"SELECT {key}, 'number', '', 1, 0, 0 FROM g"
    with connection.cursor() as cursor:
        # SQLite takes the WITH in front of the SELECT only.
        cursor.execute(insert + series(rows, connection.vendor) + select)
        for statement in connection.ops.sequence_reset_sql(no_style(), [Message]):
            cursor.execute(statement)
        cursor.execute("ANALYZE")


if __name__ == "__main__":
    on_each_database("tests.benchmarks.guard", measure_one_database)
