"""Receipts that are repeated, early, late, or in any order."""

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

STATUSES = ("SENT", "DELIVERED", "REJECTED")


def start(person, **more):
    started = person.start(**more)
    assert started.status_code == 201
    return started.json()


def test_fault_09_100_concurrent_repeats_of_a_receipt_send_one_signal(lanck, people, record_signal):
    """100 concurrent repeats of a receipt cause one status change and one signal."""
    for with_receiver in (False, True):
        start(next(people))
        events = record_signal(signals.message_status_changed) if with_receiver else None
        answers = call_concurrently(lambda number: post_receipt(lanck.sent[-1], "DELIVERED"), 100)
        assert answers == [204] * 100
        message = Message.objects.latest("pk")
        assert (message.status, message.receipts.get().repeats) == ("DELIVERED", 99)
        if with_receiver:
            changes = [(each["message"].pk, each["old_status"], each["new_status"]) for each in events]
            assert changes == [(message.pk, "accepted", "DELIVERED")]


def test_fault_10_every_order_of_receipts_and_refreshes_ends_with_the_same_status(lanck, people):
    """SENT, DELIVERED and REJECTED, as receipts and by a refresh, end with the same status in every order."""

    def post(sent, event):
        kind, status = event
        if kind == "receipt":
            assert post_receipt(sent, status, timestamp=1_700_000_000 + STATUSES.index(status)) == 204
        else:
            sent.status = status
            refresh_message(message=Message.objects.get(request_id=sent.request_id))

    def result(sent):
        hidden = ("id", "verification_id", "number", "request_id", "created_at", "receipts")
        row = Message.objects.filter(request_id=sent.request_id).values().get()
        return {name: value for name, value in row.items() if name not in hidden}

    receipts = [("receipt", status) for status in STATUSES]
    results = []
    for lookup_status in STATUSES:
        for order in itertools.permutations([*receipts, ("lookup", lookup_status)]):
            start(next(people))
            for event in order:
                post(lanck.sent[-1], event)
            results.append(result(lanck.sent[-1]))
    for lookup_status in STATUSES * 2:
        start(next(people))
        events = [*receipts, ("lookup", lookup_status)]
        answers = call_concurrently(lambda number, events=events: post(lanck.sent[-1], events[number]), 4, threads=4)
        assert answers == [None] * 4
        results.append(result(lanck.sent[-1]))
    assert results == [results[0]] * (3 * 24 + 6)
    assert (results[0]["status"], results[0]["status_at"].timestamp()) == ("DELIVERED", 1_700_000_001)
    assert (results[0]["network"], results[0]["country"]) == ("Test Mobile", "US")


@pytest.mark.parametrize("repeats", [1_000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_fault_11_early_receipt_is_applied_and_10000_more_store_50_rows(lanck, proxy, person, repeats):
    """A receipt that arrives before the answer to the start is applied. 10,000 more, repeated or different, are stored
    in at most 50 rows for a message."""
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

    def post(number):
        varied = {"n": number, "status": ("SENT", "DELIVERED", "BUFFERED")[number % 3], "timestamp": number}
        record_receipt(token=token, payload={**receipt, **varied} if number % 10 else receipt)

    threads = 1 if connection.vendor == "sqlite" else 8  # SQLite allows one writer at a time
    for thousand in range(0, repeats, 1000):
        answers = call_concurrently(lambda number, first=thousand: post(first + number), 1000, threads)
        assert answers == [None] * 1000
    stored = Receipt.objects.aggregate(repeats=Sum("repeats"))
    assert 1 < Receipt.objects.count() <= 50
    assert stored["repeats"] == repeats / 10
    assert person.check(sent.code).json()["status"] == "verified"


def test_fault_12_receipt_after_expiry_changes_the_message_only(lanck, proxy, people, backdate):
    """A receipt after expiry changes the status of the message only."""
    for answered in (True, False):
        person = next(people)
        start(person)
        verification = Verification.objects.get(pk=person.id)
        if not answered:
            Message.objects.filter(verification=verification).update(status="unknown", status_rank=1, request_id=None)
        backdate(verification, 601)
        before, row = person.fetch(), Verification.objects.values().get(pk=person.id)
        requests_before = len(lanck.requests)
        assert post_receipt(lanck.sent[-1], "DELIVERED") == 204
        assert person.fetch() == {**before, "status": "expired", "delivery": "DELIVERED"}
        assert Verification.objects.values().get(pk=person.id) == row
        assert refusal_in(person.check(lanck.sent[-1].code)) == (400, "expired")
        assert refusal_in(person.resend()) == (400, "expired")
        assert (len(lanck.requests), lanck.sent[-1].checks) == (requests_before, [])
