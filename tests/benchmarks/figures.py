"""The figures with a million messages, to those with ten thousand: ``make bench``.

In turns on SQLite and PostgreSQL (or where DATABASE_URL points): how long the days take to be counted, and how long
the figures of today, 7, 30 and 90 days take, over a table of each size in the same database; and the page of them in
the admin, for staff who may see everything by a group.

The messages are spread over a year, which is how long they are kept by default, or over BENCHMARK_DAYS. Today is
counted from its rows, so the hour of the day matters: it is about noon where the site is, or BENCHMARK_HOUR.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.benchmarks.databases import on_each_database
from tests.benchmarks.rows import series

SMALL = int(os.environ.get("BENCHMARK_FIGURES_FROM", "10000"))
LARGE = int(os.environ.get("BENCHMARK_FIGURES", "1000000"))
DAYS = int(os.environ.get("BENCHMARK_DAYS", "365"))
HOUR = int(os.environ.get("BENCHMARK_HOUR", "12"))
PERIODS = (1, 7, 30, 90)
ROUNDS = 21
STATEMENTS = 4
PAGE_STATEMENTS = 10


def measure_one_database() -> None:
    import django
    from django.conf import settings

    settings.ROOT_URLCONF = "tests.urls"
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    settings.TIME_ZONE = where_it_is(HOUR)
    django.setup()
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    databases = setup_databases(verbosity=0, interactive=False)
    try:
        took = {}
        for rows in (SMALL, LARGE):
            clear()
            fill(rows)
            took[rows] = measure(rows)
        for days in PERIODS:
            ratio = took[LARGE][days] / took[SMALL][days]
            print(f"  {days} days: {took[LARGE][days] * 1000:.1f} ms, to {took[SMALL][days] * 1000:.1f}: {ratio:.2f}")
        for days in PERIODS:
            large, small = (took[rows][f"page {days}"] * 1000 for rows in (LARGE, SMALL))
            print(f"  page of {days} days: {large:.1f} ms, to {small:.1f}: {large / small:.2f}")
        sys.stdout.flush()
    finally:
        connection.close()
        teardown_databases(databases, verbosity=0)


def where_it_is(hour: int) -> str:
    """A zone in which it is that hour."""
    ahead = (hour - datetime.now(UTC).hour + 12) % 24 - 12
    return f"Etc/GMT{-ahead:+}"  # their signs are the other way round


def measure(rows: int) -> dict[int | str, float]:
    """Count the days, then the seconds that the figures of each period and the page of them take at best."""
    from django_lanck.services import count_days

    began = time.monotonic()
    done = count_days()
    print(f"{sys.argv[-1]}: {rows:,} messages, {done.counted} days counted in {time.monotonic() - began:.1f} s")
    times: dict[int | str, list[float]] = {}
    client = analyst()
    for _ in range(ROUNDS):
        for days in PERIODS:
            times.setdefault(days, []).append(figures(days, rows))
            times.setdefault(f"page {days}", []).append(page(client, days))
    return {days: min(each) for days, each in times.items()}


def figures(days: int, rows: int) -> float:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from django_lanck.models.time import site_day
    from django_lanck.services import Scope, delivery_figures

    today = site_day()
    scope = Scope(today - timedelta(days=days - 1), today)
    began = time.perf_counter()
    shown = delivery_figures(scope)
    took = time.perf_counter() - began
    with CaptureQueriesContext(connection) as captured:
        delivery_figures(scope)
    assert len(captured) == STATEMENTS, len(captured)
    assert not shown.uncounted_days
    assert abs(shown.total.messages - rows * days / DAYS) <= rows / DAYS, shown.total
    return took


def analyst() -> Any:
    """Staff with every permission of the app, by a group."""
    from django.contrib.auth.models import Group, Permission, User
    from django.test import Client

    group, _ = Group.objects.get_or_create(name="analysts")
    group.permissions.set(Permission.objects.filter(content_type__app_label="lanck"))
    user, _ = User.objects.get_or_create(username="analyst", is_staff=True)
    user.groups.add(group)
    client = Client()
    client.force_login(user)
    return client


def page(client: Any, days: int) -> float:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    began = time.perf_counter()
    answer = client.get("/admin/lanck/deliveryday/", {"days": days})
    took = time.perf_counter() - began
    assert answer.status_code == 200
    with CaptureQueriesContext(connection) as captured:
        client.get("/admin/lanck/deliveryday/", {"days": days})
    asked = [query for query in captured if not query["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))]
    assert len(asked) <= PAGE_STATEMENTS, len(asked)
    return took


def clear() -> None:
    from django.apps import apps
    from django.db import connection

    with connection.cursor() as cursor:
        for name in ("Receipt", "Message", "Verification", "DeliveryDay", "DayCount", "CountedDay"):
            cursor.execute(f"DELETE FROM {apps.get_model('lanck', name)._meta.db_table}")


def fill(rows: int) -> None:
    """Messages by the database itself, each of a verification, evenly over the days, which end now; four networks."""
    from django.db import connection

    sqlite = connection.vendor == "sqlite"
    ago = f"({rows} - i) * {(DAYS - 1) * 86_400}.0 / {rows} + 1"

    def at(seconds: str) -> str:
        if sqlite:
            return f"strftime('%Y-%m-%d %H:%M:%f', 'now', '-' || ({ago} - {seconds}) || ' seconds')"
        return f"now() - ({ago} - {seconds}) * interval '1 second'"

    def pick(what: str, *words: str) -> str:
        cases = " ".join(f"WHEN {number} THEN '{word}'" for number, word in enumerate(words))
        return f"CASE ({what}) % {len(words)} {cases} END"

    uuid = "printf('%032x', i)" if sqlite else "lpad(to_hex(i), 32, '0')::uuid"
    status = pick("i / 3", "DELIVERED", "DELIVERED", "DELIVERED", "DELIVERED", "UNDELIVERED", "SENT", "refused")
    rank = f"CASE {status} WHEN 'DELIVERED' THEN 7 WHEN 'UNDELIVERED' THEN 6 WHEN 'SENT' THEN 4 ELSE 1 END"
    tables = {
        "lanck_verification": {
            "id": uuid,
            "number": "'+1202' || (5550000 + i)",
            "purpose": pick("i", "signup", "login"),
            "method": "'sms'",
            "code_source": "'lanck'",
            "language": "''",
            "binding_hash": "''",
            "state": pick("i / 5", "verified", "verified", "expired"),
            "code_length": "6",
            "max_attempts": "5",
            "attempts": "1",
            "failures": "0",
            "resends": "0",
            "created_at": at("0"),
            "expires_at": at("0"),
            "ended_at": at("(10 + i % 97)"),
        },
        "lanck_message": {
            "id": "i",
            "verification_id": uuid,
            "channel": pick("i / 7", "sms", "sms", "voice"),
            "category": "'transactional'",
            "number": "'+1202' || (5550000 + i)",
            "sender": "'ACME'",
            "status": status,
            "status_rank": rank,
            "status_at": at("(2 + i % 29)"),
            "error_code": f"CASE {status} WHEN 'refused' THEN 402 END",
            "error_reason": "''",
            "mccmnc": pick("i / 11", "310260", "311480", "23415", "26201"),
            "network": "''",
            "country": pick("i / 11", "US", "US", "GB", "DE"),
            "price": "0.01",
            "content": "'{}'",
            "link": "''",
            "goal": "''",
            "code_hash": "''",
            "lost_check": "''",
            "created_at": at("0"),
        },
    }
    with connection.cursor() as cursor:
        for table, columns in tables.items():
            select = f"{series(rows, connection.vendor)}SELECT {', '.join(columns.values())} FROM g"
            cursor.execute(f"INSERT INTO {table} ({', '.join(columns)}) {select}")
        cursor.execute("ANALYZE")  # as autovacuum does after a while


if __name__ == "__main__":
    on_each_database("tests.benchmarks.figures", measure_one_database)
