"""Where windows end no wait is cut short, and what was not sent or was right is given back, if that can be."""

import pytest
from django.db import OperationalError, connection

from django_lanck import services, signals
from django_lanck.exceptions import APIError
from django_lanck.models import LimitCounter
from tests.guard.test_limits import about, check, refused, start

pytestmark = pytest.mark.django_db


def test_the_end_of_the_ten_minutes_is_no_way_around_the_wait(enable_limits, lanck, phone, backdate):
    enable_limits(LIMITS={"number": ()})
    first = start(phone)
    backdate(first, 595)
    start(phone)
    backdate(first, 6)
    assert about(40 - 6, refused(start, number=phone))
    assert len(lanck.sent) == 2
    backdate(first, 40 - 6)
    start(phone)
    assert about(30, refused(start, number=phone))


def test_what_was_not_sent_leaves_no_wait_also_where_its_window_is_over_by_then(enable_limits, lanck, phone, backdate):
    enable_limits(LIMITS={"number": ()})
    first = start(phone)
    backdate(first, 595)

    def ten_minutes_are_over(**arguments):
        backdate(first, 6)

    lanck.refuse(2)
    signals.provider_alarm.connect(ten_minutes_are_over)
    try:
        assert refused(start, number=phone).code == "unavailable"
    finally:
        signals.provider_alarm.disconnect(ten_minutes_are_over)
    start(phone)
    assert len(lanck.sent) == 2


@pytest.fixture
def giving_back_fails():
    """The database undoes what is given back, for somebody else's sake."""

    def deadlock(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and LimitCounter._meta.db_table in sql and "- %s" in sql:
            raise OperationalError(1213, "Deadlock found when trying to get lock")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(deadlock):
        yield


def test_a_start_that_was_refused_is_told_so_where_it_cannot_be_given_back(
    enable_limits, lanck, phone, giving_back_fails
):
    lanck.refuse(6)
    assert refused(start, number=phone).code == "unavailable"


def test_a_send_that_was_refused_is_told_so_where_it_cannot_be_given_back(
    enable_limits, lanck, phone, giving_back_fails
):
    lanck.refuse(6)
    with pytest.raises(APIError):
        services.send_sms(number=phone, text="Hi")


def test_a_right_code_is_right_where_it_cannot_be_given_back(enable_limits, lanck, phone, giving_back_fails):
    assert check(start(phone), lanck.sent[-1].code).proof
