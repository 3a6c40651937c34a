"""Concurrent requests. Each thread has a database connection of its own."""

import threading
import time

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test import Client, override_settings

from django_lanck import signals
from django_lanck.exceptions import Refusal
from django_lanck.models import Message, MessageQuerySet, Receipt, Verification, VerifiedNumber
from django_lanck.services import (
    check_verification,
    claim_number,
    record_receipt,
    redeem_proof,
    refresh_message,
    resend_verification,
    start_verification,
)
from django_lanck.services.messages.receipts import callback_url
from tests.helpers import wrong_code
from tests.parallel import call_concurrently

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def verification(lanck, phone):
    return start_verification(number=phone)


def refusals(results):
    return sorted({getattr(result, "refusal", None) or getattr(result, "code", repr(result)) for result in results})


def test_200_concurrent_wrong_codes_make_five_calls(lanck, verification, record_signal):
    failed = record_signal(signals.verification_failed)
    sent = lanck.sent[-1]
    results = call_concurrently(
        lambda number: check_verification(verification_id=verification.pk, code=wrong_code(sent.code, number + 1)), 200
    )
    assert len(results) == 200
    assert refusals(results) == ["exhausted", "invalid_code"]
    assert len(sent.checks) == 5
    assert check_verification(verification_id=verification.pk, code=sent.code).refusal == "exhausted"
    assert [sent["reason"] for sent in failed] == ["exhausted"]
    stored = Verification.objects.get()
    assert (stored.state, stored.attempts, stored.failures) == ("exhausted", 5, 5)


def test_50_concurrent_right_codes_verify_once(lanck, phone, record_signal, monkeypatch):
    verified = record_signal(signals.number_verified)
    with override_settings(LANCK={**lanck.settings, "MAX_ATTEMPTS": 50}):
        verification = start_verification(number=phone)
        sent = lanck.sent[-1]
        right = {"requestId": sent.request_id, "number": phone, "method": "sms", "verifiedAt": 1700000000000}
        monkeypatch.setattr(lanck, "_check", lambda sent, code: (200, right))
        results = call_concurrently(
            lambda number: check_verification(verification_id=verification.pk, code=sent.code), 50
        )
    proofs = [result.proof for result in results if result.proof]
    assert (len(results), len(proofs), len(verified)) == (50, 1, 1)
    assert refusals(result for result in results if not result.proof) == ["already_verified"]
    assert redeem_proof(proof=proofs[0]) == phone


def test_50_concurrent_redemptions_of_a_proof_succeed_once(lanck, verification, phone):
    proof = check_verification(verification_id=verification.pk, code=lanck.sent[-1].code).proof
    results = call_concurrently(lambda number: redeem_proof(proof=proof), 50)
    assert results.count(phone) == 1
    assert sum(isinstance(result, Refusal) for result in results) == 49


def test_pending_right_code_wins_over_the_last_wrong_code(lanck, phone, record_signal, monkeypatch):
    failed, verified = record_signal(signals.verification_failed), record_signal(signals.number_verified)
    with override_settings(LANCK={**lanck.settings, "MAX_ATTEMPTS": 2}):
        verification = start_verification(number=phone)
        sent = lanck.sent[-1]
        right_is_called, wrong_is_answered = threading.Event(), threading.Event()
        handle = lanck.handle

        def slow_when_right(verb, path, params):
            if params.get("code") == sent.code:
                right_is_called.set()
                wrong_is_answered.wait(10)
            return handle(verb, path, params)

        monkeypatch.setattr(lanck, "handle", slow_when_right)

        def check(number):
            if number == 0:
                return check_verification(verification_id=verification.pk, code=sent.code)
            right_is_called.wait(10)
            result = check_verification(verification_id=verification.pk, code=wrong_code(sent.code))
            wrong_is_answered.set()
            return result

        results = call_concurrently(check, 2, threads=2)
    assert {result.refusal for result in results} == {None, "invalid_code"}
    assert (len(verified), len(failed)) == (1, 0)


