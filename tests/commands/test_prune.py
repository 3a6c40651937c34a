import signal
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from django_lanck.models import Message
from django_lanck.services.maintenance import retention

pytestmark = pytest.mark.django_db


def create_messages(count, days=400):
    at = timezone.now() - timedelta(days=days)
    Message.objects.bulk_create(
        (Message(channel="sms", number="+12015550123", created_at=at) for _ in range(count)), batch_size=500
    )


@pytest.fixture
def interrupt():
    """Send this process the signal that Ctrl+C sends, with Python's own handler."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda: signal.raise_signal(signal.SIGINT)
    signal.signal(signal.SIGINT, previous)


def test_number_of_deleted_rows_is_printed(run):
    create_messages(3)
    ran = run("lanck_prune")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "Deleted: 0 verifications, 3 messages, 0 receipts, 0 inbound, 0 insights, 0 counters, 0 refusals, 0 figures.\n"
    )
    assert run("lanck_prune", "--json").document == dict.fromkeys(
        ["verifications", "messages", "receipts", "inbound", "insights", "counters", "refusals", "figures"], 0
    )


def test_progress_is_shown_on_a_terminal(run):
    create_messages(600)
    assert "Deleting: 0 verifications, 500 messages" in run("lanck_prune", terminal=True).err


def test_invalid_retention_deletes_nothing(run, lanck_settings):
    create_messages(1)
    with lanck_settings(RETENTION={"messages": 1}):
        assert "LANCK['RETENTION']['messages'] is too short" in run("lanck_prune").error
    assert Message.objects.count() == 1


def test_interrupt_after_a_batch_keeps_its_deletions(run, interrupt, monkeypatch):
    create_messages(1200)
    with monkeypatch.context() as patched:
        patched.setattr(retention.time, "sleep", lambda seconds: interrupt())
        ran = run("lanck_prune")
    assert (ran.code, ran.err) == (130, "Interrupted. The next run deletes the rest.\n")
    assert Message.objects.count() == 700
    assert run("lanck_prune", "--json").document["messages"] == 700


def test_interrupt_within_a_batch_rolls_it_back(run, interrupt):
    create_messages(600)
    deletions = []

    def interrupt_second_deletion(execute, sql, params, many, context):
        answer = execute(sql, params, many, context)
        if sql.startswith("DELETE") and "lanck_message" in sql:
            deletions.append(sql)
            if len(deletions) == 2:
                interrupt()
        return answer

    with connection.execute_wrapper(interrupt_second_deletion):
        assert run("lanck_prune").code == 130
    assert Message.objects.count() == 100
    assert run("lanck_prune", "--json").document["messages"] == 100
