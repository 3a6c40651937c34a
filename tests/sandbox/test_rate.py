"""30 requests a second per account."""

import time

import pytest

from django_lanck.sandbox.models import SandboxMessage, SandboxSecond
from tests.parallel import call_concurrently


def within_one_second(burst):
    """What the burst answers when no second of the clock ends while it goes on."""
    for _ in range(5):
        time.sleep(1 - time.time() % 1)
        second = int(time.time())
        answers = burst()
        if int(time.time()) == second:
            return answers
    pytest.fail("This machine is too slow for 40 requests in a second.")


def test_the_31st_request_in_a_second_is_refused_and_not_carried_out(api):
    def burst():
        SandboxMessage.objects.all().delete()
        return [api.post("verify", number="+12015550123", method="sms") for _ in range(40)]

    answers = within_one_second(burst)
    assert [answer.status_code for answer in answers] == [200] * 30 + [429] * 10
    assert answers[-1].json() == {"errorCode": 4, "errorReason": "Too many requests"}
    assert SandboxMessage.objects.count() == 30
    time.sleep(1 - time.time() % 1)
    assert api.post("verify", number="+12015550123", method="sms").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_at_once_no_more_than_30_get_through(api):
    answers = within_one_second(
        lambda: call_concurrently(lambda _: api.post("verify/info", requestId="x").status_code, 40, threads=10)
    )
    assert sorted(answers) == [404] * 30 + [429] * 10


def test_a_wrong_token_spends_nothing(api):
    for _ in range(40):
        assert api.send("verify", token=None).status_code == 401
    assert not SandboxSecond.objects.exists()


def test_old_seconds_are_forgotten(api):
    SandboxSecond.objects.create(second=int(time.time()) - 3600, requests=30)
    api.post("verify/info", requestId="x")
    assert [row.second for row in SandboxSecond.objects.all() if row.second < time.time() - 600] == []


def test_the_limit_can_be_set(api, settings):
    settings.LANCK_SANDBOX = {"ALLOW_WITHOUT_DEBUG": True, "REQUESTS_PER_SECOND": 2}
    answers = within_one_second(lambda: [api.post("verify/info", requestId="x").status_code for _ in range(4)])
    assert answers == [404, 404, 429, 429]