def test_20_concurrent_resends_send_one_message(lanck, verification, backdate):
    backdate(verification, 31)
    results = call_concurrently(lambda number: resend_verification(verification_id=verification.pk), 20, threads=20)
    assert len(lanck.sent) == 2
    assert sum(isinstance(result, Verification) for result in results) == 1
    assert {result.code for result in results if isinstance(result, Refusal)} == {"resend_too_soon"}


def test_100_concurrent_repeats_of_a_receipt_send_one_signal(lanck, verification, record_signal):
    changed = record_signal(signals.message_status_changed)
    sent = lanck.sent[-1]
    results = call_concurrently(lambda number: lanck.report(sent, "DELIVERED", timestamp=1700000000).status_code, 100)
    assert set(results) == {204}
    assert len(results) == 100
    assert Receipt.objects.get().repeats == 99
    assert len(changed) == 1


def test_100_concurrent_repeats_of_a_receipt_without_receiver_are_stored_once(lanck, verification):
    sent = lanck.sent[-1]
    results = call_concurrently(lambda number: lanck.report(sent, "DELIVERED", timestamp=1700000000).status_code, 100)
    assert results == [204] * 100
    assert Receipt.objects.get().repeats == 99
    assert Message.objects.get().status == "DELIVERED"


@pytest.mark.parametrize("with_receiver", [False, True])
def test_concurrent_receipts_end_with_the_highest_status(lanck, verification, record_signal, with_receiver):
    statuses, sent = ["SENT", "QUEUED", "REJECTED", "UNDELIVERED", "DELIVERED"], lanck.sent[-1]
    changed = record_signal(signals.message_status_changed) if with_receiver else []
    results = call_concurrently(lambda n: lanck.report(sent, statuses[n % 5], n=n % 10, timestamp=1).status_code, 50)
    assert results == [204] * 50
    message = Message.objects.get()
    assert (message.status, message.receipts.count()) == ("DELIVERED", 10)
    assert sum(message.receipts.values_list("repeats", flat=True)) == 40
    if with_receiver:
        assert changed[-1]["new_status"] == "DELIVERED"
        assert len({change["new_status"] for change in changed}) == len(changed)


def test_150_concurrent_different_receipts_store_at_most_50(lanck, verification):
    sent = lanck.sent[-1]
    results = call_concurrently(lambda number: lanck.report(sent, "SENT", timestamp=number, n=number).status_code, 150)
    assert set(results) == {204}
    assert 45 <= Receipt.objects.count() <= 50


def test_receipt_during_the_call_updates_the_message(lanck, phone, monkeypatch):
    handle, answered = lanck.handle, []

    def receipt_first(verb, path, params):
        answer = handle(verb, path, params)
        if path == "/verify":
            answered.append(lanck.report(lanck.sent[-1], "DELIVERED").status_code)
            connection.close()
        return answer

    monkeypatch.setattr(lanck, "handle", receipt_first)
    verification = start_verification(number=phone)
    assert answered == [204]
    message = Message.objects.get()
    assert (message.status, message.request_id) == ("DELIVERED", lanck.sent[-1].request_id)
    assert check_verification(verification_id=verification.pk, code=lanck.sent[-1].code).proof


def test_no_row_is_locked_during_a_call_to_lanck(lanck, phone, monkeypatch):
    handle, durations = lanck.handle, []

    def touch_every_row(verb, path, params):
        begun = time.monotonic()
        assert Verification.objects.update(language="xx") == Message.objects.update(sender="x") == 1
        durations.append(time.monotonic() - begun)
        connection.close()
        return handle(verb, path, params)

    monkeypatch.setattr(lanck, "handle", touch_every_row)
    verification = start_verification(number=phone)
    check_verification(verification_id=verification.pk, code=lanck.sent[-1].code)
    assert len(durations) == 2
    assert max(durations) < 5


