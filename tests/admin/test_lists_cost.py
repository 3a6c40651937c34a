"""What a page of a list costs: at most six statements, and as many rows read at any size of the table."""

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
from tests.services.test_start import statements

from .conftest import MODELS, address, permissions

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
# What most rows are.
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
    """Staff who may see everything, by a group."""
    group = Group.objects.create(name="support")
    group.permissions.set(permissions("view_number", "change_optout", *(f"view_{model}" for model in MODELS)))
    user = get_user_model().objects.create_user("support", is_staff=True)
    user.groups.add(group)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def reach(monkeypatch):
    monkeypatch.setattr("django_lanck.admin.base.ReadOnlyAdmin.list_reach", 200)


def fill(model, first, last):
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


def states(model):
    """The addresses of a list (plain, a second and a deep page, filters, days, searches), and what each may cost.

    The session, the user, two statements for the permissions, and the rows; a search by id asks first whether there is
    one, and a list that nothing is searched in asks how far back it reaches.
    """
    time = TIMES.get(model, "created_at")
    days = f"{time}__gte=2026-01-01&{time}__lt={(NOW + timedelta(days=9)).date()}"
    lists = ["", "p=2", "p=4", days, FILTERS[model], f"{days}&{FILTERS[model]}", f"{days}&p=2", COMMON.get(model, "")]
    costs = {**dict.fromkeys([*lists, "q=id-7", f"q={uuid.UUID(int=7)}"], 6), "q=%2B1+(202)+000-0007": 5}
    return {f"{address(model)}?{query}": most for query, most in costs.items()}


@pytest.mark.parametrize("model", MODELS)
def test_no_page_of_a_list_takes_more_than_six_statements(support, model):
    fill(model, 1, 300)
    for page, most in states(model).items():
        with CaptureQueriesContext(connection) as captured:
            assert support.get(page).status_code == 200, page
        asked = statements(captured)
        assert len(asked) <= most, (page, asked)
        assert not [sql for sql in asked if "COUNT(" in sql], page


@pytest.mark.skipif(connection.vendor == "mysql", reason="its ANALYZE ends the transaction of the test")
@pytest.mark.parametrize("model", MODELS)
def test_a_page_reads_as_many_rows_of_a_larger_table(support, model):
    fill(model, 1, 300)
    pages = list(states(model))
    small = [rows_read(support, page) for page in pages]
    fill(model, 300, 1500)
    if connection.vendor == "postgresql":  # which does so by itself after a while; SQLite never does
        analyze()
    for page, before in zip(pages, small, strict=True):
        assert rows_read(support, page) <= before * 1.25 + 20, page


@pytest.mark.skipif(connection.vendor != "sqlite", reason="other databases plan by size; these tables are small")
@pytest.mark.parametrize("model", ["verification", "message"])
def test_an_action_does_so_too(support, lanck, model):
    fill(model, 1, 300)
    ticked = Message.objects.order_by("pk")[:50]
    ticked = [row.verification_id if model == "verification" else row.pk for row in ticked]
    data = {"action": "ask_lanck", "_selected_action": ticked}
    before = rows_read(support, address(model), data)
    fill(model, 300, 1500)
    assert rows_read(support, address(model), data) <= before * 1.25 + 20


def rows_read(client, page, data=None):
    """How much the database does for a page, about as many units as rows: one that grows with the table is seen."""
    if connection.vendor == "sqlite":
        return steps(client, page, data)
    with CaptureQueriesContext(connection) as captured:
        ask(client, page, data)
    selects = [sql for sql in statements(captured) if sql.startswith("SELECT") and "lanck_" in sql]
    return sum(rows_of(sql) for sql in selects)


def ask(client, page, data):
    return client.post(page, data) if data else client.get(page)


def steps(client, page, data):
    """Hundreds of steps of SQLite's machine."""
    counted = []
    connection.connection.set_progress_handler(lambda: counted.append(1), 100)
    try:
        ask(client, page, data)
    finally:
        connection.connection.set_progress_handler(None, 0)
    return len(counted)


def rows_of(sql):
    """The rows that a statement touches, by the database's own account."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        plan = cursor.fetchone()[0]
    return touched((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])


def touched(plan):
    rows = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
    return rows * plan["Actual Loops"] + sum(touched(each) for each in plan.get("Plans", []))


def analyze():
    with connection.cursor() as cursor:
        for model in MODELS:
            cursor.execute(f"ANALYZE lanck_{model}")
