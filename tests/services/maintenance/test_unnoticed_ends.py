"""Reconciliation: messages of killed workers, unknown messages and overdue verifications."""

from datetime import timedelta

import pytest
from django.test import override_settings

from django_lanck import signals
from django_lanck.exceptions import APIError
from django_lanck.models import DatabaseNow, Message, Verification
from django_lanck.services import reconcile, start_verification
from django_lanck.services.maintenance import reconcile as reconciliation
from tests.services.maintenance.messages import FAST, age

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fast")]


def test_message_of_a_killed_worker_becomes_unknown_with_one_signal(lanck, send_text, record_signal):
    changed = record_signal(signals.message_status_changed)
    dead, alive = send_text(seconds=3601), send_text(seconds=3500)
    Message.objects.update(status="sending", status_rank=0, request_id=None)
    assert reconcile().lost == 1
    dead.refresh_from_db()
    alive.refresh_from_db()
    assert (dead.status, alive.status) == ("unknown", "sending")
    assert dead.error_reason
    assert [(arguments["message"], arguments["old_status"], arguments["new_status"]) for arguments in changed] == [
        (dead, "sending", "unknown")
    ]
    assert reconcile().lost == 0


def test_messages_of_killed_workers_beyond_one_batch_become_unknown(lanck, send_text, monkeypatch):
    monkeypatch.setattr(reconciliation, "BATCH", 2)
    for _ in range(5):
        send_text(seconds=3601)
    Message.objects.update(status="sending", status_rank=0, request_id=None)
    assert reconcile(limit=0).lost == 5


def test_message_accepted_meanwhile_does_not_become_unknown(lanck, send_text):
    message = send_text(seconds=3601)
    row = Message.objects.filter(pk=message.pk)
    assert not row.mark_unknown("too late")
    message.refresh_from_db()
    assert (message.status, message.error_reason) == ("accepted", "")


@pytest.mark.parametrize("status", ["sending", "SENDING"])
def test_status_of_lanck_is_not_confused_with_one_of_the_app(lanck, send_text, status):
    send_text(seconds=3601)
    lanck.report(lanck.sent[-1], status)
    lanck.sent[-1].status = ""
    assert reconcile().lost == 0
    assert Message.objects.get().status == status


def test_unknown_message_without_request_id_is_closed_after_a_day(lanck, send_text):
    lanck.lose_answer()
    lost = send_text(seconds=86_390)
    assert (reconcile().closed, lanck.requests) == (0, [])
    age(lost, 11)
    assert (reconcile().closed, lanck.requests) == (1, [])
    assert reconcile().closed == 0
    lost.refresh_from_db()
    assert (lost.status, lost.request_id) == ("unknown", None)
    assert lost.status_at is not None


def test_messages_beyond_one_batch_are_closed(lanck, send_text, monkeypatch):
    monkeypatch.setattr(reconciliation, "BATCH", 2)
    for _ in range(5):
        lanck.lose_answer()
        send_text(seconds=86_401)
    assert reconcile().closed == 5


def test_receipt_updates_a_closed_message(lanck, send_text):
    lanck.lose_answer()
    lost = send_text(seconds=86_401)
    reconcile()
    lanck.report(lanck.sent[-1], "SENT", timestamp=1_700_000_000)
    lost.refresh_from_db()
    assert (lost.status, lost.request_id) == ("SENT", lanck.sent[-1].request_id)
    assert lost.status_at.timestamp() == 1_700_000_000


def test_refused_messages_and_those_with_a_request_id_are_not_closed(lanck, send_text):
    lanck.refuse(10)
    with pytest.raises(APIError):
        send_text()
    lanck.lose_answer()
    known = send_text()
    Message.objects.filter(pk=known.pk).update(request_id="known")
    Message.objects.update(created_at=DatabaseNow() - timedelta(days=1, seconds=1))
    assert reconcile().closed == 0
    assert sorted(Message.objects.values_list("status", "status_at")) == [("refused", None), ("unknown", None)]


@pytest.mark.parametrize("days", [0.5, 1, 3])
def test_messages_of_yesterday_are_closed_with_any_reconcile_days(lanck, send_text, days):
    lanck.lose_answer()
    send_text(seconds=86_401)
    dead = send_text(seconds=86_401)
    Message.objects.filter(pk=dead.pk).update(status="sending", status_rank=0, request_id=None)
    with override_settings(LANCK={**lanck.settings, **FAST, "RECONCILE_DAYS": days}):
        done = reconcile()
    assert (done.closed, done.lost) == (2, 1)


def test_overdue_verification_becomes_expired_with_one_signal(lanck, phone, record_signal, backdate):
    failed = record_signal(signals.verification_failed)
    over = start_verification(number=phone)
    backdate(over, 601)
    start_verification(number=phone)
    assert reconcile().expired == 1
    assert reconcile().expired == 0
    assert [(arguments["verification"], arguments["reason"]) for arguments in failed] == [(over, "expired")]
    assert sorted(Verification.objects.values_list("state", flat=True)) == ["expired", "pending"]


def test_overdue_verifications_beyond_one_batch_become_expired(lanck, phone, backdate, monkeypatch):
    monkeypatch.setattr(reconciliation, "BATCH", 2)
    for _ in range(5):
        backdate(start_verification(number=phone), 601)
    assert reconcile(limit=0).expired == 5
