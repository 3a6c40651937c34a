"""The page of deliveries: what it shows, to whom, and at what cost."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

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

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
PAGE = "/admin/lanck/deliveryday/"
WEEK = {
    "started": 100, "reached_lanck": 96, "reached_phone": 90, "verified": 80, "proof_seconds": {"30": 80},
    "messages": 120, "refused": 5, "unknown": 3, "accepted": 110, "delivered": 99, "undelivered": 4,
    "delivery_seconds": {"20": 99}, "priced": 100, "cost": "12.5",
}  # fmt: skip


def shown(client, query=""):
    """The page as it is read: tags and spaces left out."""
    answer = client.get(f"{PAGE}{query}")
    assert answer.status_code == 200
    return words(answer.content.decode())


def words(html):
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def links(client, query=""):
    """The addresses of lists of rows that the page leads to."""
    page = client.get(f"{PAGE}{query}").content.decode()
    return [unescape(each) for each in re.findall(r'href="(/admin/lanck/(?!deliveryday)[^"?]*\?[^"]*)"', page)]


def test_the_page_is_in_the_list_of_the_app_for_those_who_may_see_it(analyst, agent):
    assert f'href="{PAGE}"' in analyst.get("/admin/").content.decode()
    assert f'href="{PAGE}"' not in agent.get("/admin/").content.decode()


@pytest.mark.parametrize("name", ["", "latest/", "export/days/"])
def test_nobody_else_sees_figures(agent, client, name):
    assert agent.get(f"{PAGE}{name}").status_code == 403
    assert client.get(f"{PAGE}{name}").status_code == 302


def test_a_day_has_no_page_of_its_own(admin_client, counted):
    row = counted(1, **WEEK)
    for address in (f"{PAGE}add/", f"{PAGE}{row.pk}/change/", f"{PAGE}{row.pk}/delete/"):
        assert admin_client.get(address).status_code == 404


def test_what_is_sent_now_is_on_the_page_at_once(analyst, lanck, phone):
    start_verification(number=phone)
    lanck.report(lanck.sent[-1], "DELIVERED")
    check_verification(verification_id=Verification.objects.get().pk, code=lanck.sent[-1].code)
    start_verification(number="+12015550199")
    page = shown(analyst, "?days=1")
    assert "Conversion 50.0% 1 of 2" in page
    assert "Delivery rate 50.0% 1 of 2" in page
    assert "Unsettled 1" in page


def test_the_figures_of_days_that_are_over(analyst, counted):
    counted(1, **WEEK)
    counted(3, **WEEK)
    counted(40, **WEEK)
    page = shown(analyst, "?days=7")
    assert "Conversion 80.0% 160 of 200" in page
    assert "Delivery rate 90.0% 198 of 220" in page
    assert "Time to delivery 3.5 s 95% within 3.5 s" in page
    assert "Time to verification 20 s 95% within 20 s" in page
    assert "Cost 25.00 known for 200 of 240 messages" in page
    assert "Unsettled 14" in page
    assert "Unknown 6" in page
    assert "Refused by LANCK 10" in page
    assert "Times are within 9.1% of the exact ones." in page
    assert "Conversion 80.0% 240 of 300" in shown(analyst, "?days=90")


def test_the_funnel_tells_what_was_lost_at_each_step(analyst, counted):
    counted(1, **{**WEEK, "started": 2000, "reached_lanck": 1990})
    funnel = words(part(analyst.get(PAGE).content.decode(), 'id="lanck-funnel-heading"'))
    assert "Started 2,000 100.0%" in funnel
    assert "Accepted by LANCK 1,990 99.5% 10 lost (0.5%)" in funnel
    assert "Delivered 90 4.5% 1,900 lost (95.5%)" in funnel
    assert "Verified 80 4.0% 10 lost (11.1%)" in funnel


def test_rates_and_costs_are_compared_with_the_period_before(analyst, counted):
    counted(1, **WEEK)
    counted(7, **{**WEEK, "verified": 60, "delivered": 110, "cost": "10"})
    page = shown(analyst, "?days=7")
    assert "80.0% up 20.0 points" in page
    assert "90.0% down 10.0 points" in page
    assert "12.50 up 25.0%" in page
    assert "compared with the previous 7 days" in page
    assert "compared" not in shown(analyst, "?days=90")


@pytest.mark.parametrize(
    ("query", "messages"),
    [("", 33), ("&country=DE", 2), ("&channel=voice", 20), ("&purpose=login", 11), ("&mccmnc=26201&country=DE", 2)],
)
def test_the_figures_are_narrowed_to_what_is_chosen(analyst, counted, query, messages):
    counted(1, messages=2, accepted=2, country="DE", mccmnc="26201", network="Funk", purpose="login")
    counted(1, messages=20, accepted=20, channel="voice")
    counted(1, messages=9, accepted=9, purpose="login")
    counted(1, messages=2, accepted=2)
    assert f"of {messages} messages" in shown(analyst, f"?days=7{query}")


def test_what_can_be_chosen_is_what_occurs_whatever_is_chosen_already(analyst, counted):
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
    ("query", "kept"),
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
def test_what_cannot_be_chosen_is_left_out_and_said(analyst, query, kept):
    answer = analyst.get(f"{PAGE}?{query}")
    assert answer["Location"] == f"{PAGE}?{kept}"
    assert "Invalid filters were ignored" in shown(analyst, f"?{kept}")


def test_breakdowns_have_the_largest_first_and_names_for_what_is_not_known(analyst, counted):
    counted(1, messages=2, country="", mccmnc="", purpose="")
    counted(1, messages=30, country="DE", mccmnc="26201", network=SCRIPT)
    html = analyst.get(f"{PAGE}?days=7").content.decode()
    assert words(part(html, 'id="lanck-countries-heading"')).index("DE 30") > 0
    networks = part(html, 'id="lanck-networks-heading"')
    assert "&lt;script&gt;alert(1)&lt;/script&gt; (26201), DE" in networks
    assert "unknown, unknown" in networks
    assert "<script>alert" not in html
    assert "no verification" in part(html, 'id="lanck-purposes-heading"')


def test_long_breakdowns_are_cut_and_say_so(analyst, counted):
    for number in range(18):
        counted(1, messages=number + 1, mccmnc=f"3102{number:02}")
    page = shown(analyst, "?days=7")
    assert "3 more are in the CSV file." in page
    assert "310203, US" in page
    assert "310202, US" not in page


def test_errors_are_shown_by_hour_with_what_they_mean(analyst, counted):
    counted(2, messages=9, refused=9)
    for hour, count in ((9, 4), (14, 40)):
        DayCount.objects.create(
            day=site_day() - timedelta(days=2), kind="error", word="6", country="US", hour=hour, count=count
        )
    errors = part(analyst.get(f"{PAGE}?days=7").content.decode(), 'id="lanck-errors-heading"')
    assert "6 insufficient funds 44" in words(errors)
    assert "Most in one hour: 40, on" in words(errors)
    cells = re.findall(r'<td class="lanck-heat-(\d)">', errors)
    assert len(cells) == 24
    assert (cells[9], cells[14], cells[15]) == ("1", "5", "0")
    assert "insufficient funds" not in shown(analyst, "?days=7&country=DE")


def test_refusals_are_shown_by_rule_and_those_that_only_watch_apart(analyst, counted):
    for rule, watched, count in (("number", False, 7), ("country_conversion", True, 5), ("new_rule", False, 1)):
        RefusalCount.objects.create(day=site_day(), rule=rule, action="start", watched=watched, count=count)
    refusals = words(part(analyst.get(PAGE).content.decode(), 'id="lanck-refusals-heading"'))
    assert "codes sent to or checked for one number number 7 0" in refusals
    assert "a country with low conversion country_conversion 0 5" in refusals
    assert "new_rule 1 0" in refusals


def test_fraud_states_are_shown_in_words(analyst, counted):
    counted(1)
    DayCount.objects.create(day=site_day() - timedelta(days=1), kind="fraud", word="FRAUDULENT", count=3)
    assert "fraudulent 3" in words(part(analyst.get(PAGE).content.decode(), 'id="lanck-fraud-heading"'))


def test_an_empty_page_says_why_and_what_to_do(analyst, counted):
    page = shown(analyst)
    assert "Nothing was sent in this period." in page
    assert "As soon as the first code is sent" in page
    assert "Show 90 days" in page
    assert "Remove the filters" in shown(analyst, "?country=DE")
    assert "Show 90 days" not in shown(analyst, "?days=90")


def test_days_that_are_not_counted_are_said_and_counted_by_a_click(analyst, lanck, phone):
    verification = start_verification(number=phone)
    for model in (Verification, Message):
        model.objects.update(created_at=timezone.now() - timedelta(days=3))
    page = shown(analyst)
    assert "not counted yet" in page
    assert "lanck_count" in page
    told = words(analyst.post(f"{PAGE}count/?days=30&country=US", follow=True).content.decode())
    assert re.search(r"(\d) of \1 days? (was|were) counted\.", told)
    assert "not counted yet" not in told
    assert DeliveryDay.objects.get().started == 1
    assert verification.pk


def test_counting_stops_when_nobody_would_wait_any_longer(analyst, lanck, phone, monkeypatch):
    monkeypatch.setattr("django_lanck.admin.delivery.dashboard.COUNTING_SECONDS", 0)
    for days in (3, 4):
        message = Message.objects.create(channel="sms", number=phone)
        Message.objects.filter(pk=message.pk).update(created_at=timezone.now() - timedelta(days=days))
    assert "1 of 2 days were counted." in words(analyst.post(f"{PAGE}count/", follow=True).content.decode())
    assert analyst.get(f"{PAGE}count/").status_code == 405


def test_days_that_changed_since_are_said(analyst, counted):
    counted(2, **WEEK)
    CountedDay.objects.update(is_dirty=True)
    assert "changed after the day was counted" in shown(analyst)


# Links


def test_figures_lead_to_the_rows_they_count(admin_client, lanck, phone):
    for number in (phone, "+12015550199", "+12015550198"):
        start_verification(number=number)
    lanck.report(lanck.sent[0], "DELIVERED")
    lanck.report(lanck.sent[1], "UNDELIVERED")
    check_verification(verification_id=Verification.objects.get(number=phone).pk, code=lanck.sent[0].code)
    found = {}
    for address in links(admin_client, "?days=1&purpose=signup"):
        query = parse_qs(urlsplit(address).query)
        assert query["created_at__gte"] == [site_day().isoformat()], address
        assert query["created_at__lt"] == [(site_day() + timedelta(days=1)).isoformat()], address
        answer = admin_client.get(address)
        assert answer.status_code == 200, (address, answer)
        rows = answer.context["cl"].result_list
        found[address.partition("?")[0], *(query.get(name, [""])[0] for name in ("outcome", "reached", "state"))] = len(
            rows
        )
    messages, verifications = "/admin/lanck/message/", "/admin/lanck/verification/"
    assert {key: count for key, count in found.items() if key[0] == verifications} == {
        (verifications, "", "", ""): 3, (verifications, "", "lanck", ""): 3, (verifications, "", "phone", ""): 1,
        (verifications, "", "", "verified"): 1,
    }  # fmt: skip
    assert found[messages, "delivered", "", ""] == 1
    assert found[messages, "unsettled", "", ""] == 1


@pytest.mark.parametrize(
    ("permission", "leads_to"), [("view_message", "message"), ("view_verification", "verification")]
)
def test_who_may_not_see_rows_gets_no_links_to_them(analyst, counted, permission, leads_to):
    counted(1, **WEEK)
    assert links(analyst) == []
    analyst.group.permissions.add(*permissions(permission))
    assert {address.split("/")[3] for address in links(analyst)} == {leads_to}


def test_there_are_no_links_to_rows_that_may_be_erased(admin_client, counted, settings):
    counted(1, **WEEK)
    counted(20, **WEEK)
    settings.LANCK = {**settings.LANCK, "RETENTION": {"messages": 10, "verifications": 10}}
    assert links(admin_client, "?days=7")
    days = {parse_qs(urlsplit(address).query)["created_at__gte"][0] for address in links(admin_client, "?days=30")}
    assert days == {(site_day() - timedelta(days=each)).isoformat() for each in range(10)}


# The latest messages


def test_the_latest_messages_are_the_newest_twenty_masked_without_the_permission(analyst, admin_client, phone):
    for _ in range(25):
        Message.objects.create(channel="sms", number=phone, country="US", network=SCRIPT, status="DELIVERED")
    assert analyst.get(f"{PAGE}latest/").status_code == 403
    assert "lanck-latest" not in analyst.get(PAGE).content.decode()
    analyst.group.permissions.add(*permissions("view_message"))
    assert f'data-address="{PAGE}latest/"' in analyst.get(PAGE).content.decode()
    answer = analyst.get(f"{PAGE}latest/")
    text = answer.content.decode()
    assert text.count("+1201•••0123") == 20
    assert phone not in text
    assert "<script" not in text
    assert "no-store" in answer["Cache-Control"]
    assert phone in admin_client.get(f"{PAGE}latest/").content.decode()


def test_the_latest_messages_take_one_statement_by_their_key(analyst, phone):
    analyst.group.permissions.add(*permissions("view_message", "view_number"))
    for _ in range(25):
        Message.objects.create(channel="sms", number=phone)
    with CaptureQueriesContext(connection) as captured:
        analyst.get(f"{PAGE}latest/")
    asked = [sql for sql in statements(captured) if "lanck_message" in sql]
    assert len(asked) == 1
    assert re.search(r"ORDER BY .lanck_message.\..id. DESC LIMIT 20", asked[0])
    assert len(statements(captured)) <= 5


# What it costs


@pytest.mark.parametrize("days", [1, 7, 30, 90])
@pytest.mark.parametrize("who", ["analyst", "admin_client"])
def test_the_page_takes_at_most_ten_statements_whatever_is_on_it(request, lanck, phone, counted, days, who):
    client = request.getfixturevalue(who)
    if who == "analyst":
        names = ["view_message", "view_verification", "view_number", "pause_prefix", "view_numberinsight"]
        client.group.permissions.add(*permissions(*names))
        client.user.groups.add(Group.objects.create(name="others"))
    start_verification(number=phone)
    for ago in range(1, 90):
        for number in range(4):
            counted(ago, **{**WEEK, "mccmnc": f"31026{number}"})
    RefusalCount.objects.create(day=site_day(), rule="number", action="start", count=1)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(f"{PAGE}?days={days}").status_code == 200
    assert len(statements(captured)) <= 10, statements(captured)


@override_settings(LANGUAGE_CODE="de")
def test_numbers_and_dates_are_those_of_the_language(analyst, counted):
    counted(1, **{**WEEK, "started": 2000, "verified": 1234})
    page = analyst.get(f"{PAGE}?days=7", headers={"Accept-Language": "de"}).content.decode()
    assert "61,7\u00a0%" in page
    assert "1.234 von 2.000" in page
    for attribute in re.findall(r' (?:x|y|x1|y1|x2|y2|cx|cy|width|height)="([^"]*)"', page):
        assert "," not in attribute


def test_the_page_has_no_style_and_no_script_of_its_own(admin_client, counted):
    counted(1, **WEEK)
    page = admin_client.get(f"{PAGE}?days=7").content.decode()
    content = page[page.index('id="content"') : page.index("<!-- END Content -->")]
    assert " style=" not in content
    assert "<style" not in content
    assert "<script" not in content
    assert not re.search(r" on\w+=", content)


def test_a_page_of_the_site_is_reached_by_its_name():
    assert reverse("admin:lanck_deliveryday_changelist") == PAGE