def test_receipt_updates_a_message_whose_worker_died_during_the_call(lanck, phone, monkeypatch):
    from django_lanck import client

    send = client.LanckClient.send

    def die(self, content, **arguments):
        send(self, content, **arguments)
        raise SystemExit

    monkeypatch.setattr(client.LanckClient, "send", die)
    with pytest.raises(SystemExit):
        start_verification(number=phone)
    assert Message.objects.get().status == "sending"
    assert len(lanck.sent) == 1
    path = callback_url(Message.objects.get()).removeprefix("http://testserver")
    sent = lanck.sent[-1]
    payload = {"requestId": sent.request_id, "number": sent.number, "status": "DELIVERED"}
    assert Client().post(path, payload, "application/json").status_code == 204
    assert Message.objects.get().status == "DELIVERED"


def test_no_database_connection_is_held_during_a_call_to_lanck(lanck, phone, monkeypatch):
    if connection.vendor == "sqlite":
        return  # its connections are not limited
    held, handle = [], lanck.handle
    main = connection

    def look(verb, path, params):
        held.append(starting.connection is not None)
        return handle(verb, path, params)

    starting = main._connections[main._alias]
    monkeypatch.setattr(lanck, "handle", look)
    start_verification(number=phone)
    assert held == [False]


@pytest.mark.parametrize("owned", [False, True])
def test_concurrent_claims_end_with_the_owner_of_the_newest_proof(lanck, phone, owned):
    def prove():
        verification = start_verification(number=phone)
        proof = check_verification(verification_id=verification.pk, code=lanck.sent[-1].code).proof
        redeem_proof(proof=proof)
        return proof

    users = [get_user_model().objects.create_user(f"user{number}") for number in range(9)]
    if owned:
        claim_number(user=users[8], proof=prove())
    proofs = [prove() for _ in range(8)]
    results = call_concurrently(lambda number: claim_number(user=users[number], proof=proofs[number]), 8, threads=8)
    assert {type(result) for result in results} <= {VerifiedNumber, Refusal}, results
    assert VerifiedNumber.objects.get().user == users[7]


def test_concurrent_double_submit_is_refused_as_already_verified(lanck, verification):
    code = lanck.sent[-1].code
    results = call_concurrently(
        lambda number: check_verification(verification_id=verification.pk, code=code), 5, threads=5
    )
    assert sum(bool(result.proof) for result in results) == 1
    assert {result.refusal for result in results if not result.proof} <= {"already_verified", "code_expired"}


@pytest.mark.parametrize("service", ["resend", "receipt"])
def test_resend_and_receipt_inside_a_transaction_raise(lanck, verification, backdate, service):
    backdate(verification, 31)
    sent = lanck.sent[-1]
    token = sent.params["callbackUrl"].split("/")[-2]
    payload = {"requestId": sent.request_id, "number": sent.number, "status": "SENT"}
    calls = {
        "resend": lambda: resend_verification(verification_id=verification.pk),
        "receipt": lambda: record_receipt(token=token, payload=payload),
    }
    with transaction.atomic(), pytest.raises(RuntimeError, match=r"durable|inside a transaction"):
        calls[service]()
    assert len(lanck.sent) == 1
    assert not Receipt.objects.exists()


def test_receipt_right_after_a_refresh_is_signaled_once(lanck, verification, record_signal, monkeypatch):
    changed, locked = record_signal(signals.message_status_changed), MessageQuerySet.locked

    def with_a_receipt_after_the_commit(self):
        monkeypatch.setattr(MessageQuerySet, "locked", locked)
        transaction.on_commit(lambda: lanck.report(lanck.sent[-1], "DELIVERED"))
        return locked(self)

    monkeypatch.setattr(MessageQuerySet, "locked", with_a_receipt_after_the_commit)
    message = Message.objects.get()
    refresh_message(message=message)
    assert message.status == "SENT"
    assert {(change["old_status"], change["new_status"]) for change in changed} == {
        ("accepted", "SENT"),
        ("SENT", "DELIVERED"),
    }
