"""A page of a list takes at most six statements and reads as many rows at any table size."""

import json
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_lanck.models import InboundMessage, Message, NumberInsight, OptOut, Verification, VerifiedNumber
from tests.helpers import statements

from .conftest import MODELS, admin_url, permissions

pytestmark = pytest.mark.django_db
FILTERS = {
    "message": "status=UNDELIVERED&channel=sms&category=transactional&country=US&purpose=signup&mccmnc=1&error_code=6"
    "&is_test=0&outcome=undelivered",
    "verification": "state=exhausted&method=sms&purpose=signup&is_test=0&reached=phone",
    "inboundmessage": "",
    "numberinsight": "kind=hlr&status=FRAUDULENT",
    "optout": "state=lifted",
    "verifiednumber": "",
}
# The filters that select most rows.
COMMON = {
    "message": "status=DELIVERED&purpose=login",
    "verification": "state=verified",
    "numberinsight": "status=DELIVERED",
    "optout": "state=standing",
}
TIMES = {"inboundmessage": "received_at", "optout": "opted_out_at", "verifiednumber": "verified_at"}
NOW = timezone.now()


@pytest.fixture
def support(db):
    """Return the client of a staff user whose group has all view permissions."""
    group = Group.objects.create(name="support")
    group.permissions.set(permissions("view_number", "change_optout", *(f"view_{model}" for model in MODELS)))
    user = get_user_model().objects.create_user("support", is_staff=True)
    user.groups.add(group)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def short_lists(monkeypatch):
    monkeypatch.setattr("django_lanck.admin.base.ReadOnlyAdmin.list_reach", 200)
    monkeypatch.setattr("django_lanck.admin.base.ReadOnlyAdmin.list_per_page", 20)


def create_rows(model, first, last):
    """Create rows of the model, and of what its list shows with them, each a second newer than the one before.

    The filters of ``FILTERS`` match none of them.
    """
    indexes = range(first, last)
    at = {index: NOW + timedelta(seconds=index) for index in indexes}
    number = {index: f"+1202{index:07}" for index in indexes}
    if model in ("verification", "message"):
        verifications = Verification.objects.bulk_create(
            Verification(
                **{"number": number[index], "purpose": "login", "method": "sms", "state": "verified", "code_length": 6},
                **{"max_attempts": 5, "expires_at": at[index], "created_at": at[index]},
            )
            for index in indexes
        )
        Message.objects.bulk_create(
            Message(
                verification=verification,
                **{"channel": "sms", "number": verification.number, "status": "DELIVERED", "country": "US"},
                **{"request_id": f"id-{verification.number}", "created_at": verification.created_at},
            )
            for verification in verifications
        )
    elif model == "inboundmessage":
        InboundMessage.objects.bulk_create(
            InboundMessage(message_id=f"id-{index}", sender=number[index], recipient="ACME", received_at=at[index])
            for index in indexes
        )
    elif model == "numberinsight":
        NumberInsight.objects.bulk_create(
            NumberInsight(number=number[index], kind="hlr", status="DELIVERED", created_at=at[index])
            for index in indexes
        )
    elif model == "optout":
        OptOut.objects.bulk_create(OptOut(number=number[index], opted_out_at=at[index]) for index in indexes)
    else:
        user = get_user_model().objects.get(username="support")
        VerifiedNumber.objects.bulk_create(
            VerifiedNumber(number=number[index], user=user, verified_at=at[index]) for index in indexes
        )


def list_urls(model):
    """Return URLs of a list (plain, further pages, filters, days, searches), each with its maximum of statements.

    The statements read the session, the user, the permissions (two) and the rows. A search by id first checks whether
    the id exists, one by a number that is not valid whether an account has it; a list without a search reads the time
    of its oldest row.
    """
    time = TIMES.get(model, "created_at")
    days = f"{time}__gte=2026-01-01&{time}__lt={(NOW + timedelta(days=9)).date()}"
    lists = ["", "p=2", "p=4", days, FILTERS[model], f"{days}&{FILTERS[model]}", f"{days}&p=2", COMMON.get(model, "")]
    invalid, valid = "q=%2B1+(202)+000-0007", "q=%2B1+(202)+555-0107"
    costs = {**dict.fromkeys([*lists, "q=id-7", f"q={uuid.UUID(int=7)}", invalid], 6), valid: 5}
    return {f"{admin_url(model)}?{query}": most for query, most in costs.items()}


@pytest.mark.parametrize("model", MODELS)
def test_list_page_takes_at_most_six_statements(support, model):
    create_rows(model, 1, 300)
    for page, most in list_urls(model).items():
        with CaptureQueriesContext(connection) as captured:
            assert support.get(page).status_code == 200, page
        executed = statements(captured)
        assert len(executed) <= most, (page, executed)
        assert not [sql for sql in executed if "COUNT(" in sql], page


@pytest.mark.skipif(connection.vendor == "mysql", reason="its ANALYZE ends the transaction of the test")
@pytest.mark.parametrize("model", MODELS)
def test_list_page_reads_no_more_rows_of_a_larger_table(support, model):
    create_rows(model, 1, 300)
    pages = list(list_urls(model))
    analyze()
    small = [rows_read(support, page) for page in pages]
    create_rows(model, 300, 1500)
    analyze()
    for page, before in zip(pages, small, strict=True):
        assert rows_read(support, page) <= before * 1.25 + 20, page


@pytest.mark.skipif(connection.vendor != "sqlite", reason="other databases plan by size; these tables are small")
@pytest.mark.parametrize("model", ["verification", "message"])
def test_action_reads_no_more_rows_of_a_larger_table(support, lanck, model):
    create_rows(model, 1, 300)
    ticked = Message.objects.order_by("pk")[:20]
    ticked = [row.verification_id if model == "verification" else row.pk for row in ticked]
    data = {"action": "refresh_messages", "_selected_action": ticked}
    before = rows_read(support, admin_url(model), data)
    create_rows(model, 300, 1500)
    assert rows_read(support, admin_url(model), data) <= before * 1.25 + 20


def rows_read(client, page, data=None):
    """Return how many rows the database reads for a page; on SQLite an estimate in a similar unit."""
    if connection.vendor == "sqlite":
        return sqlite_steps(client, page, data)
    with CaptureQueriesContext(connection) as captured:
        request_page(client, page, data)
    selects = [sql for sql in statements(captured) if sql.startswith("SELECT") and "lanck_" in sql]
    return sum(rows_touched(sql) for sql in selects)


def request_page(client, page, data):
    return client.post(page, data) if data else client.get(page)


def sqlite_steps(client, page, data):
    """Return how many hundreds of instructions SQLite's virtual machine runs for a page."""
    counted = []
    connection.connection.set_progress_handler(lambda: counted.append(1), 100)
    try:
        request_page(client, page, data)
    finally:
        connection.connection.set_progress_handler(None, 0)
    return len(counted)


def rows_touched(sql):
    """Return how many rows a statement reads, as EXPLAIN ANALYZE reports."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        plan = cursor.fetchone()[0]
    return rows_of_plan((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])


def rows_of_plan(plan):
    rows = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
    return rows * plan["Actual Loops"] + sum(rows_of_plan(each) for each in plan.get("Plans", []))


def analyze():
    """Update PostgreSQL's statistics, which it does itself in the background; SQLite never does."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for model in MODELS:
            cursor.execute(f"ANALYZE lanck_{model}")
