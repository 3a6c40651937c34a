"""What a page of each list of the admin costs at 1,000,000 rows, to the same page at 1,000: ``make bench``.

On SQLite and PostgreSQL (or where DATABASE_URL points): each page in turns from a large database and from a small one,
for staff who have their permissions by a group.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from tests.benchmarks.databases import on_each_database

ROWS = {"small": 1_000, "default": int(os.environ.get("BENCHMARK_LISTED", "1000000"))}
TURNS = int(os.environ.get("BENCHMARK_TURNS", "40"))
# Of the large table so many days are older that a list does not reach to their beginning.
DAY = (datetime.now(UTC) - timedelta(days=799)).date().isoformat()
NUMBER = {"q": "+1 202 555 0500"}
# The filters choose what only the oldest row has.
LISTS: dict[str, list[dict[str, Any]]] = {
    "message": [
        {"created_at__lt": DAY},
        {"status": "UNDELIVERED"},
        {"country": "AF"},
        {"purpose": "login"},
        {"mccmnc": "41201"},
        {"channel": "rcs", "status": "UNDELIVERED", "country": "AF"},
    ],
    "verification": [{"created_at__lt": DAY}, {"state": "exhausted"}, {"purpose": "login"}],
    "inboundmessage": [],
    "numberinsight": [{"status": "FRAUDULENT"}],
    "optout": [{"state": "lifted"}],
    "verifiednumber": [],
}
OLDEST = {
    "message": "status = 'UNDELIVERED', country = 'AF', mccmnc = '41201', channel = 'rcs'",
    "verification": "state = 'exhausted', purpose = 'login'",
    "numberinsight": "status = 'FRAUDULENT'",
    "optout": "lifted_at = opted_out_at",
}


class Router:
    """Everything goes to one database at a time."""

    chosen = "default"

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return Router.chosen

    db_for_write = db_for_read


def measure_one_database() -> None:
    import django
    from django.conf import settings

    large = settings.DATABASES["default"]
    name = f"{large.get('TEST', {}).get('NAME', large['NAME'])}_small"
    settings.DATABASES["small"] = {**large, "NAME": name, "TEST": {"NAME": name}}
    settings.DATABASE_ROUTERS = [Router()]
    settings.ROOT_URLCONF = "tests.urls"
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    django.setup()
    from django.db import connections
    from django.test.utils import setup_databases, teardown_databases

    databases = setup_databases(verbosity=0, interactive=False, aliases=list(ROWS))
    try:
        clients = {alias: agent(alias, rows) for alias, rows in ROWS.items()}
        print(f"{sys.argv[-1]}: a page at {ROWS['default']:,} rows, to the same at {ROWS['small']:,}")
        for model, filters in LISTS.items():
            for query in [{}, {"p": 2}, {"p": 20}, NUMBER, *filters]:
                compare(clients, f"/admin/lanck/{model}/", query)
    finally:
        connections.close_all()
        teardown_databases(databases, verbosity=0)


def agent(alias: str, rows: int) -> Any:
    """A client of staff who may see everything by a group, on a database with so many rows."""
    from django.contrib.auth.models import Group, Permission, User
    from django.db import connections
    from django.test import Client

    from tests.benchmarks.rows import LISTED, fill

    Router.chosen = alias
    group = Group.objects.create(name="support")
    group.permissions.set(Permission.objects.filter(content_type__app_label="lanck"))
    user = User.objects.create_user("agent", is_staff=True)
    user.groups.add(group)
    fill(rows, LISTED, using=alias)
    with connections[alias].cursor() as cursor:
        for model, values in OLDEST.items():
            cursor.execute(f"UPDATE lanck_{model} SET {values} WHERE number = '+12025550001'")
        cursor.execute("ANALYZE")
    client = Client()
    client.force_login(user)
    return client


def compare(clients: dict[str, Any], path: str, query: dict[str, Any]) -> None:
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    times: dict[str, list[float]] = {alias: [] for alias in clients}
    for _turn in range(TURNS):
        for alias, client in clients.items():
            Router.chosen = alias
            began = time.perf_counter()
            answer = client.get(path, query)
            times[alias].append(time.perf_counter() - began)
            assert answer.status_code == 200, (path, query, answer.status_code)
    with CaptureQueriesContext(connections["default"]) as captured:
        clients["default"].get(path, query)
    small, large = (statistics.median(times[alias]) * 1000 for alias in ("small", "default"))
    title = f"{path.split('/')[-2]} {urlencode(query) or 'plain'}"
    print(
        f"  {title:<58} {large / small:5.2f}   ({large:5.1f} ms to {small:5.1f} ms, {len(captured)} statements)",
        flush=True,
    )


if __name__ == "__main__":
    on_each_database("tests.benchmarks.admin", measure_one_database)
