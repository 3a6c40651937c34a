"""Prefixes whose codes do not come back."""

import pytest

from tests.guard.test_limits import OTHERS, check, refused, start

pytestmark = pytest.mark.django_db


def test_a_part_of_a_conversion_is_none_on_every_database(enable_limits, lanck):
    enable_limits(CONVERSION={"prefix": (3, 30)})
    check(start(OTHERS[0]), lanck.sent[-1].code)
    for number in OTHERS[1:4]:
        start(number)  # the fourth: by then one of three is enough
    assert refused(start, number=OTHERS[4]).code == "too_many_requests"  # one of four is not
    assert len(lanck.sent) == 4
