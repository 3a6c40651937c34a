"""Opt-outs in the admin: adding, lifting and restoring them writes log entries."""

import pytest
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.utils import timezone

from django_lanck.models import InboundMessage, OptOut

from .conftest import admin_url, page_text, permissions, run_action

pytestmark = pytest.mark.django_db
ADD = "/admin/lanck/optout/add/"


@pytest.fixture
def row(phone):
    inbound = InboundMessage.objects.create(message_id="1", sender=phone, recipient="+12015550100", text="STOP")
    return OptOut.objects.create(number=phone, inbound=inbound, opted_out_at=timezone.now())


@pytest.fixture
def editor(agent):
    """Return the client of a staff user who may change opt-outs but not see whole numbers."""
    agent.user.user_permissions.add(*permissions("add_optout", "change_optout"))
    return agent


def log_entries():
    return [
        (entry.user.username, entry.action_flag, entry.object_repr, entry.get_change_message())
        for entry in LogEntry.objects.order_by("pk")
    ]


def test_lifting_and_restoring_change_the_opt_out_and_write_log_entries(editor, row):
    assert "1 opt-out was lifted." in run_action(editor, "optout", "lift", row)
    row.refresh_from_db()
    assert row.lifted_at is not None
    assert "1 number was put back on the list." in run_action(editor, "optout", "put_back", row)
    row.refresh_from_db()
    assert row.lifted_at is None
    assert log_entries() == [
        ("agent", CHANGE, "+1201•••0123", "Lifted the opt-out."),
        ("agent", CHANGE, "+1201•••0123", "Put the number back on the list."),
    ]
    page = page_text(editor, admin_url("optout", row.pk))
    assert "Noted by agent: Lifted the opt-out." in page
    assert "Noted by agent: Put the number back on the list." in page


def test_action_without_change_writes_no_log_entry(editor, row):
    assert "0 numbers were put back on the list." in run_action(editor, "optout", "put_back", row)
    assert "1 opt-out was lifted." in run_action(editor, "optout", "lift", row)
    assert "0 opt-outs were lifted." in run_action(editor, "optout", "lift", row)
    assert len(log_entries()) == 1


@pytest.mark.parametrize("action", ["lift", "put_back"])
def test_user_without_permission_cannot_change_opt_outs(agent, row, action):
    listing = page_text(agent, admin_url("optout"))
    assert f'value="{action}"' not in listing
    lifted = OptOut.objects.create(number="+12015550199", opted_out_at=timezone.now(), lifted_at=timezone.now())
    run_action(agent, "optout", action, row, lifted)
    assert [each.lifted_at is None for each in OptOut.objects.order_by("pk")] == [True, False]
    assert log_entries() == []
    assert agent.post(ADD, {"number": "+12015550188"}).status_code == 403


def test_select_across_lifts_only_the_selected_opt_outs(editor, row):
    OptOut.objects.bulk_create(
        OptOut(number=f"+1201555{index:04}", opted_out_at=timezone.now()) for index in range(1000, 1100)
    )
    page = run_action(editor, "optout", "lift", row, select_across="1")
    assert "1 opt-out was lifted." in page
    assert OptOut.objects.standing().count() == 100
    assert len(log_entries()) == 1


def test_adding_a_number_creates_opt_out_and_log_entry(editor):
    page = editor.post(ADD, {"number": "+1 (201) 555-0177"}, follow=True).content.decode()
    assert "was added successfully" in page
    assert "12015550177" not in page
    added = OptOut.objects.get()
    assert (added.number, added.lifted_at, added.inbound) == ("+12015550177", None, None)
    assert log_entries() == [("agent", ADDITION, "+1201•••0177", "Put the number on the list by hand.")]


def test_adding_a_lifted_number_makes_it_active(editor, row):
    OptOut.objects.all().lift()
    editor.post(ADD, {"number": row.number})
    assert OptOut.objects.get().lifted_at is None
    assert [flag for _user, flag, _row, _text in log_entries()] == [ADDITION]


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        ("+1 201 555 0123", "This number is on the list already."),
        ("hello", "Enter a valid phone number, with its country code."),
        ("+12", "Enter a valid phone number, with its country code."),
        ("", "This field is required."),
    ],
)
def test_invalid_or_listed_number_shows_error_on_the_form(editor, row, number, sentence):
    answer = editor.post(ADD, {"number": number})
    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    unchanged = OptOut.objects.get()
    assert (unchanged.opted_out_at, unchanged.inbound_id) == (row.opted_out_at, row.inbound_id)
    assert log_entries() == []


@pytest.mark.parametrize(("query", "count"), [("state=standing", 1), ("state=lifted", 2), ("state=odd", 3), ("", 3)])
def test_state_filter_selects_opt_outs(admin_client, row, query, count):
    for number in ("+12015550198", "+12015550199"):
        OptOut.objects.create(number=number, opted_out_at=timezone.now(), lifted_at=timezone.now())
    assert admin_client.get(f"{admin_url('optout')}?{query}").context["cl"].result_count == count


def test_opt_out_page_links_to_the_inbound_message(admin_client, row):
    page = page_text(admin_client, admin_url("optout", row.pk))
    assert f'<a href="{admin_url("inboundmessage", row.inbound_id)}">a text message</a>' in page
    assert "The number was put on the list of opt-outs." in page
