"""The site's cache fails."""

import pytest
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache

from django_lanck.models import Verification
from tests.helpers import wrong_code
from tests.live import post_receipt, refusal_in
from tests.settings import NO_LIMITS


class BrokenCache(BaseCache):
    """A cache whose server cannot be reached."""

    def __init__(self, location, params):
        super().__init__(params)

    def _fail(self, *arguments, **keys):
        raise ConnectionError("The cache cannot be reached")

    get = set = add = touch = delete = clear = get_many = set_many = incr = has_key = _fail


def test_fault_16_limits_and_sends_work_without_the_cache(site, lanck, proxy, people, settings, backdate):
    """With a failing cache the limits apply, because they are in the database. Messages are sent, or the caller gets a
    503."""
    settings.CACHES = {"default": {"BACKEND": "tests.faults.test_cache.BrokenCache"}}
    with pytest.raises(ConnectionError):
        caches["default"].get("anything")

    someone = next(people)
    assert someone.start().status_code == 201
    assert post_receipt(lanck.sent[-1], "DELIVERED") == 204
    assert someone.fetch()["delivery"] == "DELIVERED"
    assert refusal_in(someone.resend()) == (429, "resend_too_soon")
    for resends in range(1, 6):
        backdate(Verification.objects.get(pk=someone.id), 121)
        assert someone.resend().status_code == 200
        assert refusal_in(someone.resend()) == (429, "resend_too_soon")
        assert len(lanck.sent) == 1 + resends
    backdate(Verification.objects.get(pk=someone.id), 121)
    assert refusal_in(someone.resend()) == (429, "resend_too_soon")
    assert someone.check(lanck.sent[-1].code).json()["status"] == "verified"

    other = next(people)
    assert other.start().status_code == 201
    sent = lanck.sent[-1]
    refusals = [other.check(wrong_code(sent.code, step)).json()["code"] for step in range(1, 8)]
    assert refusals == ["invalid_code"] * 4 + ["exhausted"] * 3
    assert refusal_in(other.check(sent.code)) == (400, "exhausted")
    assert len(sent.checks) == 5

    limits = {"LIMITS": {"number": ["5/hour"], "site": ["2/day"]}, "CHECK_LIMITS": {"number": ["1/day"]}}
    settings.LANCK = {**settings.LANCK, **limits}
    limited = next(people)
    assert limited.start().status_code == 201
    assert refusal_in(limited.start()) == (429, "resend_too_soon")
    assert limited.check(wrong_code(lanck.sent[-1].code)).json()["code"] == "invalid_code"
    assert refusal_in(limited.check(lanck.sent[-1].code)) == (429, "too_many_requests")
    assert next(people).start().status_code == 201
    assert refusal_in(next(people).start()) == (429, "too_many_requests")
    settings.LANCK = {**settings.LANCK, **NO_LIMITS}

    proxy.disconnect()
    assert refusal_in(next(people).start()) == (503, "unavailable")
