"""The latest messages on the dashboard."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_lanck.models import Message
from tests.helpers import statements

from .conftest import SCRIPT, permissions
from .delivery import PAGE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


def test_latest_messages_are_the_newest_20_with_masked_numbers(analyst, admin_client, phone):
    for _ in range(25):
        Message.objects.create(channel="sms", number=phone, country="US", network=SCRIPT, status="DELIVERED")
    assert analyst.get(f"{PAGE}latest/").status_code == 403
    assert "lanck-latest" not in analyst.get(PAGE).content.decode()
    analyst.group.permissions.add(*permissions("view_message"))
    assert f'data-url="{PAGE}latest/"' in analyst.get(PAGE).content.decode()
    answer = analyst.get(f"{PAGE}latest/")
    text = answer.content.decode()
    assert text.count("+1201•••0123") == 20
    assert phone not in text
    assert "<script" not in text
    assert "no-store" in answer["Cache-Control"]
    assert phone in admin_client.get(f"{PAGE}latest/").content.decode()


def test_latest_messages_take_one_statement_ordered_by_key(analyst, phone):
    analyst.group.permissions.add(*permissions("view_message", "view_number"))
    for _ in range(25):
        Message.objects.create(channel="sms", number=phone)
    with CaptureQueriesContext(connection) as captured:
        analyst.get(f"{PAGE}latest/")
    reads = [sql for sql in statements(captured) if "lanck_message" in sql]
    assert len(reads) == 1
    assert re.search(r"ORDER BY .lanck_message.\..id. DESC LIMIT 20", reads[0])
    assert len(statements(captured)) <= 5
