"""LANCK is down, limits the rate, refuses the account or sends no receipts."""

import logging
from collections import Counter
from datetime import timedelta

import phonenumbers
import pytest
from django.db.models import F

from django_lanck import signals
from django_lanck.client import breaker as breaker_module
from django_lanck.exceptions import BackgroundTaken, Refusal
from django_lanck.models import Message, Verification
from django_lanck.sandbox.models import SandboxMessage, SandboxSecond
from django_lanck.sandbox.provider import receipts
from django_lanck.services import background, pace, reconcile, send_sms, start_verification
from tests.parallel import call_concurrently

# One personal number in each of 300 area codes.
POSSIBLE = [phonenumbers.parse(f"+1{area}5550123") for area in range(201, 990)]
PERSONAL = phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE
NUMBERS = [f"+{n.country_code}{n.national_number}" for n in POSSIBLE if phonenumbers.number_type(n) == PERSONAL][:300]
STARTS = "/api/phone/verifications/"


class Clock:
    """A clock that advances only by sleeping."""

    now = 1000.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def sandbox(live_server, settings):
    """The sandbox over real HTTP, with a rate limit that any machine can exceed."""
    settings.LANCK = {
        "ACCESS_TOKEN": "sandbox:sandbox",
        "BASE_URL": f"{live_server.url}/sandbox/v1",
        "CALLBACK_BASE_URL": live_server.url,
        "READ_TIMEOUT": 60,  # the test machine may be slow
        "TOTAL_TIMEOUT": 90,
        "BACKGROUND_RATE": 8,
    }
    settings.LANCK_SANDBOX = {"ALLOW_WITHOUT_DEBUG": True, "RECEIPT_DELAY": 0, "REQUESTS_PER_SECOND": 10}
    yield settings
    receipts.wait()
    receipts.clear()


@pytest.mark.django_db
def test_fault_05_outage_reduces_calls_by_90_percent_and_ends_within_a_minute(
    client, lanck, breaker_settings, settings, monkeypatch
):
    """During an outage of a minute the number of calls falls by 90 %. Codes are sent again within a minute after it."""
    settings.LANCK = breaker_settings
    clock = Clock()
    monkeypatch.setattr(breaker_module, "monotonic", clock)
    process, down = lanck._process, True
    monkeypatch.setattr(lanck, "_process", lambda *request: (500, {}) if down else process(*request))

    def start(number):
        return client.post(STARTS, {"number": number}, content_type="application/json")

    answers = []
    for second in range(60):
        answers += [start(NUMBERS[4 * second + index]) for index in range(4)]
        clock.sleep(1)
    assert Counter(answer.status_code for answer in answers[:5]) == {201: 5}
    assert answers[0].json()["delivery"] == "unknown"
    refused = [answer for answer in answers if answer.status_code == 503]
    assert len(lanck.requests) == len(answers) - len(refused) <= len(answers) / 10
    assert {answer.json()["code"] for answer in refused} == {"unavailable"}
    assert all(1 <= answer.json()["retry_after"] <= 24 for answer in refused)
    assert all(answer["Retry-After"] == str(answer.json()["retry_after"]) for answer in refused)

    down = False
    ended_at = clock.now
    number = iter(NUMBERS[240:])
    while start(next(number)).status_code != 201:
        clock.sleep(1)
    assert clock.now - ended_at <= 60
    assert [start(next(number)).json()["delivery"] for _ in range(3)] == ["accepted"] * 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("count", [100, pytest.param(300, marks=pytest.mark.slow)])
