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
def type_answer(monkeypatch):
    def answer(text):
        monkeypatch.setattr(sys, "stdin", Terminal(text))

    return answer


def test_numbers_of_changed_rows_are_printed_with_the_number_masked(run, sent, phone):
    opt_out(number=phone)
    ran = run("lanck_forget", "--yes", phone)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "Anonymized or deleted about +1201•••0123\n"
        "  verifications: 0\n  messages: 1\n  receipts: 0\n  inbound: 0\n  insights: 0\n  lifted opt outs: 0\n"
        "  verified numbers: 0\n  note: the number has an active opt-out, which stays stored\n"
    )
    assert Message.objects.get().number == ""


def test_json_has_counts_and_the_masked_number(run, sent, phone):
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


def test_dry_run_asks_nothing_and_changes_nothing(run, sent, phone):
    ran = run("lanck_forget", "--dry-run", phone)
    assert "Stored about +1201•••0123\n" in ran.out
    assert "messages: 1" in ran.out
    assert Message.objects.get().number == phone


def test_yes_is_required_without_a_terminal(run, sent, phone, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    ran = run("lanck_forget", phone)
    assert (ran.code, ran.error) == (1, "Nothing was done: without a terminal, --yes is needed.")
    assert Message.objects.get().number == phone


@pytest.mark.parametrize(
    ("answer", "stays"), [("y\n", False), ("YES\n", False), ("n\n", True), ("\n", True), ("", True)]
)
def test_confirmation_is_asked_for_on_a_terminal(run, sent, phone, type_answer, answer, stays):
    type_answer(answer)
    ran = run("lanck_forget", phone, terminal=True)
    assert "messages: 1" in ran.err
    assert "Forget this number? This cannot be undone. [y/N]" in ran.err
    assert ran.error == ("Nothing was done." if stays else None)
    assert Message.objects.filter(number=phone).exists() is stays


def test_invalid_number_is_reported(run, db):
    assert run("lanck_forget", "--yes", " ").error.startswith("NUMBER: Enter a valid phone number")


def test_number_is_forgotten_with_invalid_settings(run, sent, phone, settings):
    settings.LANCK = {}
    assert run("lanck_forget", "--yes", phone).error is None
    assert Message.objects.get().number == ""
