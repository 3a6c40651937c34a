"""The one list that staff keep, and the notes of who did what."""

import pytest
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.utils import timezone

from django_lanck.models import InboundMessage, OptOut

from .conftest import act, address, permissions

pytestmark = pytest.mark.django_db
ADD = "/admin/lanck/optout/add/"


@pytest.fixture
def row(phone):
    inbound = InboundMessage.objects.create(message_id="1", sender=phone, recipient="+12015550100", text="STOP")
    return OptOut.objects.create(number=phone, inbound=inbound, opted_out_at=timezone.now())


@pytest.fixture
def keeper(agent):
    """Staff who may keep the list, but not see whole numbers."""
    agent.user.user_permissions.add(*permissions("add_optout", "change_optout"))
    return agent


def notes():
    return [
        (entry.user.username, entry.action_flag, entry.object_repr, entry.get_change_message())
        for entry in LogEntry.objects.order_by("pk")
    ]


def test_an_opt_out_is_lifted_and_put_back_and_each_is_noted(keeper, row):
    assert "1 opt-out was lifted." in act(keeper, "optout", "lift", row)
    row.refresh_from_db()
    assert row.lifted_at is not None
    assert "1 number was put back on the list." in act(keeper, "optout", "put_back", row)
    row.refresh_from_db()
    assert row.lifted_at is None
    assert notes() == [
        ("agent", CHANGE, "+1201•••0123", "Lifted the opt-out."),
        ("agent", CHANGE, "+1201•••0123", "Put the number back on the list."),
    ]
    page = keeper.get(address("optout", row.pk)).content.decode()
    assert "Noted by agent: Lifted the opt-out." in page
    assert "Noted by agent: Put the number back on the list." in page


def test_what_changes_nothing_is_not_noted(keeper, row):
    assert "0 numbers were put back on the list." in act(keeper, "optout", "put_back", row)
    assert "1 opt-out was lifted." in act(keeper, "optout", "lift", row)
    assert "0 opt-outs were lifted." in act(keeper, "optout", "lift", row)
    assert len(notes()) == 1


@pytest.mark.parametrize("action", ["lift", "put_back"])
def test_who_may_only_look_changes_nothing(agent, row, action):
    listing = agent.get(address("optout")).content.decode()
    assert f'value="{action}"' not in listing
    lifted = OptOut.objects.create(number="+12015550199", opted_out_at=timezone.now(), lifted_at=timezone.now())
    act(agent, "optout", action, row, lifted)
    assert [each.lifted_at is None for each in OptOut.objects.order_by("pk")] == [True, False]
    assert notes() == []
    assert agent.post(ADD, {"number": "+12015550188"}).status_code == 403


def test_the_whole_list_is_not_lifted_by_a_slip(keeper, row):
    OptOut.objects.bulk_create(
        OptOut(number=f"+1201555{index:04}", opted_out_at=timezone.now()) for index in range(1000, 1100)
    )
    page = act(keeper, "optout", "lift", row, select_across="1")
    assert "1 opt-out was lifted." in page
    assert OptOut.objects.standing().count() == 100
    assert len(notes()) == 1


def test_a_number_is_added_by_hand_and_noted(keeper):
    page = keeper.post(ADD, {"number": "+1 (201) 555-0177"}, follow=True).content.decode()
    assert "was added successfully" in page
    assert "12015550177" not in page
    added = OptOut.objects.get()
    assert (added.number, added.lifted_at, added.inbound) == ("+12015550177", None, None)
    assert notes() == [("agent", ADDITION, "+1201•••0177", "Put the number on the list by hand.")]


def test_one_that_was_lifted_is_put_back_by_hand(keeper, row):
    OptOut.objects.all().lift()
    keeper.post(ADD, {"number": row.number})
    assert OptOut.objects.get().lifted_at is None
    assert [flag for _user, flag, _row, _text in notes()] == [ADDITION]


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        ("+1 201 555 0123", "This number is on the list already."),
        ("hello", "Enter a valid phone number, with its country code."),
        ("+12", "Enter a valid phone number, with its country code."),
        ("", "This field is required."),
    ],
)
def test_what_cannot_be_added_is_said_on_the_form(keeper, row, number, sentence):
    answer = keeper.post(ADD, {"number": number})
    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    kept = OptOut.objects.get()
    assert (kept.opted_out_at, kept.inbound_id) == (row.opted_out_at, row.inbound_id)
    assert notes() == []


@pytest.mark.parametrize(("query", "count"), [("state=standing", 1), ("state=lifted", 2), ("state=odd", 3), ("", 3)])
def test_the_list_is_filtered_by_state(admin_client, row, query, count):
    for number in ("+12015550198", "+12015550199"):
        OptOut.objects.create(number=number, opted_out_at=timezone.now(), lifted_at=timezone.now())
    assert admin_client.get(f"{address('optout')}?{query}").context["cl"].result_count == count


def test_the_page_says_what_text_it_came_by(admin_client, row):
    page = admin_client.get(address("optout", row.pk)).content.decode()
    assert f'<a href="{address("inboundmessage", row.inbound_id)}">a text</a>' in page
    assert "The number was put on the list." in page
