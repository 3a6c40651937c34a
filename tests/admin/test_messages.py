"""The pages of messages of all channels: content, delivery and timeline."""

from datetime import timedelta

import pytest
from django.utils import timezone

from django_lanck.models import Category, Channel, Goal, Message, Receipt, Status, Verification
from django_lanck.services import check_verification, send_sms, start_verification

from .conftest import SCRIPT, admin_url, page_text, part, run_action

pytestmark = pytest.mark.django_db


@pytest.fixture
def message(phone):
    def make(**fields):
        return Message.objects.create(**{"channel": "sms", "number": phone, "status": "SENT", **fields})

    return make


@pytest.fixture
def shown(admin_client):
    def show(message):
        return page_text(admin_client, admin_url("message", message.pk))

    return show


@pytest.mark.parametrize("channel", Channel.values)
def test_each_channel_has_a_filter_and_a_page(admin_client, message, shown, channel):
    wanted = message(channel=channel)
    message(channel="sms" if channel != "sms" else "rcs")
    assert [*admin_client.get(f"{admin_url('message')}?channel={channel}").context["cl"].result_list] == [wanted]
    assert str(Channel(channel).label).replace("'", "&#x27;") in shown(wanted)


def test_messages_are_filtered_by_status_country_category_and_date(admin_client, message):
    wanted = message(status=Status.UNKNOWN, country="DE", category=Category.MARKETING)
    message(created_at=timezone.now() - timedelta(days=400), country="US")
    this_year = f"created_at__gte={timezone.now().year - 1}-12-31+00:00:00%2B00:00"
    for query in ("status=unknown", "country=DE", "category=marketing", this_year):
        assert [*admin_client.get(f"{admin_url('message')}?{query}").context["cl"].result_list] == [wanted], query


def test_country_select_keeps_other_filters(admin_client, message):
    message(country="DE")
    page = page_text(admin_client, f"{admin_url('message')}?country=DE&channel=sms&q=%2B12015550123")
    box = page[page.index('<select name="country"') :].partition("</form>")[0]
    assert '<option value="DE" selected>DE +49</option>' in box
    assert '<input type="hidden" name="channel" value="sms">' in box
    assert '<input type="hidden" name="q" value="+12015550123">' in box


def test_failover_chain_is_shown_step_by_step(message, shown):
    steps = [
        {
            "type": "push",
            "message": {"title": "Acme", "text": "Your code is ••••••."},
            "failover": {"wait": 30, "condition": "delivered"},
        },
        {
            "type": "viber",
            "message": {"text": SCRIPT, "buttonCaption": "Open", "buttonActionUrl": "https://acme.example/"},
            "failover": {"wait": 300, "condition": "read"},
        },
        {
            "type": "pigeon",
            "message": {"text": "Coo", "ring": {"left": True}},
            "failover": {"wait": 7200, "condition": "read"},
        },
        {"type": "sms", "message": {"from": "ACME", "text": "Last one"}},
    ]
    page = shown(message(channel="failover", content={"flow": steps}))
    expected = [
        "push notification</b>",
        "Your code is ••••••.",
        "title:</span> Acme",
        "If it is not delivered within 30 seconds:",
        "Viber</b>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "button:</span> Open",
        "the button opens:</span> https://acme.example/",
        "If it is not read within 5 minutes:",
        "pigeon</b>",
        "ring:</span> {&quot;left&quot;: true}",
        "If it is not read within 2 hours:",
        "SMS</b>",
        "from:</span> ACME",
    ]
    places = [page.index(each) for each in expected]
    assert places == sorted(places)
    assert SCRIPT not in page


def test_message_page_shows_text_link_goal_network_and_price(message, shown):
    page = shown(
        message(
            content={"text": "Rate us: {link}"},
            category=Category.MARKETING,
            link="https://acme.example/?a=1",
            network="T-Mobile",
            price="0.0125",
            goal=Goal.LINK_OPENED,
            goal_reached_at=timezone.now(),
            goal_reported_at=timezone.now(),
        )
    )
    for each in ("Rate us: {link}", "marketing", "https://acme.example/?a=1", "T-Mobile", "0.012500", "link opened"):
        assert each in page
    assert "Goal reached: link opened." in part(page, "lanck-timeline-heading")
    assert "The goal was reported to LANCK." in part(page, "lanck-timeline-heading")


def test_empty_fields_are_left_out(message, shown):
    page = shown(message())
    assert "Error reason" not in page
    assert ">Goal<" not in page


def test_message_page_explains_why_the_code_is_missing(lanck, phone, shown):
    start_verification(number=phone)
    assert "LANCK generated the code." in shown(Message.objects.get())
    Message.objects.all().update(channel="p2s", content={"language": "de"}, code_hash="x")
    assert "The digits are not stored." in shown(Message.objects.get())


START = 1_700_000_000


@pytest.fixture
def call(lanck, phone):
    """Start a verification by voice; return the call."""
    start_verification(number=phone, method="voice")
    return lanck.sent[-1]


