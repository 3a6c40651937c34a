"""The story of a number: permissions, masking and statements."""

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
from tests.test_indexes import count_indexed

from .conftest import MODELS, page_text, permissions, search_number, story_url
from .test_numbers import RENTED

pytestmark = pytest.mark.django_db
VIEWS = [f"view_{model}" for model in MODELS]
ACTIONS = {"resend": "send_message", "lift": "lift_limit", "forget": "forget_number"}
# The session, the user, the permissions (two), the row, and nine for the story.
MOST_STATEMENTS = 14


@pytest.fixture
def rows(enable_limits, lanck, verified, phone):
    """Create one row of each model with the number in its texts, and a pending verification; return the rows."""
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
    return [verified, verified.messages.get(), inbound, insight, opt_out, claim]


def test_story_is_masked_without_permission_to_see_numbers(agent, admin_client, rows, phone):
    agent.user.user_permissions.add(*permissions(*ACTIONS.values()))
    for row in rows:
        pages = [story_url(row), story_url(row, "story_forget")]
        pages += [
            f"{story_url(row, 'story_resend')}?verification={each.pk}&method=voice" for each in pending_verifications()
        ]
        for page in pages:
            text = page_text(agent, page)
            assert "2015550123" not in text, page
            assert "(201) 555-0123" not in text, page
            assert "310260123456789" not in text, page
            assert RENTED.removeprefix("+") not in text, page
            assert "+1201•••0123" in text, page
            assert phone in page_text(admin_client, page), page


def pending_verifications():
    return Verification.objects.filter(state="pending")


def test_links_of_a_masked_story_contain_no_number_or_prefix(agent, rows):
    text = page_text(agent, story_url(rows[0]))
    assert "?q=" not in text
    assert "+1201555" not in text
    assert "More about this number" not in text


def test_exceeded_prefix_limit_does_not_show_the_prefix(enable_limits, agent, lanck, phone):
    enable_limits(LIMITS={"prefix": ["1/day"]}, WATCH=["ladder"])
    verification = start_verification(number=phone)
    text = page_text(agent, story_url(verification))
    assert "codes to its block of numbers" in text
    assert "201555" not in text


def test_story_search_needs_permission_to_see_numbers(agent, rows, phone):
    """The answer does not depend on whether the number has a story."""
    answers = [search_number(agent, number) for number in (phone, "+12015550187")]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].content == answers[1].content
    assert agent.get(reverse("admin:lanck_find_number")).status_code == 403
    for page in ("/admin/lanck/", "/admin/lanck/verification/", story_url(rows[0])):
        assert "lanck-find-number" not in page_text(agent, page)
    agent.user.user_permissions.add(*permissions("view_number"))
    assert search_number(agent, phone).status_code == 302


@pytest.mark.parametrize("missing", ["view_verification", "view_message"])
def test_story_needs_permission_to_view_verifications_and_messages(agent, rows, phone, missing):
    agent.user.user_permissions.set(permissions(*VIEWS, "view_number", *ACTIONS.values()))
    agent.user.user_permissions.remove(*permissions(missing))
    for row in rows:
        for place in ("story", "story_ask", "story_resend", "story_lift", "story_forget"):
            assert agent.post(story_url(row, place)).status_code == 403, (row, place)
        assert agent.get(story_url(row)).status_code == 403
    assert search_number(agent, phone).status_code == 403
    page = page_text(agent, reverse("admin:lanck_optout_change", args=[rows[4].pk]))
    assert "The story of this number" not in page


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("inboundmessage", ["The number texted"]),
        ("numberinsight", ["LANCK answered the"]),
        ("optout", ["list of opt-outs", "No marketing since"]),
        ("verifiednumber", ["The number now belongs to", "Owner"]),
    ],
)
def test_story_leaves_out_models_that_the_user_may_not_view(agent, rows, model, words):
    agent.user.user_permissions.set(permissions(*VIEWS))
    text = page_text(agent, story_url(rows[0]))
    agent.user.user_permissions.remove(*permissions(f"view_{model}"))
    hidden = page_text(agent, story_url(rows[0]))
    for each in words:
        assert each in text
        assert each not in hidden
    of_model = next(row for row in rows if row._meta.model_name == model)
    assert agent.get(story_url(of_model)).status_code == 403


