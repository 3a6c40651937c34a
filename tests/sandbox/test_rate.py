"""The rate limit: 30 requests a second per account."""

import pytest

from django_lanck.sandbox.api import rate
from django_lanck.sandbox.models import SandboxMessage, SandboxSecond
from tests.parallel import call_concurrently


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.9

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    """The clock of the rate limit, which stands still."""
    clock = Clock()
    monkeypatch.setattr(rate, "time", clock)
    return clock


def test_31st_request_in_a_second_is_refused_and_not_carried_out(api, clock):
    responses = [api.post("verify", number="+12015550123", method="sms") for _ in range(40)]
    assert [response.status_code for response in responses] == [200] * 30 + [429] * 10
    assert responses[-1].json() == {"errorCode": 4, "errorReason": "Too many requests"}
    assert SandboxMessage.objects.count() == 30
    clock.now += 0.1
    assert api.post("verify", number="+12015550123", method="sms").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_30_of_40_concurrent_requests_are_accepted(api, clock):
    statuses = call_concurrently(lambda _: api.post("verify/info", requestId="x").status_code, 40, threads=10)
    assert sorted(statuses) == [404] * 30 + [429] * 10


def test_request_with_a_wrong_token_is_not_counted(api):
    for _ in range(40):
        assert api.send("verify", token=None).status_code == 401
    assert not SandboxSecond.objects.exists()


def test_rows_of_past_seconds_are_deleted(api, clock):
    SandboxSecond.objects.create(second=int(clock.now) - 3600, requests=30)
    api.post("verify/info", requestId="x")
    assert [row.second for row in SandboxSecond.objects.all()] == [int(clock.now)]


def test_limit_can_be_set(api, settings, clock):
    settings.LANCK_SANDBOX = {"ALLOW_WITHOUT_DEBUG": True, "REQUESTS_PER_SECOND": 2}
    statuses = [api.post("verify/info", requestId="x").status_code for _ in range(4)]
    assert statuses == [404, 404, 429, 429]
