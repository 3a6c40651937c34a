"""What LANCK's receipts do, whenever and however often they come."""

import itertools
import threading

import pytest
from django.db import connection
from django.db.models import Sum

from django_lanck import signals
from django_lanck.models import Message, Receipt, Verification
from django_lanck.services import record_receipt, refresh_message
from tests.live import post_receipt, refusal_in, wait_until
from tests.parallel import call_concurrently

WORDS = ("SENT", "DELIVERED", "REJECTED")


def start(person, **more):
    started = person.start(**more)
    assert started.status_code == 201
    return started.json()


def test_fault_09_the_same_receipt_comes_100_times_at_once(lanck, people, record_signal):
    """One status change, one signal."""
    for listen in (False, True):
        start(next(people))
        said = record_signal(signals.message_status_changed) if listen else None
        answers = call_concurrently(lambda number: post_receipt(lanck.sent[-1], "DELIVERED"), 100)
        assert answers == [204] * 100
        message = Message.objects.latest("pk")
        assert (message.status, message.receipts.get().repeats) == ("DELIVERED", 99)
        if listen:
            changes = [(each["message"].pk, each["old_status"], each["new_status"]) for each in said]
            assert changes == [(message.pk, "accepted", "DELIVERED")]


def test_fault_10_receipts_come_in_every_order_mixed_with_a_lookup(lanck, people):
    """SENT, DELIVERED and REJECTED end in the same state, whatever the order."""

    def tell(sent, event):
        kind, word = event
        if kind == "receipt":
            assert post_receipt(sent, word, timestamp=1_700_000_000 + WORDS.index(word)) == 204
        else:
            sent.status = word
            refresh_message(message=Message.objects.get(request_id=sent.request_id))

    def end(sent):
        hidden = ("id", "verification_id", "number", "request_id", "created_at", "receipts")
        row = Message.objects.filter(request_id=sent.request_id).values().get()
        return {name: value for name, value in row.items() if name not in hidden}

    receipts = [("receipt", word) for word in WORDS]
    ends = []
    for looked_up in WORDS:
        for order in itertools.permutations([*receipts, ("lookup", looked_up)]):
            start(next(people))
            for event in order:
                tell(lanck.sent[-1], event)
            ends.append(end(lanck.sent[-1]))
    for looked_up in WORDS * 2:
        start(next(people))
        events = [*receipts, ("lookup", looked_up)]
        told = call_concurrently(lambda number, events=events: tell(lanck.sent[-1], events[number]), 4, threads=4)
        assert told == [None] * 4
        ends.append(end(lanck.sent[-1]))
    assert ends == [ends[0]] * (3 * 24 + 6)
    assert (ends[0]["status"], ends[0]["status_at"].timestamp()) == ("DELIVERED", 1_700_000_001)
    assert (ends[0]["network"], ends[0]["country"]) == ("Test Mobile", "US")


@pytest.mark.parametrize("repeats", [1_000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_fault_11_a_receipt_comes_before_the_answer_and_then_10000_more(lanck, proxy, person, repeats):
    """A receipt that comes before the start has its answer is applied; the same, repeated or varied 10,000 times, comes
    to at most 50 rows for a message."""
    proxy.hold_answers()
    started = []
    starting = threading.Thread(target=lambda: started.append(start(person)))
    starting.start()
    wait_until(lambda: proxy.held_answers)
    sent = lanck.sent[-1]
    assert post_receipt(sent, "DELIVERED") == 204
    assert not started
    proxy.release_answers()
    starting.join()
    message = Message.objects.get()
    assert (message.status, message.request_id, person.fetch()["delivery"]) == (
        "DELIVERED",
        sent.request_id,
        "DELIVERED",
    )

    token = sent.params["callbackUrl"].split("/")[-2]
    receipt = {"requestId": sent.request_id, "number": sent.number, "status": "DELIVERED", "timestamp": 1_700_000_000}

    def tell(number):
        varied = {"n": number, "status": ("SENT", "DELIVERED", "BUFFERED")[number % 3], "timestamp": number}
        record_receipt(token=token, payload={**receipt, **varied} if number % 10 else receipt)

    threads = 1 if connection.vendor == "sqlite" else 8  # SQLite lets one write at a time
    for thousand in range(0, repeats, 1000):
        told = call_concurrently(lambda number, first=thousand: tell(first + number), 1000, threads)
        assert told == [None] * 1000
    kept = Receipt.objects.aggregate(repeats=Sum("repeats"))
    assert 1 < Receipt.objects.count() <= 50
    assert kept["repeats"] == repeats / 10
    assert person.check(sent.code).json()["status"] == "verified"


def test_fault_12_a_receipt_comes_after_expiry(lanck, proxy, people, backdate):
    """It changes the delivery status only."""
    for answered in (True, False):
        someone = next(people)
        start(someone)
        verification = Verification.objects.get(pk=someone.id)
        if not answered:
            Message.objects.filter(verification=verification).update(status="unknown", status_rank=1, request_id=None)
        backdate(verification, 601)
        before, row = someone.fetch(), Verification.objects.values().get(pk=someone.id)
        asked = len(lanck.requests)
        assert post_receipt(lanck.sent[-1], "DELIVERED") == 204
        assert someone.fetch() == {**before, "status": "expired", "delivery": "DELIVERED"}
        assert Verification.objects.values().get(pk=someone.id) == row
        assert refusal_in(someone.check(lanck.sent[-1].code)) == (400, "expired")
        assert refusal_in(someone.resend()) == (400, "expired")
        assert (len(lanck.requests), lanck.sent[-1].checks) == (asked, [])
