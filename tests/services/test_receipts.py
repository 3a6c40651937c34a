"""Receipts and refreshes: which status a message ends with, and what of a receipt is stored."""

import itertools
from dataclasses import replace

import pytest
from django.db import connection

from django_lanck import signals
from django_lanck.exceptions import RequestNotFound
from django_lanck.models import Message, Receipt, Verification
from django_lanck.services import refresh_message, start_verification
from tests.helpers import statements

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["without receiver", "with receiver"], autouse=True)
def listener(request, record_signal):
    """Run each test with and without a receiver: a receipt takes fewer statements without one."""
    return record_signal(signals.message_status_changed) if request.param == "with receiver" else None


@pytest.fixture
def sent(lanck, phone):
    start_verification(number=phone)
    return lanck.sent[-1]


def stored_status():
    return Message.objects.get().status


def test_receipt_moves_the_status_and_is_stored(lanck, sent, record_signal):
    changed = record_signal(signals.message_status_changed)
    assert lanck.report(sent, "DELIVERED", mccmnc="001010", timestamp=1700000000).status_code == 204
    message, receipt = Message.objects.get(), Receipt.objects.get()
    assert (message.status, message.mccmnc, message.status_at.timestamp()) == ("DELIVERED", "001010", 1700000000)
    assert (receipt.status, receipt.repeats) == ("DELIVERED", 0)
    assert receipt.payload == {
        "requestId": sent.request_id,
        "status": "DELIVERED",
        "mccmnc": "001010",
        "timestamp": 1700000000,
    }
    assert [(change["old_status"], change["new_status"]) for change in changed] == [("accepted", "DELIVERED")]


def test_receipt_takes_two_statements_or_four_with_a_receiver(lanck, sent, listener, django_assert_max_num_queries):
    of_sqlite = 1 if connection.vendor == "sqlite" else 0  # the UPDATE that acquires its lock
    limit, of_a_repeat = (2, 4 + of_sqlite) if listener is None else (4 + of_sqlite, 3 + of_sqlite)
    for status, most in [("SENT", limit), ("DELIVERED", limit), ("SENT", of_a_repeat)]:
        with django_assert_max_num_queries(20) as captured:
            lanck.report(sent, status, timestamp=1)
        assert len(statements(captured)) <= most


def test_repeated_receipt_is_counted_and_changes_nothing(lanck, sent, record_signal):
    changed = record_signal(signals.message_status_changed)
    for _ in range(5):
        lanck.report(sent, "SENT", timestamp=1700000000)
    assert Receipt.objects.get().repeats == 4
    assert len(changed) == 1


ORDERS = list(
    itertools.permutations([("SENT", 1), ("DELIVERED", 2), ("REJECTED", 3), ("UNDELIVERED", 4), ("QUEUED", 5)], 4)
)


@pytest.mark.parametrize("order", ORDERS[::7])
def test_every_order_of_arrival_ends_with_the_same_status(lanck, sent, order):
    for status, at in order:
        lanck.report(sent, status, timestamp=1700000000 + at)
    best = next(status for status in ("DELIVERED", "UNDELIVERED", "REJECTED", "SENT") if status in dict(order))
    assert stored_status() == best
    assert Receipt.objects.count() == 4


@pytest.mark.parametrize(
    "order", list(itertools.permutations([("ANSWERED", 1), ("DELIVERED", 2), ("DELIVERED", None)]))
)
def test_of_equal_ranks_the_later_time_wins(lanck, sent, order):
    for status, at in order:
        lanck.report(sent, status, timestamp=at and 1700000000 + at)
    assert stored_status() == "DELIVERED"
    assert Message.objects.get().status_at.timestamp() == 1700000002


@pytest.mark.parametrize("order", list(itertools.permutations(["ANSWERED", "DELIVERED"])))
def test_of_equal_ranks_and_times_the_later_name_wins(lanck, sent, order):
    for status in order:
        lanck.report(sent, status, timestamp=1700000000)
    assert stored_status() == "DELIVERED"


def test_unknown_status_is_stored_as_received(lanck, sent):
    lanck.report(sent, "Buffered-At-SMSC")
    assert stored_status() == "Buffered-At-SMSC"
    lanck.report(sent, "SENT")
    assert stored_status() == "SENT"


def test_receipt_does_not_verify(lanck, sent):
    lanck.report(sent, "DELIVERED", verifiedAt=1700000000, code="123456")
    assert Verification.objects.get().state == "pending"
    assert "code" not in Receipt.objects.get().payload


def test_values_that_may_hold_a_code_are_not_stored(lanck, sent):
    secret = {"code": "1", "text": "1", "flow": [1], "payload": {"code": "1"}, "from": "+12015550188"}
    lanck.report(sent, "SENT", **secret)
    assert set(Receipt.objects.get().payload) == {"requestId", "status", "timestamp", "from"}


def test_calling_number_of_a_flash_call_is_not_stored(lanck, phone):
    start_verification(number=phone, method="call")
    lanck.report(lanck.sent[-1], "SENT", **{"from": "+12015123456"})
    assert "from" not in Receipt.objects.get().payload


def test_at_most_fifty_receipts_of_a_message_are_stored(lanck, sent, listener):
    for status in ("QUEUED", "SENT", "REJECTED", "UNDELIVERED", "DELIVERED"):
        for number in range(60):
            assert lanck.report(sent, status, n=number, timestamp=number).status_code == 204
    assert Receipt.objects.count() == (49 if listener is None else 45)
    assert stored_status() == "DELIVERED"


