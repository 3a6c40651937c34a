"""Who may read the story of a number, what they are shown of it, and what it costs."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from django_lanck.models import InboundMessage, Message, NumberInsight, OptOut, Receipt, Verification, VerifiedNumber
from django_lanck.services import lift_limits, start_verification
from django_lanck.services.support.story import RELATED_VERIFICATIONS, read_story
from tests.helpers import statements
from tests.test_indexes import planned

from .conftest import MODELS, find, permissions, story_of
from .test_numbers import RENTED

pytestmark = pytest.mark.django_db
VIEWS = [f"view_{model}" for model in MODELS]
ACTS = {"resend": "send_message", "lift": "lift_limit", "forget": "forget_number"}
# Those of the session, the user and their permissions (two), then the row's own, and nine of the story.
MOST_STATEMENTS = 14


@pytest.fixture
def rows(enable_limits, lanck, story, phone):
    """One row of each kind, in whose texts the number stands; and a verification that is pending."""
    digits = phone.removeprefix("+")
    lift_limits(number=phone)
    start_verification(number=phone)
    lanck.report(lanck.sent[-1], "UNDELIVERED", about=phone, to=int(digits))
    Message.objects.update(content={"text": phone}, error_reason=f"No {phone}")
    inbound = InboundMessage.objects.create(
        message_id="1", sender=phone, recipient=RENTED, text=f"I am {digits}, +1 (201) 555-0123", payload={"via": phone}
    )
    insight = NumberInsight.objects.create(
        number=phone, kind="hlr", status="DELIVERED", network=f"Net of {digits}", imsi="310260123456789"
    )
    opt_out = OptOut.objects.create(number=phone, inbound=inbound, opted_out_at=timezone.now())
    claim = VerifiedNumber.objects.get()
    LogEntry.objects.create(
        user=get_user_model().objects.create_user(f"staff {phone}"),
        content_type=ContentType.objects.get_for_model(OptOut),
        object_id=str(opt_out.pk),
        object_repr="•••",
        action_flag=2,
        change_message="Put the number on the list by hand.",
    )
    return [story, story.messages.get(), inbound, insight, opt_out, claim]


def test_who_may_not_see_numbers_reads_the_same_story_masked(agent, admin_client, rows, phone):
    agent.user.user_permissions.add(*permissions(*ACTS.values()))
    for row in rows:
        pages = [story_of(row), story_of(row, "story_forget")]
        pages += [f"{story_of(row, 'story_resend')}?verification={each.pk}&method=voice" for each in unended()]
        for page in pages:
            text = agent.get(page).content.decode()
            assert "2015550123" not in text, page
            assert "(201) 555-0123" not in text, page
            assert "310260123456789" not in text, page
            assert RENTED.removeprefix("+") not in text, page
            assert "+1201•••0123" in text, page
            assert phone in admin_client.get(page).content.decode(), page


def unended():
    return Verification.objects.filter(state="pending")


def test_no_address_on_a_masked_page_has_the_number_or_its_block(agent, rows):
    text = agent.get(story_of(rows[0])).content.decode()
    assert "?q=" not in text
    assert "+1201555" not in text
    assert "More about this number" not in text


def test_a_full_block_of_numbers_does_not_tell_the_masked_digits(enable_limits, agent, lanck, phone):
    enable_limits(LIMITS={"prefix": ["1/day"]}, WATCH=["ladder"])
    verification = start_verification(number=phone)
    text = agent.get(story_of(verification)).content.decode()
    assert "codes to its block of numbers" in text
    assert "201555" not in text


def test_the_hidden_digits_cannot_be_guessed_by_the_search(agent, rows, phone):
    """Neither is the number of a story found, nor is it told whether there is one."""
    answers = [find(agent, number) for number in (phone, "+12015550187")]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].content == answers[1].content
    assert agent.get(reverse("admin:lanck_find_number")).status_code == 403
    for page in ("/admin/lanck/", "/admin/lanck/verification/", story_of(rows[0])):
        assert "lanck-find-number" not in agent.get(page).content.decode()
    agent.user.user_permissions.add(*permissions("view_number"))
    assert find(agent, phone).status_code == 302


@pytest.mark.parametrize("missing", ["view_verification", "view_message"])
def test_a_story_is_for_those_who_see_verifications_and_messages(agent, rows, phone, missing):
    agent.user.user_permissions.set(permissions(*VIEWS, "view_number", *ACTS.values()))
    agent.user.user_permissions.remove(*permissions(missing))
    for row in rows:
        for place in ("story", "story_ask", "story_resend", "story_lift", "story_forget"):
            assert agent.post(story_of(row, place)).status_code == 403, (row, place)
        assert agent.get(story_of(row)).status_code == 403
    assert find(agent, phone).status_code == 403
    page = agent.get(reverse("admin:lanck_optout_change", args=[rows[4].pk])).content.decode()
    assert "The story of this number" not in page


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("inboundmessage", ["The number texted"]),
        ("numberinsight", ["LANCK answered the"]),
        ("optout", ["list of opt-outs", "No marketing since"]),
        ("verifiednumber", ["The number became that of", "Owner"]),
    ],
)
def test_a_story_has_no_rows_that_its_reader_may_not_see(agent, rows, model, words):
    agent.user.user_permissions.set(permissions(*VIEWS))
    text = agent.get(story_of(rows[0])).content.decode()
    agent.user.user_permissions.remove(*permissions(f"view_{model}"))
    hidden = agent.get(story_of(rows[0])).content.decode()
    for each in words:
        assert each in text
        assert each not in hidden
    of_model = next(row for row in rows if row._meta.model_name == model)
    assert agent.get(story_of(of_model)).status_code == 403


def test_the_search_leads_to_no_row_that_its_reader_may_not_see(agent, lanck, phone):
    OptOut.objects.create(number=phone, opted_out_at=timezone.now())
    agent.user.user_permissions.set(permissions("view_verification", "view_message", "view_number"))
    answer = find(agent, phone)
    assert answer.status_code == 200
    assert "list of opt-outs" not in answer.content.decode()


def test_the_limits_of_the_owner_count_also_for_those_who_are_not_told_who_it_is(rows, phone):
    Verification.objects.update(user=None)
    owner = VerifiedNumber.objects.get().user_id
    assert read_story(phone, lambda model: model is not VerifiedNumber).people["user_ids"] == {owner}


def test_the_sessions_of_the_newest_verifications_are_the_persons(phone):
    """Those of people who were logged in are not: their users are."""
    user = get_user_model().objects.create_user("owner")
    for index in range(RELATED_VERIFICATIONS + 2):
        Verification.objects.create(
            number=phone,
            purpose="signup",
            method="sms",
            code_length=6,
            max_attempts=5,
            binding_hash=f"session {index}" if index != 3 else "",
            user=user if index == 4 else None,
            created_at=timezone.now() + timedelta(seconds=index),
            expires_at=timezone.now(),
        )
    people = read_story(phone, lambda model: True).people
    sessions = {f"session {index}" for index in range(2, RELATED_VERIFICATIONS + 2) if index not in (3, 4)}
    assert people == {"user_ids": {user.pk}, "sessions": sessions}


@pytest.mark.parametrize(("act", "permission"), ACTS.items())
def test_each_act_has_its_permission(agent, rows, act, permission):
    page = story_of(rows[0])
    others = [each for each in ACTS.values() if each != permission]
    agent.user.user_permissions.set(permissions(*VIEWS, *others))
    shown = agent.get(page).content.decode()
    assert f"/story/{act}/" not in shown
    for call in (agent.get, agent.post):
        assert call(story_of(rows[0], f"story_{act}"), {"verification": unended()[0].pk}).status_code == 403
    agent.user.user_permissions.set(permissions(*VIEWS, permission))
    assert f"/story/{act}/" in agent.get(page).content.decode()


def test_an_act_is_no_get_and_needs_the_token_of_the_form(admin_client, admin_user, rows, lanck):
    sent = len(lanck.sent)
    for place in ("story_ask", "story_lift"):
        assert admin_client.get(story_of(rows[0], place)).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin_user)
    for place in ("story_ask", "story_resend", "story_lift", "story_forget"):
        given = {"verification": unended()[0].pk, "method": "voice"}
        assert strict.post(story_of(rows[0], place), given).status_code == 403
    assert strict.post(reverse("admin:lanck_find_number"), {"number": rows[0].number}).status_code == 403
    admin_client.get(story_of(rows[0], "story_forget"))
    admin_client.get(story_of(rows[0], "story_resend"), {"verification": unended()[0].pk, "method": "voice"})
    assert len(lanck.sent) == sent
    assert Verification.objects.filter(number="").count() == 0
    assert LogEntry.objects.count() == 1


def test_nobody_else_gets_in(rows, phone, client):
    stranger = get_user_model().objects.create_user("stranger")
    for user in (None, stranger):
        if user:
            client.force_login(user)
        for place in ("story", "story_ask", "story_resend", "story_lift", "story_forget"):
            answer = client.post(story_of(rows[0], place))
            assert answer.status_code == 302
            assert "/login/" in answer.url
        assert "/login/" in find(client, phone).url


def more_of_everything(phone):
    for index in range(60):
        verification = Verification.objects.create(
            number=phone, purpose="signup", method="sms", code_length=6, max_attempts=5, expires_at=timezone.now()
        )
        message = Message.objects.create(verification=verification, channel="sms", number=phone)
        Receipt.objects.create(message=message, digest=str(index), status="SENT")
        InboundMessage.objects.create(message_id=f"m{index}", sender=phone, recipient=RENTED, text="Hi")
        NumberInsight.objects.create(number=phone, kind="hlr", status="DELIVERED")


def test_a_story_takes_as_many_statements_whatever_there_is(agent, rows, phone):
    agent.user.user_permissions.set(permissions(*VIEWS, "view_number", *ACTS.values()))
    costs = []
    for fill in (lambda number: None, more_of_everything):
        fill(phone)
        with CaptureQueriesContext(connection) as captured:
            assert agent.get(story_of(rows[0])).status_code == 200
        costs.append(len(statements(captured)))
    assert costs == [MOST_STATEMENTS, MOST_STATEMENTS]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="other databases plan by size; these tables are small")
def test_no_statement_of_a_story_or_of_its_search_reads_a_whole_table(agent, rows, phone):
    agent.user.user_permissions.set(permissions(*VIEWS, "view_number", *ACTS.values()))
    with CaptureQueriesContext(connection) as captured:
        assert agent.get(find(agent, phone).url).status_code == 200
        assert find(agent, "+12015550187").status_code == 200
        agent.post(story_of(rows[0], "story_lift"))
    assert planned(captured) > 30