def test_events_of_a_call_are_shown_once_and_in_order(lanck, call, admin_client):
    ringing = {"callCreatedAt": START, "callRingStartedAt": START + 6}
    lanck.report(call, "RINGING", **ringing, timestamp=START + 6)
    whole = {**ringing, "callAnsweredAt": START + 19, "callEndedAt": START + 36}
    lanck.report(call, "ANSWERED", **whole, sipStatus=200, duration=17, billable=True, timestamp=START + 36)
    verification = Verification.objects.get()
    for page in (admin_url("message", Message.objects.get().pk), admin_url("verification", verification.pk)):
        section = part(page_text(admin_client, page), "lanck-timeline-heading")
        expected = ["LANCK accepted the voice call.", "The call was made.", "The phone rang.", "The call was answered."]
        expected.append("The call ended: answered (SIP 200), 17 seconds, billable.")
        places = [section.index(each) for each in expected]
        # The times of the call are years before the message, which still comes first.
        assert places == sorted(places)
        assert [section.count(each) for each in expected] == [1] * 5
        assert "2023-11-14 22:13:56" in section


@pytest.mark.parametrize(
    ("sip", "words"), [(486, "busy (SIP 486)"), (487, "hung up before it was answered (SIP 487)"), (499, "SIP 499")]
)
def test_call_without_times_shows_how_it_ended(lanck, call, shown, sip, words):
    lanck.report(call, "UNDELIVERED", sipStatus=sip, duration=0, billable=False)
    assert f"The network reported UNDELIVERED (voice call): {words}, 0 seconds, not billable." in shown(
        Message.objects.get()
    )


def test_receipt_is_shown_as_received(lanck, call, shown):
    lanck.report(call, "SENT", note=SCRIPT)
    page = shown(Message.objects.get())
    assert "&quot;note&quot;: &quot;&lt;script&gt;alert(1)&lt;/script&gt;&quot;" in page
    assert SCRIPT not in page


def test_timeline_of_a_site_code_shows_its_goal(lanck, phone, admin_client):
    verification = Verification.objects.create(
        number=phone,
        purpose="signup",
        method="failover",
        code_source="site",
        code_length=6,
        max_attempts=5,
        expires_at=timezone.now(),
    )
    Message.objects.create(
        verification=verification,
        channel="failover",
        number=phone,
        goal=Goal.NUMBER_VERIFIED,
        goal_reached_at=timezone.now(),
    )
    page = page_text(admin_client, admin_url("verification", verification.pk))
    assert "The failover chain is being sent to LANCK." in part(page, "lanck-timeline-heading")
    assert "Goal reached: number verified." in part(page, "lanck-timeline-heading")
    assert "was reported to LANCK" not in page
    assert "this site" in page


def test_html_in_all_fields_is_escaped(message, shown, admin_client):
    row = message(
        status="refused",
        error_reason=SCRIPT,
        network=SCRIPT,
        sender=SCRIPT[:20],
        link=SCRIPT,
        content={"text": SCRIPT, SCRIPT: SCRIPT},
    )
    Receipt.objects.create(message=row, digest="1", status=SCRIPT, payload={SCRIPT: SCRIPT})
    page = shown(row)
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert") >= 8
    assert "<script>alert" not in page_text(admin_client, admin_url("message"))


def test_messages_without_request_id_are_reported_and_not_refreshed(admin_client, lanck, message):
    start_verification(number="+12015550199")
    accepted = Message.objects.get()
    lanck.sent[-1].status = "DELIVERED"
    page = run_action(
        admin_client, "message", "refresh_messages", accepted, message(channel="t2s"), message(channel="rcs")
    )
    assert "Refreshed 1 message, 1 changed." in page
    assert "2 messages have no LANCK request id and cannot be refreshed." in page


def test_refresh_action_works_for_each_channel(admin_client, lanck, phone):
    start_verification(number=phone)
    for channel in Channel.values:
        Message.objects.all().update(channel=channel, status="accepted", status_rank=2)
        lanck.sent[-1].status = "DELIVERED"
        assert "1 changed." in run_action(admin_client, "message", "refresh_messages", Message.objects.get()), channel


def test_timeline_of_a_lanck_code_shows_its_goal(admin_client, lanck, phone):
    verification = start_verification(number=phone)
    check_verification(verification_id=verification.pk, code=lanck.sent[-1].code)
    Message.objects.all().reach_goal(Goal.NUMBER_VERIFIED)
    page = page_text(admin_client, admin_url("verification", verification.pk))
    assert part(page, "lanck-timeline-heading").count("Goal reached: number verified.") == 1


def test_receipt_with_one_of_the_apps_own_statuses_leaves_the_message_accepted(lanck, phone, shown):
    send_sms(number=phone, text="Hi")
    lanck.report(lanck.sent[-1], "sending")
    assert "accepted by LANCK" in shown(Message.objects.get())
