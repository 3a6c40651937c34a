"""Lists of large tables: rows are not counted, lists are limited in depth, and older rows can be reached."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from django_lanck.models import Message, OptOut, Verification

from .conftest import MODELS, admin_url, page_text, permissions, run_action
from .test_statements import FACTORIES

pytestmark = pytest.mark.django_db
NOON = timezone.now().replace(microsecond=0) - timedelta(days=1)


@pytest.fixture
def short_lists(monkeypatch):
    """Limit lists to 5 rows a page and 20 rows in all."""
    monkeypatch.setattr("django_lanck.admin.base.ReadOnlyAdmin.list_reach", 20)
    monkeypatch.setattr("django_lanck.admin.base.ReadOnlyAdmin.list_per_page", 5)


def create_messages(count, **fields):
    """Create messages one second apart; return them newest first."""
    rows = Message.objects.bulk_create(
        Message(**{"channel": "sms", "number": "+12015550123", "created_at": NOON - timedelta(seconds=index), **fields})
        for index in range(count)
    )
    return sorted(rows, key=lambda row: row.created_at, reverse=True)


def changelist(client, query="", model="message"):
    return client.get(f"{admin_url(model)}?{query}").context["cl"]


def footer(client, query="", model="message"):
    """Return the text below a list."""
    page = page_text(client, f"{admin_url(model)}?{query}")
    return " ".join(re.sub("<[^>]*>", " ", page[page.index("lanck-pages") :].partition("</nav>")[0]).split()[2:])


@pytest.mark.parametrize(
    ("query", "first", "text"),
    [
        ("", 0, "1 2 More than 5 messages"),
        ("p=2", 5, "1 2 3 More than 10 messages"),
        ("p=3", 10, "1 2 3 12 messages"),
        ("p=x", 0, "1 2 More than 5 messages"),
        ("all=", 0, "1 2 More than 5 messages"),
    ],
)
def test_page_shows_its_rows_and_whether_more_follow(admin_client, short_lists, query, first, text):
    rows = create_messages(12)
    assert changelist(admin_client, query).result_list == rows[first : first + 5]
    assert footer(admin_client, query).endswith(text)


def test_last_page_shows_the_total(admin_client, short_lists):
    create_messages(10)
    assert footer(admin_client, "p=2").endswith("1 2 10 messages")
    assert footer(admin_client, "channel=rcs").endswith("0 messages")
    assert footer(admin_client, model="verification").endswith("0 verifications")


@pytest.mark.parametrize("page", ["0", "-1", "3", "5", "1000000000000000000000"])
def test_missing_page_redirects_to_the_whole_list(admin_client, short_lists, page):
    create_messages(10)
    answer = admin_client.get(f"{admin_url('message')}?p={page}")
    assert (answer.status_code, answer.url) == (302, f"{admin_url('message')}?e=1")
    assert len(admin_client.get(answer.url).context["cl"].result_list) == 5


def test_filter_searches_the_newest_rows_and_shows_since_when(admin_client, short_lists):
    rows = create_messages(45)
    Message.objects.filter(pk__in=[rows[3].pk, rows[30].pk, rows[44].pk]).update(status="UNDELIVERED")
    query, found = "?status=UNDELIVERED", []
    while query:
        page = changelist(admin_client, query[1:])
        found.append(page.result_list)
        query = page.older_rows_url
    assert found == [[rows[3]], [rows[30]], [rows[44]]]
    text = footer(admin_client, "status=UNDELIVERED")
    assert "1 message among the newest 20 (since " in text
    assert text.endswith("Show older rows")


@pytest.mark.parametrize("rows", [20, 21, 40, 41])
def test_following_the_pages_reaches_each_row_once(admin_client, short_lists, rows):
    created = create_messages(rows)
    found, query = [], "?"
    while query:
        for number in range(1, 5):
            page = changelist(admin_client, f"{query[1:]}&p={number}")
            found += page.result_list
            if not page.paginator.has_more:
                break
        query = page.older_rows_url
    assert found == created


def test_rows_with_the_same_time_stay_in_one_list(admin_client, short_lists):
    create_messages(15)
    together = create_messages(10, created_at=NOON - timedelta(hours=1))
    oldest = create_messages(5, created_at=NOON - timedelta(hours=2))
    assert [*changelist(admin_client, "p=4").result_list] == [*together[::-1]][:5]
    page = changelist(admin_client, changelist(admin_client).older_rows_url[1:])
    assert page.result_list == oldest[::-1]


def test_link_to_older_rows_keeps_filters(admin_client, short_lists):
    create_messages(45)
    days = f"created_at__gte={(NOON - timedelta(days=3)).date()}"
    address = changelist(admin_client, f"{days}&channel=sms&p=2").older_rows_url
    assert days in address
    assert "channel=sms" in address
    assert "p=2" not in address


def test_chosen_days_are_searched_instead_of_the_newest_rows(admin_client, short_lists):
    create_messages(45)
    old = create_messages(3, created_at=NOON - timedelta(days=30))
    before = (NOON - timedelta(days=29)).date()
    page = changelist(admin_client, f"created_at__lt={before}")
    assert page.result_list == old[::-1]
    assert page.older_rows_url == ""


def test_empty_or_invalid_search_term_keeps_the_limit_on_rows(admin_client, short_lists):
    create_messages(45)
    for query in ("q=%00", "q=%20", "q=1%00"):
        assert changelist(admin_client, query).older_rows_url, query


def test_search_finds_number_of_any_age(admin_client, short_lists):
    create_messages(45)
    wanted = create_messages(1, number="+12015550199", created_at=NOON - timedelta(days=99))
    assert changelist(admin_client, "q=%2B1+201+555+0199").result_list == wanted


def test_search_result_ends_at_the_limit_on_rows(admin_client, short_lists):
    create_messages(45)
    assert footer(admin_client, "q=%2B12015550123&p=4").endswith("1 2 3 4 More than 20 messages")
    assert admin_client.get(f"{admin_url('message')}?q=%2B12015550123&p=5").status_code == 302


@pytest.mark.parametrize("model", MODELS)
def test_order_parameter_is_ignored(admin_client, model):
    FACTORIES[model](1)
    page = page_text(admin_client, f"{admin_url(model)}?o=-2.3")
    assert 'class="sortable' not in page
    assert changelist(admin_client, "o=-2.3", model).queryset.query.order_by[1] == "-pk"


def test_action_applies_to_the_selected_rows_of_one_page_only(admin_client, short_lists, agent):
    agent.user.user_permissions.add(*permissions("change_optout"))
    rows = OptOut.objects.bulk_create(
        OptOut(number=f"+120155501{index:02}", opted_out_at=NOON + timedelta(seconds=index)) for index in range(30)
    )
    page = page_text(agent, admin_url("optout"))
    assert "Select all" not in page.replace("Select all objects on this page", "")
    assert "1 opt-out was lifted." in run_action(agent, "optout", "lift", rows[0], select_across="1")
    assert "5 opt-outs were lifted." in run_action(agent, "optout", "lift", *rows[10:20])
    assert OptOut.objects.standing().count() == 24


def test_action_without_selection_changes_nothing(agent, short_lists):
    agent.user.user_permissions.add(*permissions("change_optout"))
    OptOut.objects.create(number="+12015550123", opted_out_at=NOON)
    data = {"action": "lift", "select_across": "1"}
    agent.post(admin_url("optout"), data, follow=True)
    assert OptOut.objects.standing().exists()


def test_verification_list_shows_status_of_the_newest_message(admin_client):
    created = Verification.objects.create(
        number="+12015550123", purpose="signup", method="sms", code_length=6, max_attempts=5, expires_at=NOON
    )
    for status in ("UNDELIVERED", "DELIVERED"):
        Message.objects.create(verification=created, channel="sms", number=created.number, status=status)
    assert [row.newest_status for row in changelist(admin_client, model="verification").result_list] == ["DELIVERED"]