def test_fault_06_concurrent_starts_beyond_the_rate_limit_are_sent_once_or_refused(sandbox, monkeypatch, count):
    """300 concurrent starts beyond the rate limit of the provider are each sent once or refused by a 503 with
    `retry_after`: calls are retried within their time budget. Background work keeps to its rate, one runner at a
    time."""
    sandbox.LANCK = {**sandbox.LANCK, "CALLBACK_BASE_URL": ""}

    def start(index):
        try:
            return start_verification(number=NUMBERS[index]).delivery
        except Refusal as refusal:
            return refusal

    results = call_concurrently(start, count, threads=30)
    sent = [result for result in results if result == "accepted"]
    refused = [result for result in results if isinstance(result, Refusal)]
    assert [result for result in results if result not in sent and result not in refused] == []
    assert len(results) == count
    assert {(refusal.http_status, refusal.code) for refusal in refused} <= {(503, "unavailable")}
    assert all(refusal.retry_after for refusal in refused)
    assert max(SandboxSecond.objects.values_list("requests", flat=True)) == 10  # the rate limit was reached
    assert len(sent) > count / 2  # most refused calls succeeded when they were retried

    delivered = Counter(SandboxMessage.objects.values_list("number", flat=True))
    accepted = Message.objects.exclude(request_id=None)
    assert delivered == Counter(accepted.values_list("number", flat=True))
    assert set(delivered.values()) == {1}
    assert len(delivered) == len(sent)
    states = Counter(Verification.objects.values_list("state", flat=True))
    assert states == +Counter(pending=len(sent), canceled=len(refused))

    clock = Clock()
    monkeypatch.setattr(pace, "monotonic", clock)
    monkeypatch.setattr(pace, "sleep", clock.sleep)
    Message.objects.update(created_at=F("created_at") - timedelta(seconds=400))
    sandbox.LANCK_SANDBOX = {**sandbox.LANCK_SANDBOX, "REQUESTS_PER_SECOND": 1000}
    seconds = []

    def record(done):
        seconds.append(int(clock.now))
        with pytest.raises(BackgroundTaken), background():
            pass
        if done.requests == 1:
            assert reconcile().stopped == "taken"

    done = reconcile(progress=record)
    assert done.asked == len(sent)
    assert max(Counter(seconds).values()) == 8


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error_code", "status", "kind"), [(1, 401, "AuthenticationFailed"), (6, 403, "InsufficientFunds")]
)
def test_fault_07_refused_account_raises_one_alarm_and_answers_503(
    client, lanck, record_signal, caplog, error_code, status, kind
):
    """With a wrong token or without funds no call is repeated, one alarm is raised (log and signal), and users get a
    general 503."""
    alarms = record_signal(signals.provider_alarm)
    for number in NUMBERS[:3]:
        lanck.requests.clear()
        lanck.refuse(error_code, http_status=status, reason="the account has no funds or no token")
        answer = client.post(STARTS, {"number": number}, content_type="application/json")
        assert (answer.status_code, answer.json()["code"], answer.json()["retry_after"]) == (503, "unavailable", 60)
        assert not {"fund", "token", "account"} & set(answer.content.decode().lower().split())
        assert lanck.requests == ["POST /verify"]
    assert alarms == [{"kind": kind, "error_code": error_code}]
    ours = [record for record in caplog.records if record.name == "django_lanck"]
    assert [record.levelno for record in ours].count(logging.ERROR) == 1
    assert lanck.sent == []
    assert set(Verification.objects.values_list("state", flat=True)) == {"canceled"}


@pytest.mark.django_db(transaction=True)
def test_fault_13_reconciliation_finds_the_statuses_of_missing_receipts(sandbox):
    """If no receipt arrives, reconciliation finds the same statuses within its interval."""
    # Delivered, undelivered, rejected, repeated, out of order, an unknown status, only sent, delivered in the end.
    numbers = [f"+120155501{last:02}" for last in (0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11)]

    def send_all():
        messages = [send_sms(number=number, text="Hi") for number in numbers]
        assert receipts.wait()
        return Message.objects.filter(pk__in=[message.pk for message in messages])

    def statuses(messages):
        return dict(messages.values_list("number", "status"))

    with_receipts = statuses(send_all())
    assert {"DELIVERED", "UNDELIVERED", "REJECTED", "SENT"} == set(with_receipts.values())
    sandbox.LANCK = {**sandbox.LANCK, "CALLBACK_BASE_URL": ""}
    without = send_all()
    assert set(statuses(without).values()) == {"accepted"}
    assert reconcile().asked == 0
    without.update(created_at=F("created_at") - timedelta(seconds=300))
    assert reconcile().asked == len(numbers)
    assert statuses(without) == with_receipts
