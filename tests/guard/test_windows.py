"""Ends of windows, and refunds that the database cannot make."""

import pytest
from django.db import OperationalError, connection

from django_lanck import services, signals
from django_lanck.exceptions import APIError
from django_lanck.models import LimitCounter
from tests.guard.test_limits import is_about
from tests.helpers import catch_refusal, check, start

pytestmark = pytest.mark.django_db


def test_wait_continues_after_the_window_of_the_ladder_has_ended(enable_limits, lanck, phone, backdate):
    enable_limits(LIMITS={"number": ()})
    first = start(phone)
    backdate(first, 595)
    start(phone)
    backdate(first, 6)
    assert is_about(40 - 6, catch_refusal(start, number=phone))
    assert len(lanck.sent) == 2
    backdate(first, 40 - 6)
    start(phone)
    assert is_about(30, catch_refusal(start, number=phone))


def test_refunded_start_leaves_no_wait_even_if_the_window_ended_meanwhile(enable_limits, lanck, phone, backdate):
    enable_limits(LIMITS={"number": ()})
    first = start(phone)
    backdate(first, 595)

    def end_the_window(**arguments):
        backdate(first, 6)

    lanck.refuse(2)
    signals.provider_alarm.connect(end_the_window)
    try:
        assert catch_refusal(start, number=phone).code == "unavailable"
    finally:
        signals.provider_alarm.disconnect(end_the_window)
    start(phone)
    assert len(lanck.sent) == 2


@pytest.fixture
def failing_refund():
    """Make each refund of a limit fail with a deadlock."""

    def deadlock(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and LimitCounter._meta.db_table in sql and "- %s" in sql:
            raise OperationalError(1213, "Deadlock found when trying to get lock")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(deadlock):
        yield


def test_start_raises_the_refusal_of_lanck_when_the_refund_fails(enable_limits, lanck, phone, failing_refund):
    lanck.refuse(6)
    assert catch_refusal(start, number=phone).code == "unavailable"


def test_send_raises_the_error_of_lanck_when_the_refund_fails(enable_limits, lanck, phone, failing_refund):
    lanck.refuse(6)
    with pytest.raises(APIError):
        services.send_sms(number=phone, text="Hi")


def test_right_code_is_accepted_when_the_refund_fails(enable_limits, lanck, phone, failing_refund):
    assert check(start(phone), lanck.sent[-1].code).proof
