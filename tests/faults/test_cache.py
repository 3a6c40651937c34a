"""What the site's cache has to do with it: nothing."""

import pytest
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache

from django_lanck.models import Verification
from tests.helpers import wrong_code
from tests.live import post_receipt, refusal_in
from tests.settings import NO_LIMITS


class Gone(BaseCache):
    """A cache whose server is away."""

    def __init__(self, location, params):
        super().__init__(params)

    def _fail(self, *arguments, **keys):
        raise ConnectionError("The cache is away")

    get = set = add = touch = delete = clear = get_many = set_many = incr = has_key = _fail


def test_fault_16_the_cache_is_away(site, lanck, proxy, people, settings, backdate):
    """Limits still hold, as they live in the database; messages go, or the caller is told."""
    settings.CACHES = {"default": {"BACKEND": "tests.faults.test_cache.Gone"}}
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

    guesser = next(people)
    assert guesser.start().status_code == 201
    sent = lanck.sent[-1]
    guesses = [guesser.check(wrong_code(sent.code, step)).json()["code"] for step in range(1, 8)]
    assert guesses == ["invalid_code"] * 4 + ["exhausted"] * 3
    assert refusal_in(guesser.check(sent.code)) == (400, "exhausted")
    assert len(sent.checks) == 5

    limits = {"LIMITS": {"number": ["5/hour"], "site": ["2/day"]}, "CHECK_LIMITS": {"number": ["1/day"]}}
    settings.LANCK = {**settings.LANCK, **limits}
    unlucky = next(people)
    assert unlucky.start().status_code == 201
    assert refusal_in(unlucky.start()) == (429, "resend_too_soon")
    assert unlucky.check(wrong_code(lanck.sent[-1].code)).json()["code"] == "invalid_code"
    assert refusal_in(unlucky.check(lanck.sent[-1].code)) == (429, "too_many_requests")
    assert next(people).start().status_code == 201
    assert refusal_in(next(people).start()) == (429, "too_many_requests")
    settings.LANCK = {**settings.LANCK, **NO_LIMITS}

    proxy.disconnect()
    assert refusal_in(next(people).start()) == (503, "unavailable")