def test_search_ignores_models_that_the_user_may_not_view(agent, lanck, phone):
    OptOut.objects.create(number=phone, opted_out_at=timezone.now())
    agent.user.user_permissions.set(permissions("view_verification", "view_message", "view_number"))
    answer = search_number(agent, phone)
    assert answer.status_code == 200
    assert "list of opt-outs" not in answer.content.decode()


def test_limits_of_the_owner_are_read_without_permission_to_view_claims(rows, phone):
    Verification.objects.update(user=None)
    owner = VerifiedNumber.objects.get().user_id
    assert read_story(phone, lambda model: model is not VerifiedNumber).people["user_ids"] == {owner}


def test_people_of_a_story_are_users_and_sessions_of_the_newest_verifications(phone):
    """A logged-in person counts as a user, not by the session."""
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


@pytest.mark.parametrize(("action", "permission"), ACTIONS.items())
def test_each_action_needs_its_permission(agent, rows, action, permission):
    page, url = story_url(rows[0]), story_url(rows[0], f"story_{action}")
    others = [each for each in ACTIONS.values() if each != permission]
    agent.user.user_permissions.set(permissions(*VIEWS, *others))
    assert f"/story/{action}/" not in page_text(agent, page)
    for call in (agent.get, agent.post):
        assert call(url, {"verification": pending_verifications()[0].pk}).status_code == 403
    agent.user.user_permissions.set(permissions(*VIEWS, permission))
    assert f"/story/{action}/" in page_text(agent, page)


def test_actions_need_post_and_csrf_token(admin_client, admin_user, rows, lanck):
    sent = len(lanck.sent)
    for place in ("story_ask", "story_lift"):
        assert admin_client.get(story_url(rows[0], place)).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin_user)
    for place in ("story_ask", "story_resend", "story_lift", "story_forget"):
        given = {"verification": pending_verifications()[0].pk, "method": "voice"}
        assert strict.post(story_url(rows[0], place), given).status_code == 403
    assert strict.post(reverse("admin:lanck_find_number"), {"number": rows[0].number}).status_code == 403
    admin_client.get(story_url(rows[0], "story_forget"))
    admin_client.get(
        story_url(rows[0], "story_resend"), {"verification": pending_verifications()[0].pk, "method": "voice"}
    )
    assert len(lanck.sent) == sent
    assert Verification.objects.filter(number="").count() == 0
    assert LogEntry.objects.count() == 1


def test_anonymous_and_other_users_are_redirected_to_login(rows, phone, client):
    stranger = get_user_model().objects.create_user("stranger")
    for user in (None, stranger):
        if user:
            client.force_login(user)
        for place in ("story", "story_ask", "story_resend", "story_lift", "story_forget"):
            answer = client.post(story_url(rows[0], place))
            assert answer.status_code == 302
            assert "/login/" in answer.url
        assert "/login/" in search_number(client, phone).url


def create_rows(phone):
    for index in range(60):
        verification = Verification.objects.create(
            number=phone, purpose="signup", method="sms", code_length=6, max_attempts=5, expires_at=timezone.now()
        )
        message = Message.objects.create(verification=verification, channel="sms", number=phone)
        Receipt.objects.create(message=message, digest=str(index), status="SENT")
        InboundMessage.objects.create(message_id=f"m{index}", sender=phone, recipient=RENTED, text="Hi")
        NumberInsight.objects.create(number=phone, kind="hlr", status="DELIVERED")


def test_story_takes_14_statements_for_any_number_of_rows(agent, rows, phone):
    agent.user.user_permissions.set(permissions(*VIEWS, "view_number", *ACTIONS.values()))
    costs = []
    for fill in (lambda number: None, create_rows):
        fill(phone)
        with CaptureQueriesContext(connection) as captured:
            assert agent.get(story_url(rows[0])).status_code == 200
        costs.append(len(statements(captured)))
    assert costs == [MOST_STATEMENTS, MOST_STATEMENTS]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="other databases plan by size; these tables are small")
def test_statements_of_story_and_search_use_indexes(agent, rows, phone):
    agent.user.user_permissions.set(permissions(*VIEWS, "view_number", *ACTIONS.values()))
    with CaptureQueriesContext(connection) as captured:
        assert agent.get(search_number(agent, phone).url).status_code == 200
        assert search_number(agent, "+12015550187").status_code == 200
        agent.post(story_url(rows[0], "story_lift"))
    assert count_indexed(captured) > 30
