import io
import sys

import pytest

from django_lanck.models import Message
from django_lanck.services import opt_out, send_sms

from .conftest import Terminal

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(lanck, phone):
    return send_sms(number=phone, text="Hi")


@pytest.fixture
def typed(monkeypatch):
    def typed(text):
        monkeypatch.setattr(sys, "stdin", Terminal(text))

    return typed


def test_says_what_it_did_with_the_number_masked(run, sent, phone):
    opt_out(number=phone)
    ran = run("lanck_forget", "--yes", phone)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "Anonymized or deleted about +1201•••0123\n"
        "  verifications: 0\n  messages: 1\n  receipts: 0\n  inbound: 0\n  insights: 0\n  lifted opt outs: 0\n"
        "  verified numbers: 0\n  note: the number has an active opt-out, which stays stored\n"
    )
    assert Message.objects.get().number == ""


def test_json_has_counts_and_no_number(run, sent, phone):
    ran = run("lanck_forget", "--yes", "--erase", "--json", phone)
    assert ran.document == {
        "number": "+1201•••0123",
        "erase": True,
        "dry_run": False,
        "verifications": 0,
        "messages": 1,
        "receipts": 0,
        "inbound": 0,
        "insights": 0,
        "lifted_opt_outs": 0,
        "verified_numbers": 0,
        "opted_out": False,
    }
    assert not Message.objects.exists()


def test_a_dry_run_asks_nothing_and_changes_nothing(run, sent, phone):
    ran = run("lanck_forget", "--dry-run", phone)
    assert "Stored about +1201•••0123\n" in ran.out
    assert "messages: 1" in ran.out
    assert Message.objects.get().number == phone


def test_without_a_terminal_it_needs_yes(run, sent, phone, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    ran = run("lanck_forget", phone)
    assert (ran.code, ran.error) == (1, "Nothing was done: without a terminal, --yes is needed.")
    assert Message.objects.get().number == phone


@pytest.mark.parametrize(
    ("answer", "kept"), [("y\n", False), ("YES\n", False), ("n\n", True), ("\n", True), ("", True)]
)
def test_a_terminal_is_asked(run, sent, phone, typed, answer, kept):
    typed(answer)
    ran = run("lanck_forget", phone, terminal=True)
    assert "messages: 1" in ran.err
    assert "Forget this number? This cannot be undone. [y/N]" in ran.err
    assert ran.error == ("Nothing was done." if kept else None)
    assert Message.objects.filter(number=phone).exists() is kept


def test_what_is_no_number_is_said(run, db):
    assert run("lanck_forget", "--yes", " ").error.startswith("NUMBER: Enter a valid phone number")


def test_wrong_settings_are_no_reason_to_remember(run, sent, phone, settings):
    settings.LANCK = {}
    assert run("lanck_forget", "--yes", phone).error is None
    assert Message.objects.get().number == ""