def test_receipt_sets_the_request_id_of_a_message_whose_answer_was_lost(lanck, phone):
    lanck.lose_answer()
    start_verification(number=phone)
    lanck.report(lanck.sent[-1], "DELIVERED")
    message = Message.objects.get()
    assert (message.request_id, message.status) == (lanck.sent[-1].request_id, "DELIVERED")


def test_same_status_at_a_later_time_sends_no_signal(lanck, sent, record_signal):
    changed = record_signal(signals.message_status_changed)
    for second in range(3):
        lanck.report(sent, "SENT", timestamp=1700000000 + second)
    assert [(change["old_status"], change["new_status"]) for change in changed] == [("accepted", "SENT")]
    assert Message.objects.get().status_at.timestamp() == 1700000002


def test_signal_carries_the_updated_message(lanck, sent, record_signal):
    changed = record_signal(signals.message_status_changed)
    lanck.report(sent, "DELIVERED", mccmnc="00101", timestamp=1700000000)
    message = changed[0]["message"]
    assert (message.is_final, message.mccmnc, message.status_at.timestamp()) == (True, "00101", 1700000000)


def test_refresh_cuts_values_that_are_too_long(lanck, sent):
    lanck.answer({"id": sent.request_id, "status": "SENT", "mccmnc": "1" * 7, "network": "x" * 200, "country": "USA"})
    message = Message.objects.get()
    assert refresh_message(message=message)
    assert (message.mccmnc, message.network, message.country) == ("", "x" * 100, "US")


def test_answer_replaces_the_request_id_of_a_receipt_and_keeps_its_status(lanck, phone):
    lanck.lose_answer()
    start_verification(number=phone)
    lanck.report(lanck.sent[-1], "DELIVERED")
    Message.objects.all().record_answer("accepted", request_id="the-direct-one")
    message = Message.objects.get()
    assert (message.request_id, message.status) == ("the-direct-one", "DELIVERED")


def test_request_id_of_a_receipt_is_stored_only_for_the_same_number(lanck, phone):
    lanck.lose_answer()
    start_verification(number=phone)
    assert lanck.report(lanck.sent[-1], "SENT", number="+12015550199").status_code == 404
    assert Message.objects.get().request_id is None
    assert lanck.report(lanck.sent[-1], "SENT", number="12015550123").status_code == 204


def test_receipt_for_another_request_is_refused_like_a_wrong_token(lanck, sent, client):
    other = lanck.report(sent, "DELIVERED", requestId="another")
    wrong = client.post(
        "/lanck/receipts/1:forged/", '{"requestId": "x", "number": "1", "status": "SENT"}', "application/json"
    )
    assert (other.status_code, other.content) == (404, wrong.content)
    assert stored_status() == "accepted"
    assert not Receipt.objects.exists()


def test_request_id_is_case_sensitive(lanck, sent):
    assert lanck.report(replace(sent, request_id=sent.request_id.upper()), "DELIVERED").status_code == 404
    assert stored_status() == "accepted"


def test_request_id_of_another_message_is_refused(lanck, sent, phone):
    lanck.lose_answer()
    start_verification(number=phone)
    assert lanck.report(lanck.sent[-1], "SENT", requestId=sent.request_id).status_code == 404
    assert Message.objects.filter(request_id=None).count() == 1
    assert not Receipt.objects.exists()


def test_receipt_for_a_deleted_message_is_accepted_and_dropped(lanck, sent):
    Verification.objects.all().delete()
    assert lanck.report(sent, "DELIVERED").status_code == 204
    assert not Receipt.objects.exists()


def test_receipt_after_expiry_changes_the_message_only(lanck, sent, backdate):
    verification = Verification.objects.get()
    backdate(verification, 700)
    before = Verification.objects.values().get()
    lanck.report(sent, "DELIVERED")
    assert stored_status() == "DELIVERED"
    assert Verification.objects.values().get() == before


def test_refresh_updates_status_and_network(lanck, sent, record_signal):
    changed = record_signal(signals.message_status_changed)
    sent.status = "DELIVERED"
    message = Message.objects.get()
    assert refresh_message(message=message)
    assert (message.status, message.network, message.mccmnc, message.country) == (
        "DELIVERED",
        "Test Mobile",
        "310260",
        "US",
    )
    assert not refresh_message(message=message)
    assert len(changed) == 1


def test_refresh_does_not_lower_the_status(lanck, sent):
    lanck.report(sent, "DELIVERED")
    sent.status = "SENT"
    assert not refresh_message(message=Message.objects.get())
    assert stored_status() == "DELIVERED"


def test_refresh_without_a_request_id_makes_no_call(lanck, phone):
    lanck.lose_answer()
    start_verification(number=phone)
    calls = len(lanck.requests)
    assert not refresh_message(message=Message.objects.get())
    assert len(lanck.requests) == calls


def test_refresh_raises_the_error_of_lanck(lanck, sent):
    lanck.refuse(20, http_status=404)
    with pytest.raises(RequestNotFound):
        refresh_message(message=Message.objects.get())


def test_receiver_that_raises_does_not_fail_the_webhook(lanck, sent):
    def broken(**arguments):
        raise RuntimeError("boom")

    signals.message_status_changed.connect(broken)
    try:
        assert lanck.report(sent, "DELIVERED").status_code == 204
    finally:
        signals.message_status_changed.disconnect(broken)
    assert stored_status() == "DELIVERED"


@pytest.mark.parametrize("status", ["refused", "sending", "unknown", "accepted", "Refused"])
def test_status_of_lanck_with_a_name_of_ours_has_the_rank_of_an_unknown_status(lanck, sent, status):
    assert lanck.report(sent, status).status_code == 204
    message = Message.objects.get()
    assert (message.status, message.is_refused) == (status, False)
    lanck.report(sent, "SENT")
    assert stored_status() == "SENT"
