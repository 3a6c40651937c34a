"""Filters of the lists by query parameters, to which other pages link."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from django_lanck.models import Message, NumberInsight, OptOut, Verification

from .conftest import admin_url, page_text

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def wanted(phone):
    """Create two verifications with a message each that differ in every filter; return the first one."""
    created = [
        verification(phone, "login", "verified", "voice", is_test=True, created_at=NOON),
        verification(phone, "signup", "expired", "sms", created_at=NOON.replace(day=12)),
    ]
    values = {"status": "UNDELIVERED", "country": "DE", "category": "marketing", "mccmnc": "26201", "error_code": 6}
    message(created[0], created_at=NOON, is_test=True, channel="voice", **values)
    message(
        created[1], created_at=NOON.replace(day=12), channel="sms", status="DELIVERED", country="US", mccmnc="310260"
    )
    return created[0]


def verification(number, purpose, state, method, **more):
    fixed = {"code_length": 6, "max_attempts": 5, "expires_at": timezone.now()}
    return Verification.objects.create(number=number, purpose=purpose, state=state, method=method, **fixed, **more)


def message(verification, **fields):
    return Message.objects.create(verification=verification, number="+12015550123", **fields)


def filtered_rows(client, model, query):
    return [*client.get(f"{admin_url(model)}?{query}").context["cl"].result_list]


@pytest.mark.parametrize(
    "query",
    [
        "status=UNDELIVERED",
        "channel=voice",
        "country=DE",
        "category=marketing",
        "purpose=login",
        "mccmnc=26201",
        "error_code=6",
        "is_test=1",
        "created_at__lt=2026-03-11",
        "created_at__gte=2026-03-10&created_at__lt=2026-03-11",
        "created_at__gte=2026-03-10T12:00:00%2B00:00&created_at__lt=2026-03-10T12:00:01%2B00:00",
        "created_at__gte=2026-03-01&created_at__lt=2026-04-01&status=UNDELIVERED&country=DE&purpose=login&mccmnc=26201",
    ],
)
def test_message_filters_select_the_matching_message(admin_client, wanted, query):
    assert filtered_rows(admin_client, "message", query) == [wanted.messages.get()]


@pytest.mark.parametrize("query", ["state=verified", "method=voice", "purpose=login", "is_test=1"])
def test_verification_filters_select_the_matching_verification(admin_client, wanted, query):
    assert filtered_rows(admin_client, "verification", f"{query}&created_at__gte=2026-03-01") == [wanted]


@pytest.mark.parametrize("query", ["country=-", "mccmnc=-", "error_code=-", "purpose=-"])
def test_dash_selects_rows_without_value(admin_client, wanted, query):
    without = Message.objects.create(channel="sms", number="+12015550123")
    Message.objects.filter(country="US").update(error_code=7)
    assert filtered_rows(admin_client, "message", query) == [without]


def test_day_begins_in_the_time_zone_of_the_site(admin_client, wanted, settings):
    settings.TIME_ZONE = "Pacific/Auckland"  # noon in UTC is 1 a.m. of the next day there
    with timezone.override("Pacific/Auckland"):
        assert filtered_rows(admin_client, "message", "created_at__gte=2026-03-11&created_at__lt=2026-03-12") == [
            wanted.messages.get()
        ]


@pytest.mark.parametrize(
    "query",
    [
        "created_at__gte=yesterday",
        "created_at__lt=2026-13-01",
        "created_at__gte=0001-01-01T00:00:00%2B05:00",
        "error_code=many",
        "is_test=perhaps",
        "status=%00",
    ],
)
def test_invalid_filter_value_redirects_to_the_whole_list(admin_client, wanted, query):
    answer = admin_client.get(f"{admin_url('message')}?{query}")
    assert (answer.status_code, answer.url) == (302, f"{admin_url('message')}?e=1")


@pytest.mark.parametrize(
    ("zone", "query"),
    [
        ("Asia/Tokyo", "created_at__gte=9999-12-31T23:30:00Z"),
        ("America/New_York", "created_at__lt=0001-01-01T00:30:00Z"),
    ],
)
def test_time_outside_the_local_calendar_redirects_to_the_whole_list(admin_client, wanted, settings, zone, query):
    settings.TIME_ZONE = zone
    answer = admin_client.get(f"{admin_url('message')}?{query}")
    assert (answer.status_code, answer.url) == (302, f"{admin_url('message')}?e=1")


@pytest.mark.parametrize("query", ["created_at__year=2026", "status__contains=D", "verification__purpose=login"])
def test_lookup_that_is_no_filter_is_rejected(admin_client, query):
    assert admin_client.get(f"{admin_url('message')}?{query}").status_code == 400


def test_insights_and_opt_outs_are_filtered_by_day(admin_client, phone):
    insight = NumberInsight.objects.create(number=phone, kind="hlr", status="PASSED", created_at=NOON)
    NumberInsight.objects.create(number=phone, kind="hlr", status="PASSED")
    assert filtered_rows(admin_client, "numberinsight", "created_at__lt=2026-03-11&status=PASSED") == [insight]
    row = OptOut.objects.create(number=phone, opted_out_at=NOON)
    assert filtered_rows(admin_client, "optout", "opted_out_at__gte=2026-03-10&state=standing") == [row]
    assert filtered_rows(admin_client, "optout", "opted_out_at__gte=2026-03-11&state=standing") == []


def test_date_inputs_show_chosen_days_and_keep_other_filters(admin_client, wanted):
    query = "created_at__gte=2026-03-10&created_at__lt=2026-03-11&country=DE"
    page = page_text(admin_client, f"{admin_url('message')}?{query}")
    box = page[page.index('name="created_at__gte"') :].partition("</form>")[0]
    assert 'value="2026-03-10"' in box
    assert 'name="created_at__lt" value="2026-03-11"' in box
    assert '<input type="hidden" name="country" value="DE">' in box
    assert "30 days</a>" in page
