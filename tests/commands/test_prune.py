import signal
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from django_lanck.models import Message

pytestmark = pytest.mark.django_db


def make(count, days=400):
    at = timezone.now() - timedelta(days=days)
    Message.objects.bulk_create(
        (Message(channel="sms", number="+12015550123", created_at=at) for _ in range(count)), batch_size=500
    )


def test_says_what_it_erased(run):
    make(3)
    ran = run("lanck_prune")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "Deleted: 0 verifications, 3 messages, 0 receipts, 0 inbound, 0 insights, 0 counters, 0 refusals, 0 figures.\n"
    )
    assert run("lanck_prune", "--json").document == dict.fromkeys(
        ["verifications", "messages", "receipts", "inbound", "insights", "counters", "refusals", "figures"], 0
    )


def test_progress_is_for_a_terminal(run):
    make(600)
    assert "Deleting: 0 verifications, 500 messages" in run("lanck_prune", terminal=True).err


def test_nothing_is_erased_by_a_policy_that_does_not_fit(run, lanck_settings):
    make(1)
    with lanck_settings(RETENTION={"messages": 1}):
        assert "LANCK['RETENTION']['messages'] is too short" in run("lanck_prune").error
    assert Message.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_it_can_be_interrupted_and_run_again(manage):
    make(20_000)
    process = manage.start("lanck_prune")
    while Message.objects.count() > 19_000:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == b"Interrupted. The next run deletes the rest.\n"
    left = Message.objects.count()
    assert 0 < left < 20_000
    assert manage("lanck_prune", "--json").document["messages"] == left
    assert not Message.objects.exists()
