"""Filters by address, as other pages link to them."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from django_lanck.models import Message, NumberInsight, OptOut, Verification

from .conftest import address

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def wanted(phone):
    """A verification and its message, with a value for every filter; of another one everything differs."""
    made = [
        verification(phone, "login", "verified", "voice", is_test=True, created_at=NOON),
        verification(phone, "signup", "expired", "sms", created_at=NOON.replace(day=12)),
    ]
    values = {"status": "UNDELIVERED", "country": "DE", "category": "marketing", "mccmnc": "26201", "error_code": 6}
    message(made[0], created_at=NOON, is_test=True, channel="voice", **values)
    message(made[1], created_at=NOON.replace(day=12), channel="sms", status="DELIVERED", country="US", mccmnc="310260")
    return made[0]


def verification(number, purpose, state, method, **more):
    fixed = {"code_length": 6, "max_attempts": 5, "expires_at": timezone.now()}
    return Verification.objects.create(number=number, purpose=purpose, state=state, method=method, **fixed, **more)


def message(verification, **fields):
    return Message.objects.create(verification=verification, number="+12015550123", **fields)


def listed(client, model, query):
    return [*client.get(f"{address(model)}?{query}").context["cl"].result_list]


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
def test_messages_are_filtered_by_what_other_pages_link_to(admin_client, wanted, query):
    assert listed(admin_client, "message", query) == [wanted.messages.get()]


@pytest.mark.parametrize("query", ["state=verified", "method=voice", "purpose=login", "is_test=1"])
def test_so_are_verifications(admin_client, wanted, query):
    assert listed(admin_client, "verification", f"{query}&created_at__gte=2026-03-01") == [wanted]


@pytest.mark.parametrize("query", ["country=-", "mccmnc=-", "error_code=-", "purpose=-"])
def test_a_dash_is_what_has_no_value(admin_client, wanted, query):
    without = Message.objects.create(channel="sms", number="+12015550123")
    Message.objects.filter(country="US").update(error_code=7)
    assert listed(admin_client, "message", query) == [without]


def test_days_begin_in_the_sites_time_zone(admin_client, wanted, settings):
    settings.TIME_ZONE = "Pacific/Auckland"  # noon in UTC is an hour into the next day there
    with timezone.override("Pacific/Auckland"):
        assert listed(admin_client, "message", "created_at__gte=2026-03-11&created_at__lt=2026-03-12") == [
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
def test_what_no_filter_takes_leads_to_the_whole_list(admin_client, wanted, query):
    answer = admin_client.get(f"{address('message')}?{query}")
    assert (answer.status_code, answer.url) == (302, f"{address('message')}?e=1")


@pytest.mark.parametrize(
    ("zone", "query"),
    [
        ("Asia/Tokyo", "created_at__gte=9999-12-31T23:30:00Z"),
        ("America/New_York", "created_at__lt=0001-01-01T00:30:00Z"),
    ],
)
def test_a_moment_whose_day_the_site_does_not_have_is_none(admin_client, wanted, settings, zone, query):
    settings.TIME_ZONE = zone
    answer = admin_client.get(f"{address('message')}?{query}")
    assert (answer.status_code, answer.url) == (302, f"{address('message')}?e=1")


@pytest.mark.parametrize("query", ["created_at__year=2026", "status__contains=D", "verification__purpose=login"])
def test_nothing_else_is_looked_up(admin_client, query):
    assert admin_client.get(f"{address('message')}?{query}").status_code == 400


def test_insights_and_opt_outs_are_filtered_by_day_as_well(admin_client, phone):
    insight = NumberInsight.objects.create(number=phone, kind="hlr", status="PASSED", created_at=NOON)
    NumberInsight.objects.create(number=phone, kind="hlr", status="PASSED")
    assert listed(admin_client, "numberinsight", "created_at__lt=2026-03-11&status=PASSED") == [insight]
    row = OptOut.objects.create(number=phone, opted_out_at=NOON)
    assert listed(admin_client, "optout", "opted_out_at__gte=2026-03-10&state=standing") == [row]
    assert listed(admin_client, "optout", "opted_out_at__gte=2026-03-11&state=standing") == []


def test_the_boxes_of_days_show_what_was_chosen_and_keep_the_rest(admin_client, wanted):
    query = "created_at__gte=2026-03-10&created_at__lt=2026-03-11&country=DE"
    page = admin_client.get(f"{address('message')}?{query}").content.decode()
    box = page[page.index('name="created_at__gte"') :].partition("</form>")[0]
    assert 'value="2026-03-10"' in box
    assert 'name="created_at__lt" value="2026-03-11"' in box
    assert '<input type="hidden" name="country" value="DE">' in box
    assert "30 days</a>" in page
