"""A signal receiver of the site raises or blocks."""

import threading

import pytest
import requests
from django.contrib.auth import get_user_model
from django.db import transaction
from django.urls import reverse

from django_lanck import signals
from django_lanck.models import InboundMessage, Message
from django_lanck.services import check_verification, claim_number, redeem_proof, start_verification
from django_lanck.testing.fake import INBOUND_SECRET
from tests.helpers import wrong_code
from tests.live import TIMEOUT, post_receipt, wait_until

ALL_SIGNALS = {name: each for name, each in vars(signals).items() if type(each) is signals.Signal}
SENT_IN_THIS_TEST = {
    "verification_started",
    "number_verified",
    "verification_failed",
    "message_status_changed",
    "inbound_message_received",
    "number_taken_over",
    "number_changed",
}


@pytest.fixture
def connect():
    """Return a function that connects a receiver until the end of the test."""
    connected = []

    def connect(signal, receiver):
        signal.connect(receiver, weak=False)
        connected.append((signal, receiver))

    yield connect
    for signal, receiver in connected:
        signal.disconnect(receiver)


class BlockingReceiver:
    """A receiver whose first call blocks until it is released."""

    def __init__(self) -> None:
        self.calls = 0
        self.blocked, self.released = threading.Event(), threading.Event()

    def __call__(self, **arguments):
        self.calls += 1
        if self.calls == 1:
            self.blocked.set()
            self.released.wait(TIMEOUT)


def post_inbound(site, message_id):
    body = {"messageId": message_id, "from": "12015550123", "to": "12065550100", "text": "Hi"}
    address = site + reverse("lanck:inbound", args=[INBOUND_SECRET])
    return requests.post(address, json=body, timeout=TIMEOUT).status_code


def claim(lanck, user):
    verification = start_verification(number="+12015550100")
    proof = check_verification(verification_id=verification.pk, code=lanck.sent[-1].code).proof
    with transaction.atomic():
        redeem_proof(proof=proof)
        claim_number(user=user, proof=proof)


def test_fault_14_receiver_that_raises_or_blocks_affects_no_other_request(site, lanck, people, connect, record_signal):
    """If a receiver raises, LANCK still gets 2XX and the other receivers run. If one blocks, only that answer is late,
    and a repeat by LANCK changes nothing."""

    def raises(**arguments):
        raise RuntimeError("boom")

    for signal in ALL_SIGNALS.values():
        connect(signal, raises)
    received = {name: record_signal(signal) for name, signal in ALL_SIGNALS.items()}
    one, other = next(people), next(people)
    assert one.start().status_code == other.start().status_code == 201
    assert post_receipt(lanck.sent[0], "DELIVERED") == post_inbound(site, "m1") == 204
    assert one.check(lanck.sent[0].code).status_code == 200
    assert [other.check(wrong_code(lanck.sent[1].code)).status_code for _ in range(5)] == [400] * 5
    for name in ("former", "latter"):
        claim(lanck, get_user_model().objects.create_user(name))
    assert {name for name, times in received.items() if times} == SENT_IN_THIS_TEST

    someone, bystander = next(people), next(people)
    assert someone.start().status_code == bystander.start().status_code == 201
    sent, of_bystander = lanck.sent[-2:]
    for signal, post, post_another in [
        (
            signals.message_status_changed,
            lambda: post_receipt(sent, "DELIVERED"),
            lambda: post_receipt(of_bystander, "DELIVERED"),
        ),
        (signals.inbound_message_received, lambda: post_inbound(site, "m2"), lambda: post_inbound(site, "m3")),
    ]:
        receiver, answers = BlockingReceiver(), []
        connect(signal, receiver)
        posting = threading.Thread(target=lambda post=post, answers=answers: answers.append(post()))
        posting.start()
        wait_until(receiver.blocked.is_set)
        assert [post(), post_another(), post()] == [204] * 3
        assert someone.fetch()["delivery"] == "DELIVERED"
        assert not answers
        receiver.released.set()
        posting.join()
        assert (answers, receiver.calls) == ([204], 2)
    assert Message.objects.get(request_id=sent.request_id).receipts.get().repeats == 2
    assert sorted(InboundMessage.objects.values_list("message_id", flat=True)) == ["m1", "m2", "m3"]
