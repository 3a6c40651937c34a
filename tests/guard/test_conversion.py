"""The conversion of prefixes."""

import pytest

from tests.guard.test_limits import OTHERS
from tests.helpers import catch_refusal, check, start

pytestmark = pytest.mark.django_db


def test_conversion_is_compared_without_rounding_on_every_database(enable_limits, lanck):
    enable_limits(CONVERSION={"prefix": (3, 30)})
    check(start(OTHERS[0]), lanck.sent[-1].code)
    for number in OTHERS[1:4]:
        start(number)  # for the fourth, one of three is enough
    assert catch_refusal(start, number=OTHERS[4]).code == "too_many_requests"  # one of four is not
    assert len(lanck.sent) == 4
