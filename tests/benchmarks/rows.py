"""Rows by the million, made by the database itself, a second apart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

PRUNED: Final = ["lanck_verification", "lanck_message", "lanck_receipt"]
LISTED: Final = [
    "lanck_verification",
    "lanck_message",
    "lanck_inboundmessage",
    "lanck_numberinsight",
    "lanck_optout",
    "lanck_verifiednumber",
]


def series(rows: int, vendor: str) -> str:
    """SQL for the numbers from 1, as ``g(i)``."""
    if vendor == "sqlite":
        return f"WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < {rows}) "
    return f"WITH g AS (SELECT generate_series(1, {rows}) AS i) "


def fill(rows: int, tables: Iterable[str], days: int = 800, using: str = "default") -> None:
    """As many rows in each of the tables, the first so many days old. Messages and receipts belong to each other."""
    from django.core.management.color import no_style
    from django.db import connections

    from django_lanck import models

    connection = connections[using]
    columns = _columns(connection.vendor, days)
    with connection.cursor() as cursor:
        for table in tables:
            select = f"{series(rows, connection.vendor)}SELECT {', '.join(columns[table].values())} FROM g"
            cursor.execute(f"INSERT INTO {table} ({', '.join(columns[table])}) {select}")
        for statement in connection.ops.sequence_reset_sql(no_style(), [models.Message, models.Receipt]):
            cursor.execute(statement)
        cursor.execute("ANALYZE")  # as autovacuum does after a while


def _columns(vendor: str, days: int) -> dict[str, dict[str, str]]:
    """Table → column → the SQL of its value in row ``i``."""
    sqlite = vendor == "sqlite"
    at = (
        f"strftime('%Y-%m-%d %H:%M:%f', 'now', '-{days} days', i || ' seconds')"
        if sqlite
        else f"now() - interval '{days} days' + i * interval '1 second'"
    )
    uuid = "printf('%032x', i)" if sqlite else "lpad(to_hex(i), 32, '0')::uuid"
    digest = "printf('%064x', i)" if sqlite else "lpad(to_hex(i), 64, '0')"
    number = "'+1202' || (5550000 + i)"
    return {
        "lanck_verification": {
            "id": uuid,
            "number": number,
            "purpose": "'signup'",
            "method": "'sms'",
            "code_source": "'lanck'",
            "language": "''",
            "binding_hash": digest,
            "state": "'verified'",
            "code_length": "6",
            "max_attempts": "5",
            "attempts": "1",
            "failures": "0",
            "resends": "0",
            "created_at": at,
            "expires_at": at,
            "ended_at": at,
            "proof_hash": digest,
            "proof_expires_at": at,
            "proof_redeemed_at": at,
        },
        "lanck_message": {
            "id": "i",
            "verification_id": uuid,
            "channel": "'sms'",
            "category": "'transactional'",
            "number": number,
            "sender": "'ACME'",
            "request_id": digest,
            "status": "'DELIVERED'",
            "status_rank": "7",
            "error_reason": "''",
            "mccmnc": "'310260'",
            "network": "'T-Mobile'",
            "country": "'US'",
            "content": "'{}'",
            "link": "''",
            "goal": "''",
            "code_hash": "''",
            "lost_check": "''",
            "created_at": at,
        },
        "lanck_receipt": {
            "id": "i",
            "message_id": "i",
            "digest": digest,
            "status": "'DELIVERED'",
            "payload": '\'{"requestId": "x", "mccmnc": "310260"}\'',
            "repeats": "0",
            "received_at": at,
        },
        "lanck_inboundmessage": {
            "id": "i",
            "message_id": digest,
            "sender": number,
            "recipient": "'ACME'",
            "text": "'Hello'",
            "payload": "'{}'",
            "received_at": at,
        },
        "lanck_numberinsight": {
            "id": "i",
            "number": number,
            "kind": "'hlr'",
            "status": "'DELIVERED'",
            "mccmnc": "'310260'",
            "network": "'T-Mobile'",
            "country": "'US'",
            "imsi": "''",
            "request_id": "''",
            "payload": "'{}'",
            "created_at": at,
        },
        "lanck_optout": {"id": "i", "number": number, "opted_out_at": at},
        "lanck_verifiednumber": {"id": "i", "number": number, "user_id": "1", "verified_at": at},
    }
