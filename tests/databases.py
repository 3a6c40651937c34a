"""The ``DATABASES`` entry for the tests: what ``DATABASE_URL`` names, or else a SQLite file."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import unquote, urlsplit

POSTGRESQL = {"ENGINE": "django.db.backends.postgresql", "PORT": 5432}
MARIADB = {"ENGINE": "django.db.backends.mysql", "PORT": 3306}
SERVERS = {"postgres": POSTGRESQL, "postgresql": POSTGRESQL, "mysql": MARIADB, "mariadb": MARIADB}
SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    # Never opened: tests/conftest.py sets TEST["NAME"]. Not ":memory:", for which the live server shares a connection.
    "NAME": "tests.sqlite3",
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # Test data need not survive a power cut, so nothing waits for the disk.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF",
    },
}


def database() -> dict[str, Any]:
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        return SQLITE
    parts = urlsplit(url)
    server = SERVERS[parts.scheme]
    return {
        **server,
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": parts.port or server["PORT"],
    }
