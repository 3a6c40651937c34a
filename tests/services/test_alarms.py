"""Alarms about the LANCK account, once an hour for each kind of error."""

import contextlib
import logging
from datetime import timedelta

import pytest
from django.db import OperationalError, transaction
from django.db.models import F
from django.test import override_settings

from django_lanck import exceptions, signals
from django_lanck.exceptions import APIError, Refusal
from django_lanck.models import LimitCounter, LimitCounterQuerySet, Message
from django_lanck.services import (
    check_account,
    check_fraud,
    check_verification,
    look_up,
    reconcile,
    refresh_message,
    report_goal,
    resend_verification,
    send_sms,
    start_verification,
)
from tests.parallel import call_concurrently

pytestmark = pytest.mark.django_db
KINDS = [
    (1, 401, "AuthenticationFailed"),
    (2, 400, "InactiveAccount"),
    (5, 401, "InactiveToken"),
    (6, 403, "InsufficientFunds"),
    (7, 403, "Forbidden"),
    (8, 400, "AccountMisconfigured"),
]


@pytest.fixture
def alarms(record_signal):
    return record_signal(signals.provider_alarm)


def call_refused(lanck, call, code=6, status=403):
    lanck.refuse(code, http_status=status)
    with pytest.raises((APIError, Refusal)):
        call()


def error_lines(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize(("code", "status", "kind"), KINDS)
def test_refused_account_raises_one_alarm(lanck, phone, alarms, caplog, code, status, kind):
    for _ in range(3):
        call_refused(lanck, lambda: start_verification(number=phone), code, status)
    assert alarms == [{"kind": kind, "error_code": code}]
    (line,) = error_lines(caplog)
    assert f"LANCK refuses this site's account: LANCK answered HTTP {status}, error {code}" in line
    assert phone not in caplog.text
    assert "test:test" not in caplog.text


def test_receiver_can_connect_to_one_kind_of_alarm(lanck, phone):
    received = []

    def receiver(sender, kind, error_code, **kwargs):
        received.append((sender, kind, error_code))

    signals.provider_alarm.connect(receiver, sender=exceptions.InsufficientFunds)
    call_refused(lanck, lambda: start_verification(number=phone), 1, 401)
    call_refused(lanck, lambda: start_verification(number=phone), 6, 403)
    signals.provider_alarm.disconnect(receiver, sender=exceptions.InsufficientFunds)
    assert received == [(exceptions.InsufficientFunds, "InsufficientFunds", 6)]


def test_each_kind_raises_one_alarm_an_hour(lanck, phone, alarms):
    def all_kinds():
        for code, status, _ in KINDS:
            call_refused(lanck, lambda: start_verification(number=phone), code, status)
        return len(alarms)

    assert [all_kinds(), all_kinds()] == [6, 6]
    LimitCounter.objects.update(ends_at=F("ends_at") - timedelta(seconds=3590))
    assert all_kinds() == 6
    LimitCounter.objects.update(ends_at=F("ends_at") - timedelta(seconds=11))
    assert all_kinds() == 12


@pytest.mark.parametrize(("code", "status"), [(4, 429), (10, 400), (11, 400), (16, 400), (9, 400), (99, 400)])
def test_other_error_raises_no_alarm(lanck, phone, alarms, code, status):
    lanck.refuse(code, http_status=status)
    with contextlib.suppress(Refusal):
        start_verification(number=phone)
    assert alarms == []
    assert not LimitCounter.objects.filter(rule="provider_alarm").exists()


def calls_for(phone):
    """Return each call to LANCK for a number that has a verification and a message."""
    verification = start_verification(number=phone)
    message = send_sms(number=phone, text="Hi")
    Message.objects.update(created_at=F("created_at") - timedelta(seconds=400))
    verification.__class__.objects.update(resend_at=F("created_at"))
    return {
        "start": lambda: start_verification(number="+12015550199"),
        "resend": lambda: resend_verification(verification_id=verification.pk),
        "check": lambda: check_verification(verification_id=verification.pk, code="123456").raise_for_refusal(),
        "send": lambda: send_sms(number=phone, text="Hi"),
        "look up": lambda: look_up(number=phone),
        "fraud check": lambda: check_fraud(number=phone),
        "refresh": lambda: refresh_message(message=message),
        "goal": lambda: report_goal(message=message, goal="BOUGHT"),
    }


@pytest.mark.parametrize("call", ["start", "resend", "check", "send", "look up", "fraud check", "refresh", "goal"])
def test_each_call_to_lanck_can_raise_an_alarm(lanck, phone, alarms, call):
    call_refused(lanck, calls_for(phone)[call])
    assert [received["kind"] for received in alarms] == ["InsufficientFunds"]


def test_reconciliation_can_raise_an_alarm(lanck, phone, alarms):
    calls_for(phone)
    lanck.refuse(6, http_status=403)
    assert reconcile().failed == 1
    assert len(alarms) == 1


@pytest.mark.django_db(transaction=True)
def test_send_after_the_commit_can_raise_an_alarm(lanck, phone, alarms):
    lanck.refuse(6, http_status=403)
    with transaction.atomic():
        message = send_sms(number=phone, text="Hi")
    message.refresh_from_db()
    assert message.status == "refused"
    assert len(alarms) == 1


def test_check_account_raises_no_alarm(lanck, alarms):
    call_refused(lanck, check_account)
    assert alarms == []


def test_alarm_is_raised_if_the_database_fails(lanck, phone, alarms, monkeypatch, caplog):
    def fail(*_):
        raise OperationalError("away")

    monkeypatch.setattr(LimitCounterQuerySet, "once", fail)
    lanck.refuse(6, http_status=403)
    with pytest.raises(Refusal) as caught:
        start_verification(number=phone)
    assert (caught.value.code, caught.value.retry_after) == ("unavailable", 60)
    assert len(alarms) == len(error_lines(caplog)) == 1


def test_receiver_that_raises_does_not_fail_the_start(lanck, phone):
    def receiver(**kwargs):
        raise ZeroDivisionError

    signals.provider_alarm.connect(receiver)
    call_refused(lanck, lambda: start_verification(number=phone))
    signals.provider_alarm.disconnect(receiver)


@pytest.mark.django_db(transaction=True)
def test_25_concurrent_refusals_raise_one_alarm(lanck, alarms):
    for _ in range(25):
        lanck.refuse(6, http_status=403)
    with override_settings(LANCK=lanck.settings):
        call_concurrently(lambda number: send_sms(number=f"+120155501{number:02}", text="Hi"), 25)
    assert len(alarms) == 1


@pytest.mark.django_db(transaction=True)
def test_concurrent_transactions_use_a_window_once():
    def once(_):
        with transaction.atomic():
            LimitCounter.objects.once("rule", "key", 60)
            return LimitCounter.objects.once("rule", "other", 60)

    LimitCounter.objects.once("rule", "other", 60)
    LimitCounter.objects.update(ends_at=F("ends_at") - timedelta(seconds=61))
    results = call_concurrently(once, 60, threads=20)
    assert (results.count(True), results.count(False)) == (1, 59)
