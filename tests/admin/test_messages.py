"""Messages of all channels: what was sent, and what became of it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from django_lanck.models import Category, Channel, Goal, Message, Receipt, Status, Verification
from django_lanck.services import check_verification, send_sms, start_verification

from .conftest import SCRIPT, act, address, part

pytestmark = pytest.mark.django_db


@pytest.fixture
def message(phone):
    def make(**fields):
        return Message.objects.create(**{"channel": "sms", "number": phone, "status": "SENT", **fields})

    return make


@pytest.fixture
def shown(admin_client):
    def show(message):
        return admin_client.get(address("message", message.pk)).content.decode()

    return show


@pytest.mark.parametrize("channel", Channel.values)
def test_every_channel_can_be_filtered_and_has_a_page(admin_client, message, shown, channel):
    wanted = message(channel=channel)
    message(channel="sms" if channel != "sms" else "rcs")
    assert [*admin_client.get(f"{address('message')}?channel={channel}").context["cl"].result_list] == [wanted]
    assert str(Channel(channel).label).replace("'", "&#x27;") in shown(wanted)


def test_lists_are_filtered_by_status_country_category_and_date(admin_client, message):
    wanted = message(status=Status.UNKNOWN, country="DE", category=Category.MARKETING)
    message(created_at=timezone.now() - timedelta(days=400), country="US")
    this_year = f"created_at__gte={timezone.now().year - 1}-12-31+00:00:00%2B00:00"
    for query in ("status=unknown", "country=DE", "category=marketing", this_year):
        assert [*admin_client.get(f"{address('message')}?{query}").context["cl"].result_list] == [wanted], query


def test_the_box_of_countries_keeps_what_else_was_chosen(admin_client, message):
    message(country="DE")
    page = admin_client.get(f"{address('message')}?country=DE&channel=sms&q=%2B12015550123").content.decode()
    box = page[page.index('<select name="country"') :].partition("</form>")[0]
    assert '<option value="DE" selected>DE +49</option>' in box
    assert '<input type="hidden" name="channel" value="sms">' in box
    assert '<input type="hidden" name="q" value="+12015550123">' in box


def test_a_chain_is_told_step_by_step_in_plain_words(message, shown):
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
    told = [
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
    places = [page.index(each) for each in told]
    assert places == sorted(places)
    assert SCRIPT not in page


def test_the_page_has_text_link_goal_network_and_price(message, shown):
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
    assert "LANCK was told of the goal." in part(page, "lanck-timeline-heading")


def test_what_a_row_does_not_have_is_left_out(message, shown):
    page = shown(message())
    assert "Error reason" not in page
    assert ">Goal<" not in page


def test_codes_of_either_source_are_called_what_they_are(lanck, phone, shown):
    start_verification(number=phone)
    assert "A code that LANCK made." in shown(Message.objects.get())
    Message.objects.all().update(channel="p2s", content={"language": "de"}, code_hash="x")
    assert "The digits are not kept." in shown(Message.objects.get())


START = 1_700_000_000


@pytest.fixture
def call(lanck, phone):
    """A call of a verification, with its times in the row of LANCK's clock."""
    start_verification(number=phone, method="voice")
    return lanck.sent[-1]


def test_a_call_is_told_once_in_its_order(lanck, call, admin_client):
    ringing = {"callCreatedAt": START, "callRingStartedAt": START + 6}
    lanck.report(call, "RINGING", **ringing, timestamp=START + 6)
    whole = {**ringing, "callAnsweredAt": START + 19, "callEndedAt": START + 36}
    lanck.report(call, "ANSWERED", **whole, sipStatus=200, duration=17, billable=True, timestamp=START + 36)
    verification = Verification.objects.get()
    for page in (address("message", Message.objects.get().pk), address("verification", verification.pk)):
        section = part(admin_client.get(page).content.decode(), "lanck-timeline-heading")
        course = ["LANCK accepted the voice call.", "The call was made.", "The phone rang.", "The call was answered."]
        course.append("The call ended: answered (SIP 200), 17 seconds, billable.")
        places = [section.index(each) for each in course]
        # LANCK's clock is years behind here, and still nothing comes before the message.
        assert places == sorted(places)
        assert [section.count(each) for each in course] == [1] * 5
        assert "2023-11-14 22:13:56" in section


@pytest.mark.parametrize(
    ("sip", "words"), [(486, "busy (SIP 486)"), (487, "hung up before it was answered (SIP 487)"), (499, "SIP 499")]
)
def test_a_call_without_times_says_how_it_ended(lanck, call, shown, sip, words):
    lanck.report(call, "UNDELIVERED", sipStatus=sip, duration=0, billable=False)
    assert f"The network said UNDELIVERED (voice call): {words}, 0 seconds, not billable." in shown(
        Message.objects.get()
    )


def test_a_receipt_is_shown_as_it_came(lanck, call, shown):
    lanck.report(call, "SENT", note=SCRIPT)
    page = shown(Message.objects.get())
    assert "&quot;note&quot;: &quot;&lt;script&gt;alert(1)&lt;/script&gt;&quot;" in page
    assert SCRIPT not in page


def test_the_timeline_of_a_code_of_the_sites_has_its_goal(lanck, phone, admin_client):
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
    page = admin_client.get(address("verification", verification.pk)).content.decode()
    assert "The failover chain is being handed to LANCK." in part(page, "lanck-timeline-heading")
    assert "Goal reached: number verified." in part(page, "lanck-timeline-heading")
    assert "LANCK was told" not in page
    assert "this site" in page


def test_html_is_text_everywhere(message, shown, admin_client):
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
    assert "<script>alert" not in admin_client.get(address("message")).content.decode()


def test_messages_without_a_request_id_are_told_apart(admin_client, lanck, message):
    start_verification(number="+12015550199")
    asked = Message.objects.get()
    lanck.sent[-1].status = "DELIVERED"
    page = act(admin_client, "message", "refresh_messages", asked, message(channel="t2s"), message(channel="rcs"))
    assert "Asked about 1 message. News: 1." in page
    assert "2 messages have no request id of LANCK&#x27;s, so there is nothing to ask about." in page


def test_asking_works_for_every_channel(admin_client, lanck, phone):
    start_verification(number=phone)
    for channel in Channel.values:
        Message.objects.all().update(channel=channel, status="accepted", status_rank=2)
        lanck.sent[-1].status = "DELIVERED"
        assert "News: 1." in act(admin_client, "message", "refresh_messages", Message.objects.get()), channel


def test_a_verified_code_of_lancks_reaches_its_goal_in_the_timeline(admin_client, lanck, phone):
    verification = start_verification(number=phone)
    check_verification(verification_id=verification.pk, code=lanck.sent[-1].code)
    Message.objects.all().reach_goal(Goal.NUMBER_VERIFIED)
    page = admin_client.get(address("verification", verification.pk)).content.decode()
    assert part(page, "lanck-timeline-heading").count("Goal reached: number verified.") == 1


def test_a_word_of_lancks_that_is_one_of_ours_is_no_word_about_the_call(lanck, phone, shown):
    send_sms(number=phone, text="Hi")
    lanck.report(lanck.sent[-1], "sending")
    assert "accepted by LANCK" in shown(Message.objects.get())
