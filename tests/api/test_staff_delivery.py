"""The figures of a period in the staff API."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from django_lanck import services
from django_lanck.api import staff_figures as schema
from django_lanck.exceptions import Refusal
from django_lanck.models import Message, NumberInsight, Verification
from django_lanck.models.time import site_day
from tests.helpers import statements

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
DELIVERY = "/api/staff/delivery/"
GROUPS = {
    "by_day": schema.DaySerializer,
    "by_purpose": schema.PurposeSerializer,
    "by_channel": schema.ChannelSerializer,
    "by_country": schema.CountrySerializer,
    "by_network": schema.NetworkSerializer,
}


@pytest.fixture
def client(create_staff_client):
    return create_staff_client("view_delivery")


def read(client, **query) -> dict:
    response = client.get(DELIVERY, query)
    assert response.status_code == 200, response.content
    return response.json()


def errors(client, **query) -> dict:
    response = client.get(DELIVERY, query)
    assert response.status_code == 400
    assert response.json()["code"].startswith("invalid_")
    return response.json()["errors"]


@pytest.fixture
def traffic(lanck, phone):
    """Yesterday a number verified by SMS, and today an unanswered call and a text."""
    verification = services.start_verification(number=phone)
    lanck.report(lanck.sent[-1], "DELIVERED", mccmnc="310260")
    services.check_verification(verification_id=verification.pk, code=lanck.sent[-1].code)
    Message.objects.update(
        created_at=F("created_at") - timedelta(days=1), status_at=F("created_at") - timedelta(days=1), price="0.0075"
    )
    Verification.objects.update(
        created_at=F("created_at") - timedelta(days=1), ended_at=F("ended_at") - timedelta(days=1)
    )
    services.start_verification(number="+4915112345678", method="voice")
    lanck.report(lanck.sent[-1], "UNDELIVERED")
    services.send_sms(number=phone, text="Hello")


def test_figures_of_the_last_30_days_are_returned_by_default(client, traffic):
    figures = read(client)
    today = site_day()
    assert (figures["since"], figures["until"]) == (str(today - timedelta(days=29)), str(today))
    total = figures["total"]
    assert (total["started"], total["reached_lanck"], total["reached_phone"], total["verified"]) == (2, 2, 1, 1)
    assert (total["messages"], total["accepted"], total["delivered"], total["undelivered"]) == (3, 3, 1, 1)
    assert (total["unsettled"], total["conversion"], total["cost"], total["priced"]) == (1, 0.5, "0.007500", 1)
    assert total["delivery_rate"] == pytest.approx(1 / 3)
    assert total["delivery_seconds"]["median"] > 0
    assert [day["messages"] for day in figures["by_day"][-2:]] == [1, 2]
    assert {row["purpose"]: row["messages"] for row in figures["by_purpose"]} == {"signup": 2, "": 1}
    assert {row["channel"]: row["messages"] for row in figures["by_channel"]} == {"sms": 2, "voice": 1}
    assert {row["country"]: row["verified"] for row in figures["by_country"]} == {"US": 1, "DE": 0}
    assert figures["by_network"][-1]["mccmnc"] in ("", "310260")


def test_figures_are_filtered_by_the_query(client, traffic):
    today = site_day()
    assert read(client, country="DE")["total"]["messages"] == 1
    assert read(client, channel="sms", purpose="signup")["total"]["messages"] == 1
    assert read(client, mccmnc="310260")["total"]["messages"] == 1
    assert read(client, purpose="unused")["total"]["messages"] == 0
    assert read(client, since=today)["total"]["messages"] == 2
    assert read(client, until=today - timedelta(days=1))["total"]["messages"] == 1
    alone = read(client, since=today, until=today)
    assert [day["day"] for day in alone["by_day"]] == [str(today)]


def test_figures_equal_those_of_the_service(client, traffic):
    today = site_day()
    figures = services.delivery_figures(services.Scope(today - timedelta(days=6), today))
    shown = read(client, since=today - timedelta(days=6))
    for name in schema.TotalsSerializer().fields:
        if name not in ("cost", "proof_seconds", "delivery_seconds"):
            assert shown["total"][name] == getattr(figures.total, name), name
    assert shown["total"]["proof_seconds"]["p95"] == figures.total.proof_time(0.95)
    assert [row["country"] for row in shown["by_country"]] == list(figures.by_country)


def test_response_has_the_fields_of_the_schema(client, traffic, lanck, enable_limits):
    enable_limits(LIMITS={"number": ["1/day"]})
    services.start_verification(number="+12015550199")
    with pytest.raises(Refusal):
        services.start_verification(number="+12015550199")
    figures = read(client)
    assert list(figures) == list(schema.DeliverySerializer().fields)
    assert set(figures["total"]) == set(schema.TotalsSerializer().fields)
    for name, serializer in GROUPS.items():
        assert figures[name]
        assert all(set(row) == set(serializer().fields) for row in figures[name]), name
    assert set(figures["refusals"][0]) == set(schema.RefusedSerializer().fields)


def test_errors_and_fraud_checks_are_returned(client, lanck, phone):
    Message.objects.create(channel="sms", number=phone, country="US", status="refused", status_rank=1, error_code=6)
    NumberInsight.objects.create(number=phone, kind="fraud", status="SUSPICIOUS", country="US")
    figures = read(client)
    [error] = figures["errors"]
    assert (error["day"], error["code"], error["count"]) == (str(site_day()), 6, 1)
    assert set(error) == set(schema.ErrorSerializer().fields)
    assert figures["fraud"] == [{"status": "SUSPICIOUS", "count": 1}]
    assert read(client, country="DE")["errors"] == []


def test_rates_without_messages_are_null(client, lanck):
    total = read(client)["total"]
    assert (total["conversion"], total["delivery_rate"], total["cost"]) == (None, None, "0")
    assert total["proof_seconds"] == {"median": None, "p95": None}


def test_response_has_no_number(client, traffic, phone):
    assert phone.removeprefix("+") not in str(read(client))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"since": "yesterday"}, "since"),
        ({"until": "2026-02-30"}, "until"),
        ({"until": "2026-01-31", "since": "2026-02-01"}, "until"),
        ({"until": "2026-01-31", "since": "2025-01-30"}, "until"),
        ({"until": "0001-01-01"}, "until"),
        ({"until": "9999-12-31"}, "until"),
        ({"channel": "pigeon"}, "channel"),
        ({"country": "de"}, "country"),
        ({"mccmnc": "x"}, "mccmnc"),
        ({"purpose": "x" * 51}, "purpose"),
        ({"number": "+12015550123"}, "number"),
        ({"days": "7"}, "days"),
    ],
)
def test_invalid_parameter_is_named_in_errors(client, lanck, query, field):
    assert list(errors(client, **query)) == [field]


def test_repeated_parameter_is_invalid(client, lanck):
    assert list(errors(client, country=["DE", "US"])) == ["country"]


def test_period_has_at_most_366_days(client, lanck):
    today = site_day()
    assert len(read(client, since=today - timedelta(days=365))["by_day"]) == 366
    assert list(errors(client, since=str(today - timedelta(days=366)))) == ["until"]


def test_response_takes_at_most_7_statements_for_any_number_of_rows(client, lanck, phone):
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            read(client)
        counts.append(len([sql for sql in statements(captured) if "lanck_" in sql]))
        for _ in range(20):
            services.start_verification(number=phone)
    assert max(counts) <= 7
