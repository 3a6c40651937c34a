"""The delivery dashboard: content, permissions, links and number of statements."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings
from django.urls import reverse
from django.utils import timezone

from django_lanck.models import CountedDay, DayCount, DeliveryDay, Message, RefusalCount, Verification
from django_lanck.models.time import site_day
from django_lanck.services import check_verification, start_verification
from tests.helpers import statements

from .conftest import SCRIPT, part, permissions
from .delivery import PAGE, WEEK

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


def page_text(client, query=""):
    """Return the text of the page without tags and extra spaces."""
    answer = client.get(f"{PAGE}{query}")
    assert answer.status_code == 200
    return text_of(answer.content.decode())


def text_of(html):
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def test_admin_index_links_to_the_dashboard_with_the_permission(analyst, agent):
    assert f'href="{PAGE}"' in analyst.get("/admin/").content.decode()
    assert f'href="{PAGE}"' not in agent.get("/admin/").content.decode()


@pytest.mark.parametrize("name", ["", "latest/", "export/days/"])
def test_dashboard_requires_the_permission(agent, client, name):
    assert agent.get(f"{PAGE}{name}").status_code == 403
    assert client.get(f"{PAGE}{name}").status_code == 302


def test_single_days_have_no_page(admin_client, counted):
    row = counted(1, **WEEK)
    for address in (f"{PAGE}add/", f"{PAGE}{row.pk}/change/", f"{PAGE}{row.pk}/delete/"):
        assert admin_client.get(address).status_code == 404


def test_messages_of_today_are_included(analyst, lanck, phone):
    start_verification(number=phone)
    lanck.report(lanck.sent[-1], "DELIVERED")
    check_verification(verification_id=Verification.objects.get().pk, code=lanck.sent[-1].code)
    start_verification(number="+12015550199")
    page = page_text(analyst, "?days=1")
    assert "Conversion 50.0% 1 of 2" in page
    assert "Delivery rate 50.0% 1 of 2" in page
    assert "Unsettled 1" in page


def test_tiles_sum_the_counted_days_of_the_period(analyst, counted):
    counted(1, **WEEK)
    counted(3, **WEEK)
    counted(40, **WEEK)
    page = page_text(analyst, "?days=7")
    assert "Conversion 80.0% 160 of 200" in page
    assert "Delivery rate 90.0% 198 of 220" in page
    assert "Time to delivery 3.5 s 95% within 3.5 s" in page
    assert "Time to verification 20 s 95% within 20 s" in page
    assert "Cost 25.00 known for 200 of 240 messages" in page
    assert "Unsettled 14" in page
    assert "Unknown 6" in page
    assert "Refused by LANCK 10" in page
    assert "Times are within 9.1% of the exact ones." in page
    assert "Conversion 80.0% 240 of 300" in page_text(analyst, "?days=90")


def test_funnel_shows_the_losses_at_each_step(analyst, counted):
    counted(1, **{**WEEK, "started": 2000, "reached_lanck": 1990})
    funnel = text_of(part(analyst.get(PAGE).content.decode(), 'id="lanck-funnel-heading"'))
    assert "Started 2,000 100.0%" in funnel
    assert "Accepted by LANCK 1,990 99.5% 10 lost (0.5%)" in funnel
    assert "Delivered 90 4.5% 1,900 lost (95.5%)" in funnel
    assert "Verified 80 4.0% 10 lost (11.1%)" in funnel


def test_rates_and_costs_are_compared_with_the_previous_period(analyst, counted):
    counted(1, **WEEK)
    counted(7, **{**WEEK, "verified": 60, "delivered": 110, "cost": "10"})
    page = page_text(analyst, "?days=7")
    assert "80.0% up 20.0 points" in page
    assert "90.0% down 10.0 points" in page
    assert "12.50 up 25.0%" in page
    assert "compared with the previous 7 days" in page
    assert "compared" not in page_text(analyst, "?days=90")


@pytest.mark.parametrize(
    ("query", "messages"),
    [("", 33), ("&country=DE", 2), ("&channel=voice", 20), ("&purpose=login", 11), ("&mccmnc=26201&country=DE", 2)],
)
def test_figures_are_filtered_by_the_query(analyst, counted, query, messages):
    counted(1, messages=2, accepted=2, country="DE", mccmnc="26201", network="Funk", purpose="login")
    counted(1, messages=20, accepted=20, channel="voice")
    counted(1, messages=9, accepted=9, purpose="login")
    counted(1, messages=2, accepted=2)
    assert f"of {messages} messages" in page_text(analyst, f"?days=7{query}")


def test_filters_list_the_values_of_both_periods_whatever_the_filters(analyst, counted):
    counted(1, messages=2, country="DE", mccmnc="26201", network="Funk", purpose="login")
    counted(2, messages=2, country="US")
    counted(30, messages=2, country="FR")
    page = analyst.get(f"{PAGE}?days=7&country=DE").content.decode()
    form = page[page.index('<input type="hidden" name="days"') :].partition("</form>")[0]
    assert re.findall(r'<option value="(\w+)"( selected)?>([^<]+)', form) == [
        ("login", "", "login"), ("signup", "", "signup"), ("sms", "", "SMS"), ("DE", " selected", "DE"),
        ("US", "", "US"), ("310260", "", "310260"), ("26201", "", "Funk (26201)"),
    ]  # fmt: skip
    assert '<input type="hidden" name="days" value="7">' in form


@pytest.mark.parametrize(
    ("query", "valid"),
    [
        ("days=8&country=US", "days=7&country=US"),
        ("days=30&country=usa", "days=30"),
        ("channel=pigeon", "days=7"),
        ("mccmnc=%00", "days=7"),
        ("purpose=a%00b&days=1", "days=1"),
        ("page=3", "days=7"),
        ("days=%D9%A3%D9%A0", "days=7"),
    ],
)
def test_invalid_parameters_are_removed_with_a_warning(analyst, query, valid):
    answer = analyst.get(f"{PAGE}?{query}")
    assert answer["Location"] == f"{PAGE}?{valid}"
    assert "Invalid filters were ignored" in page_text(analyst, f"?{valid}")


def test_tables_show_unknown_values_and_escape_names(analyst, counted):
    counted(1, messages=2, country="", mccmnc="", purpose="")
    counted(1, messages=30, country="DE", mccmnc="26201", network=SCRIPT)
    html = analyst.get(f"{PAGE}?days=7").content.decode()
    assert text_of(part(html, 'id="lanck-countries-heading"')).index("DE 30") > 0
    networks = part(html, 'id="lanck-networks-heading"')
    assert "&lt;script&gt;alert(1)&lt;/script&gt; (26201), DE" in networks
    assert "unknown, unknown" in networks
    assert "<script>alert" not in html
    assert "no verification" in part(html, 'id="lanck-purposes-heading"')


def test_tables_show_the_15_largest_groups_and_count_the_rest(analyst, counted):
    for number in range(18):
        counted(1, messages=number + 1, mccmnc=f"3102{number:02}")
    page = page_text(analyst, "?days=7")
    assert "3 more are in the CSV file." in page
    assert "310203, US" in page
    assert "310202, US" not in page


def test_errors_are_shown_by_hour_with_their_meaning(analyst, counted):
    counted(2, messages=9, refused=9)
    for hour, count in ((9, 4), (14, 40)):
        DayCount.objects.create(
            day=site_day() - timedelta(days=2), kind="error", word="6", country="US", hour=hour, count=count
        )
    errors = part(analyst.get(f"{PAGE}?days=7").content.decode(), 'id="lanck-errors-heading"')
    assert "6 insufficient funds 44" in text_of(errors)
    assert "Most in one hour: 40, on" in text_of(errors)
    cells = re.findall(r'<td class="lanck-heat-(\d)">', errors)
    assert len(cells) == 24
    assert (cells[9], cells[14], cells[15]) == ("1", "5", "0")
    assert "insufficient funds" not in page_text(analyst, "?days=7&country=DE")


def test_refusals_are_shown_by_rule_with_watched_ones_apart(analyst, counted):
    for rule, watched, count in (("number", False, 7), ("country_conversion", True, 5), ("new_rule", False, 1)):
        RefusalCount.objects.create(day=site_day(), rule=rule, action="start", watched=watched, count=count)
    refusals = text_of(part(analyst.get(PAGE).content.decode(), 'id="lanck-refusals-heading"'))
    assert "codes sent to or checked for one number number 7 0" in refusals
    assert "a country with low conversion country_conversion 0 5" in refusals
    assert "new_rule 1 0" in refusals


def test_fraud_checks_are_shown_by_status(analyst, counted):
    counted(1)
    DayCount.objects.create(day=site_day() - timedelta(days=1), kind="fraud", word="FRAUDULENT", count=3)
    assert "fraudulent 3" in text_of(part(analyst.get(PAGE).content.decode(), 'id="lanck-fraud-heading"'))


def test_empty_period_offers_a_longer_period_or_no_filters(analyst, counted):
    page = page_text(analyst)
    assert "Nothing was sent in this period." in page
    assert "As soon as the first code is sent" in page
    assert "Show 90 days" in page
    assert "Remove the filters" in page_text(analyst, "?country=DE")
    assert "Show 90 days" not in page_text(analyst, "?days=90")


def test_uncounted_days_are_reported_and_can_be_counted(analyst, lanck, phone):
    verification = start_verification(number=phone)
    for model in (Verification, Message):
        model.objects.update(created_at=timezone.now() - timedelta(days=3))
    page = page_text(analyst)
    assert "not counted yet" in page
    assert "lanck_count" in page
    message = text_of(analyst.post(f"{PAGE}count/?days=30&country=US", follow=True).content.decode())
    assert re.search(r"(\d) of \1 days? (was|were) counted\.", message)
    assert "not counted yet" not in message
    assert DeliveryDay.objects.get().started == 1
    assert verification.pk


def test_counting_stops_after_the_time_limit(analyst, lanck, phone, monkeypatch):
    monkeypatch.setattr("django_lanck.admin.delivery.dashboard.COUNTING_SECONDS", 0)
    for days in (3, 4):
        message = Message.objects.create(channel="sms", number=phone)
        Message.objects.filter(pk=message.pk).update(created_at=timezone.now() - timedelta(days=days))
    assert "1 of 2 days were counted." in text_of(analyst.post(f"{PAGE}count/", follow=True).content.decode())
    assert analyst.get(f"{PAGE}count/").status_code == 405


def test_dirty_days_are_reported(analyst, counted):
    counted(2, **WEEK)
    CountedDay.objects.update(is_dirty=True)
    assert "changed after the day was counted" in page_text(analyst)


# Statements and markup


@pytest.mark.parametrize("days", [1, 7, 30, 90])
@pytest.mark.parametrize("user", ["analyst", "admin_client"])
def test_page_takes_at_most_10_statements(request, lanck, phone, days, user):
    client = request.getfixturevalue(user)
    if user == "analyst":
        names = ["view_message", "view_verification", "view_number", "pause_prefix", "view_numberinsight"]
        client.group.permissions.add(*permissions(*names))
        client.user.groups.add(Group.objects.create(name="others"))
    start_verification(number=phone)
    past = [site_day() - timedelta(days=ago) for ago in range(1, 90)]
    CountedDay.objects.bulk_create(CountedDay(day=day, counted_at=timezone.now()) for day in past)
    key = {"purpose": "signup", "channel": "sms", "country": "US"}
    DeliveryDay.objects.bulk_create(
        DeliveryDay(day=day, mccmnc=f"31026{number}", **key, **WEEK) for day in past for number in range(4)
    )
    RefusalCount.objects.create(day=site_day(), rule="number", action="start", count=1)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(f"{PAGE}?days={days}").status_code == 200
    assert len(statements(captured)) <= 10, statements(captured)


@override_settings(LANGUAGE_CODE="de")
def test_numbers_are_formatted_in_the_language_of_the_request(analyst, counted):
    counted(1, **{**WEEK, "started": 2000, "verified": 1234})
    page = analyst.get(f"{PAGE}?days=7", headers={"Accept-Language": "de"}).content.decode()
    assert "61,7\u00a0%" in page
    assert "1.234 von 2.000" in page
    for attribute in re.findall(r' (?:x|y|x1|y1|x2|y2|cx|cy|width|height)="([^"]*)"', page):
        assert "," not in attribute


def test_page_has_no_inline_style_or_script(admin_client, counted):
    counted(1, **WEEK)
    page = admin_client.get(f"{PAGE}?days=7").content.decode()
    content = page[page.index('id="content"') : page.index("<!-- END Content -->")]
    assert " style=" not in content
    assert "<style" not in content
    assert "<script" not in content
    assert not re.search(r" on\w+=", content)


def test_page_has_the_url_name_of_a_change_list():
    assert reverse("admin:lanck_deliveryday_changelist") == PAGE
