"""Ratios, measured in turns in one run: ``make bench``.

A start and a check through the API with a LANCK that answers at once, to a bare Django view that does one INSERT and
one that does one UPDATE and one SELECT, with no and with 100,000 stored rows; and 10,000 delivery receipts to a bare
view that does one UPDATE and one INSERT in a transaction. On SQLite and PostgreSQL (or where DATABASE_URL points), in
process and behind gunicorn.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from tests.benchmarks.databases import on_each_database

ROUNDS = int(os.environ.get("BENCHMARK_ROUNDS", "400"))
RECEIPTS = int(os.environ.get("BENCHMARK_RECEIPTS", "10000"))
STORED = int(os.environ.get("BENCHMARK_ROWS", "100000"))
PAIRS = {"ours": ("/api/phone/verifications/", "{}check/"), "bare": ("/bare/", "{}")}

Post = Callable[[str, dict[str, Any]], dict[str, Any]]


def measure_one_database() -> None:
    import django

    django.setup()
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    databases = setup_databases(verbosity=0, interactive=False)
    try:
        print(f"{sys.argv[-1]}: start + check, to one INSERT + one UPDATE and SELECT")
        for rows in (0, STORED):
            if rows:
                fill(rows)
            report(f"  in process, {rows:>7,} rows", in_process())
            with_gunicorn(connection.settings_dict["NAME"], partial(report, f"  gunicorn,   {rows:>7,} rows"))
        print(f"{sys.argv[-1]}: {RECEIPTS:,} receipts, to one UPDATE + one INSERT in a transaction")
        report_receipts("  in process", in_process())
        with_gunicorn(connection.settings_dict["NAME"], partial(report_receipts, "  gunicorn  "))
    finally:
        connection.close()
        teardown_databases(databases, verbosity=0)


def in_process() -> Post:
    from django.test import Client

    client = Client()

    def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = client.post(path, body, "application/json")
        assert response.status_code < 300, response.content
        return json.loads(response.content or "{}")

    return post


def with_gunicorn(database: str, measure: Callable[[Post], None]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["-w", "1", "-k", "gthread", "--threads", "1", "-b", f"127.0.0.1:{port}", "--log-level", "error"]
    command = [sys.executable, "-m", "gunicorn", *options, "tests.benchmarks.wsgi"]
    server = subprocess.Popen(command, env={**os.environ, "BENCHMARK_DATABASE": str(database)})
    try:
        measure(over_http(port))
    finally:
        server.terminate()
        server.wait()


def over_http(port: int) -> Post:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Content-Type": "application/json"}

    def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
        connection.request("POST", path, json.dumps(body), headers)
        response = connection.getresponse()
        content = response.read()
        if cookie := response.headers.get("Set-Cookie"):
            headers["Cookie"] = cookie.partition(";")[0]
        assert response.status < 300, content
        return json.loads(content or "{}")

    return post


def report(title: str, post: Post) -> None:
    times: dict[str, list[float]] = {name: [] for name in PAIRS}
    for number in range(ROUNDS + 20):
        for name, (start, check) in PAIRS.items():
            begun = time.perf_counter()
            made = post(start, {"number": f"+1201555{100 + number % 100:04}"})
            post(check.format(f"{start}{made['id']}/"), {"code": "123456"})
            if number >= 20:  # the first ones warm up
                times[name].append(time.perf_counter() - begun)
    ours, bare = (statistics.median(times[name]) for name in PAIRS)
    print(f"{title}: {ours / bare:.2f}   ({ours * 1000:.2f} ms to {bare * 1000:.2f} ms)", flush=True)


def report_receipts(title: str, post: Post) -> None:
    from django.db import connection

    from django_lanck.models import Message, Receipt
    from django_lanck.services.messages.receipts import callback_url
    from tests.benchmarks.models import Row

    pairs = []
    for number in range(RECEIPTS):
        message = Message(pk=10_000_000 + number, channel="sms", number="+12015550123", request_id=uuid.uuid4().hex)
        message.status, message.status_rank = "accepted", 2
        pairs.append((message, Row(pk=message.pk, number=message.number, request_id=message.request_id)))
    for first in range(0, RECEIPTS, 1000):
        Message.objects.bulk_create(message for message, _ in pairs[first : first + 1000])
        Row.objects.bulk_create(row for _, row in pairs[first : first + 1000])
    connection.close()
    times: dict[str, list[float]] = {"ours": [], "bare": []}
    for message, _ in pairs:
        receipt = {"requestId": message.request_id, "number": message.number, "mccmnc": "310260"}
        receipt |= {"status": "DELIVERED", "timestamp": 1656666364}
        paths = {"ours": urlsplit(callback_url(message) or "").path, "bare": f"/bare/receipts/{message.pk}/"}
        for name, path in paths.items():
            begun = time.perf_counter()
            post(path, receipt)
            times[name].append(time.perf_counter() - begun)
    assert Message.objects.filter(pk__gte=10_000_000, status="DELIVERED").count() == RECEIPTS
    Receipt.objects.all().delete()
    for model in (Message, Row):
        model.objects.filter(pk__gte=10_000_000).delete()
    ours, bare = (sum(times[name]) for name in ("ours", "bare"))
    print(f"{title}: {ours / bare:.2f}   ({RECEIPTS / ours:,.0f} to {RECEIPTS / bare:,.0f} a second)", flush=True)


def fill(rows: int) -> None:
    from django.utils import timezone

    from django_lanck.models import Message, Verification
    from tests.benchmarks.models import Row

    now = timezone.now()
    for first in range(0, rows, 5000):
        numbers = [f"+1202{first + i:07}" for i in range(5000)]
        common = {"purpose": "signup", "method": "sms", "code_length": 6, "max_attempts": 5, "expires_at": now}
        verifications = [Verification(number=number, **common) for number in numbers]
        Verification.objects.bulk_create(verifications)
        Message.objects.bulk_create(
            Message(
                verification=v,
                channel="sms",
                number=v.number,
                request_id=uuid.uuid4().hex,
                status="DELIVERED",
                status_rank=7,
            )
            for v in verifications
        )
        Row.objects.bulk_create(Row(number=number) for number in numbers)


if __name__ == "__main__":
    on_each_database("tests.benchmarks", measure_one_database)
