"""Pruning a million messages, with their verifications and receipts, while others are answered: ``make bench``.

In turns on SQLite and PostgreSQL (or where DATABASE_URL points): how much memory the command's process grows by, and
how long a receipt that comes meanwhile takes, to what it takes when nothing is pruned.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from tests.benchmarks.databases import on_each_database
from tests.benchmarks.rows import PRUNED, fill

ROWS = int(os.environ.get("BENCHMARK_PRUNED", "1000000"))
ASKED = 1000
# Settings of the command's process, which says at its end how large it ever was, in kB, and how large when it began.
PRUNE = """
import django, resource
django.setup()
from django.core.management import call_command
from django_lanck.models import Message
Message.objects.exists()
with open("/proc/self/statm") as sizes:
    began = int(sizes.read().split()[1]) * resource.getpagesize() // 1024
call_command("lanck_prune", "--json")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - began)
"""


def measure_one_database() -> None:
    import django

    django.setup()
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    databases = setup_databases(verbosity=0, interactive=False)
    try:
        fill(ROWS, PRUNED)
        post = receipts()
        alone = [post() for _ in range(ASKED)]
        began = time.monotonic()
        command = [sys.executable, "-c", PRUNE]
        environment = {**os.environ, "BENCHMARK_DATABASE": str(connection.settings_dict["NAME"])}
        pruning = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        meanwhile = []
        while pruning.poll() is None:
            meanwhile.append(post())
        assert pruning.stdout is not None
        document, grown = pruning.stdout.read().splitlines()
        report(json.loads(document), int(grown), time.monotonic() - began, alone, meanwhile)
    finally:
        connection.close()
        teardown_databases(databases, verbosity=0)


def report(done: dict[str, int], grown: int, seconds: float, alone: list[float], meanwhile: list[float]) -> None:
    assert [done[kind] for kind in ("messages", "receipts", "verifications")] == [ROWS] * 3, done
    print(f"{sys.argv[-1]}: {ROWS:,} messages, verifications and receipts each, pruned in {seconds:,.0f} s")
    print(f"  peak memory grew by {grown / 1024:.1f} MB")
    for name, pick in (
        ("median", statistics.median),
        ("99th of 100", lambda times: sorted(times)[len(times) * 99 // 100]),
    ):
        print(f"  a receipt meanwhile, to one alone, {name}: {pick(meanwhile) / pick(alone):.2f}", end=" ")
        print(f"  ({pick(meanwhile) * 1000:.1f} ms to {pick(alone) * 1000:.1f} ms)")
    print(f"  answered meanwhile: {len(meanwhile):,}, the longest wait {max(meanwhile) * 1000:,.0f} ms", flush=True)


def receipts() -> Callable[[], float]:
    """What sends one receipt for a young message to the site, each one news; the seconds that it took."""
    from django.test import Client

    from django_lanck.models import Message
    from django_lanck.services.messages.receipts import callback_url

    client = Client()

    def post() -> float:
        message = Message.objects.create(channel="sms", number="+12015550123", status="accepted", status_rank=2)
        Message.objects.filter(pk=message.pk).update(request_id=f"young-{message.pk}")
        path = urlsplit(callback_url(message) or "").path
        receipt = {"requestId": f"young-{message.pk}", "number": message.number, "status": "DELIVERED"}
        began = time.perf_counter()
        answer = client.post(path, receipt, "application/json")
        took = time.perf_counter() - began
        assert answer.status_code == 204, answer.content
        time.sleep(0.02)  # others come now and then
        return took

    return post


if __name__ == "__main__":
    on_each_database("tests.benchmarks.pruning", measure_one_database)
