"""Lists at any size: nothing is counted, pages end somewhere, and what was not looked at is said and can be reached."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from django_lanck.models import Message, OptOut, Verification

from .conftest import MODELS, act, address, permissions
from .test_statements import MAKERS

pytestmark = pytest.mark.django_db
NOON = timezone.now().replace(microsecond=0) - timedelta(days=1)


@pytest.fixture
def reach(monkeypatch):
    """Lists of 5 rows a page that look through 20 rows."""
    monkeypatch.setattr("django_lanck.admin.base.ReadOnlyAdmin.list_reach", 20)
    monkeypatch.setattr("django_lanck.admin.base.ReadOnlyAdmin.list_per_page", 5)


def fill(count, **fields):
    """So many messages, a second apart, the newest first."""
    rows = Message.objects.bulk_create(
        Message(**{"channel": "sms", "number": "+12015550123", "created_at": NOON - timedelta(seconds=index), **fields})
        for index in range(count)
    )
    return sorted(rows, key=lambda row: row.created_at, reverse=True)


def listing(client, query="", model="message"):
    return client.get(f"{address(model)}?{query}").context["cl"]


def words(client, query="", model="message"):
    """What stands under a list."""
    page = client.get(f"{address(model)}?{query}").content.decode()
    return " ".join(re.sub("<[^>]*>", " ", page[page.index("lanck-pages") :].partition("</nav>")[0]).split()[2:])


@pytest.mark.parametrize(
    ("query", "first", "said"),
    [
        ("", 0, "1 2 More than 5 messages"),
        ("p=2", 5, "1 2 3 More than 10 messages"),
        ("p=3", 10, "1 2 3 12 messages"),
        ("p=x", 0, "1 2 More than 5 messages"),
        ("all=", 0, "1 2 More than 5 messages"),
    ],
)
def test_a_page_has_its_rows_and_says_whether_more_follow(admin_client, reach, query, first, said):
    rows = fill(12)
    assert listing(admin_client, query).result_list == rows[first : first + 5]
    assert words(admin_client, query).endswith(said)


def test_a_list_that_ends_with_a_page_says_so(admin_client, reach):
    fill(10)
    assert words(admin_client, "p=2").endswith("1 2 10 messages")
    assert words(admin_client, "channel=rcs").endswith("0 messages")
    assert words(admin_client, model="verification").endswith("0 verifications")


@pytest.mark.parametrize("page", ["0", "-1", "3", "5", "1000000000000000000000"])
def test_a_page_that_is_not_there_leads_to_the_whole_list(admin_client, reach, page):
    fill(10)
    answer = admin_client.get(f"{address('message')}?p={page}")
    assert (answer.status_code, answer.url) == (302, f"{address('message')}?e=1")
    assert len(admin_client.get(answer.url).context["cl"].result_list) == 5


def test_a_filter_looks_so_far_back_and_says_how_far(admin_client, reach):
    rows = fill(45)
    Message.objects.filter(pk__in=[rows[3].pk, rows[30].pk, rows[44].pk]).update(status="UNDELIVERED")
    query, found = "?status=UNDELIVERED", []
    while query:
        page = listing(admin_client, query[1:])
        found.append(page.result_list)
        query = page.older_rows_url
    assert found == [[rows[3]], [rows[30]], [rows[44]]]
    said = words(admin_client, "status=UNDELIVERED")
    assert "1 message among the newest 20 (since " in said
    assert said.endswith("Look further back")


@pytest.mark.parametrize("rows", [20, 21, 40, 41])
def test_all_rows_are_reached_once_page_by_page(admin_client, reach, rows):
    made = fill(rows)
    found, query = [], "?"
    while query:
        for number in range(1, 5):
            page = listing(admin_client, f"{query[1:]}&p={number}")
            found += page.result_list
            if not page.paginator.has_more:
                break
        query = page.older_rows_url
    assert found == made


def test_rows_of_one_moment_are_not_parted(admin_client, reach):
    fill(15)
    together = fill(10, created_at=NOON - timedelta(hours=1))
    oldest = fill(5, created_at=NOON - timedelta(hours=2))
    assert [*listing(admin_client, "p=4").result_list] == [*together[::-1]][:5]
    page = listing(admin_client, listing(admin_client).older_rows_url[1:])
    assert page.result_list == oldest[::-1]


def test_looking_further_back_keeps_what_was_chosen(admin_client, reach):
    fill(45)
    days = f"created_at__gte={(NOON - timedelta(days=3)).date()}"
    address = listing(admin_client, f"{days}&channel=sms&p=2").older_rows_url
    assert days in address
    assert "channel=sms" in address
    assert "p=2" not in address


def test_the_newest_of_the_chosen_days_are_looked_through(admin_client, reach):
    fill(45)
    old = fill(3, created_at=NOON - timedelta(days=30))
    before = (NOON - timedelta(days=29)).date()
    page = listing(admin_client, f"created_at__lt={before}")
    assert page.result_list == old[::-1]
    assert page.older_rows_url == ""


def test_a_search_for_what_cannot_be_searched_looks_no_further_back(admin_client, reach):
    fill(45)
    for query in ("q=%00", "q=%20", "q=1%00"):
        assert listing(admin_client, query).older_rows_url, query


def test_a_number_is_found_however_far_back_it_is(admin_client, reach):
    fill(45)
    wanted = fill(1, number="+12015550199", created_at=NOON - timedelta(days=99))
    assert listing(admin_client, "q=%2B1+201+555+0199").result_list == wanted


def test_the_many_rows_of_one_number_end_at_the_reach(admin_client, reach):
    fill(45)
    assert words(admin_client, "q=%2B12015550123&p=4").endswith("1 2 3 4 More than 20 messages")
    assert admin_client.get(f"{address('message')}?q=%2B12015550123&p=5").status_code == 302


@pytest.mark.parametrize("model", MODELS)
def test_a_list_goes_by_its_time_whatever_the_address_says(admin_client, model):
    MAKERS[model](1)
    page = admin_client.get(f"{address(model)}?o=-2.3").content.decode()
    assert 'class="sortable' not in page
    assert listing(admin_client, "o=-2.3", model).queryset.query.order_by[1] == "-pk"


def test_an_action_is_about_the_ticked_rows_of_a_page_and_no_others(admin_client, reach, agent):
    agent.user.user_permissions.add(*permissions("change_optout"))
    rows = OptOut.objects.bulk_create(
        OptOut(number=f"+120155501{index:02}", opted_out_at=NOON + timedelta(seconds=index)) for index in range(30)
    )
    page = agent.get(address("optout")).content.decode()
    assert "Select all" not in page.replace("Select all objects on this page", "")
    assert "1 opt-out was lifted." in act(agent, "optout", "lift", rows[0], select_across="1")
    assert "5 opt-outs were lifted." in act(agent, "optout", "lift", *rows[10:20])
    assert OptOut.objects.standing().count() == 24


def test_nothing_ticked_is_nothing_done(agent, reach):
    agent.user.user_permissions.add(*permissions("change_optout"))
    OptOut.objects.create(number="+12015550123", opted_out_at=NOON)
    data = {"action": "lift", "select_across": "1"}
    agent.post(address("optout"), data, follow=True)
    assert OptOut.objects.standing().exists()


def test_verifications_show_the_newest_message_of_each(admin_client):
    made = Verification.objects.create(
        number="+12015550123", purpose="signup", method="sms", code_length=6, max_attempts=5, expires_at=NOON
    )
    for status in ("UNDELIVERED", "DELIVERED"):
        Message.objects.create(verification=made, channel="sms", number=made.number, status=status)
    assert [row.newest_status for row in listing(admin_client, model="verification").result_list] == ["DELIVERED"]
