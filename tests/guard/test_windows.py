"""Where windows end: no wait is cut short, and none is left of what was not sent."""

import pytest

from django_lanck import signals
from tests.guard.test_limits import about, refused, start

pytestmark = pytest.mark.django_db


def test_the_end_of_the_ten_minutes_is_no_way_around_the_wait(limited, lanck, phone, age):
    limited(LIMITS={"number": ()})
    first = start(phone)
    age(first, 595)
    start(phone)
    age(first, 6)
    assert about(40 - 6, refused(start, number=phone))
    assert len(lanck.sent) == 2
    age(first, 40 - 6)
    start(phone)
    assert about(30, refused(start, number=phone))


def test_what_was_not_sent_leaves_no_wait_also_where_its_window_is_over_by_then(limited, lanck, phone, age):
    limited(LIMITS={"number": ()})
    first = start(phone)
    age(first, 595)

    def ten_minutes_are_over(**arguments):
        age(first, 6)

    lanck.refuse(2)
    signals.provider_alarm.connect(ten_minutes_are_over)
    try:
        assert refused(start, number=phone).code == "unavailable"
    finally:
        signals.provider_alarm.disconnect(ten_minutes_are_over)
    start(phone)
    assert len(lanck.sent) == 2
