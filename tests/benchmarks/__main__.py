"""Ratios, measured in turns in one run: ``make bench``.

A start and a check through the API with a LANCK that answers at once, to a bare Django view that does one INSERT and
one that does one UPDATE and one SELECT: on SQLite and PostgreSQL (or where DATABASE_URL points), in process and behind
gunicorn, with no and with 100,000 stored rows.
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
from typing import Any

ROUNDS = int(os.environ.get("BENCHMARK_ROUNDS", "400"))
STORED = int(os.environ.get("BENCHMARK_ROWS", "100000"))
PAIRS = {"ours": ("/api/phone/verifications/", "{}check/"), "bare": ("/bare/", "{}")}

Post = Callable[[str, dict[str, Any]], dict[str, Any]]


def main() -> None:
    if "--one" in sys.argv:
        measure_one_database()
        return
    for url in filter(None, ["sqlite", os.environ.get("DATABASE_URL", "postgres://postgres@127.0.0.1/postgres")]):
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.benchmarks.settings"}
        environment["DATABASE_URL"] = "" if url == "sqlite" else url
        command = [sys.executable, "-m", "tests.benchmarks", "--one", url.partition(":")[0]]
        subprocess.run(command, env=environment, check=True)


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
            with_gunicorn(connection.settings_dict["NAME"], f"  gunicorn,   {rows:>7,} rows")
    finally:
        connection.close()
        teardown_databases(databases, verbosity=0)


def in_process() -> Post:
    from django.test import Client

    client = Client()

    def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = client.post(path, body, "application/json")
        assert response.status_code < 300, response.content
        return json.loads(response.content)

    return post


def with_gunicorn(database: str, title: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["-w", "1", "-k", "gthread", "--threads", "1", "-b", f"127.0.0.1:{port}", "--log-level", "error"]
    command = [sys.executable, "-m", "gunicorn", *options, "tests.benchmarks.wsgi"]
    server = subprocess.Popen(command, env={**os.environ, "BENCHMARK_DATABASE": str(database)})
    try:
        report(title, over_http(port))
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
        return json.loads(content)

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
    main()
