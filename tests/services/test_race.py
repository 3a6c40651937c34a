"""What must hold when everything happens at once. Each thread has a connection of its own."""

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
from tests.parallel import call_concurrently

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def verification(lanck, phone):
    return start_verification(number=phone)


def wrong_code(sent, step=1):
    return f"{(int(sent.code) + step) % 1_000_000:06}"


def outcomes(results):
    return sorted({getattr(result, "refusal", None) or getattr(result, "code", repr(result)) for result in results})


def test_of_200_wrong_checks_at_once_five_reach_lanck(lanck, verification, record_signal):
    failed = record_signal(signals.verification_failed)
    sent = lanck.sent[-1]
    results = call_concurrently(
        lambda number: check_verification(verification_id=verification.pk, code=wrong_code(sent, number + 1)), 200
    )
    assert len(results) == 200
    assert outcomes(results) == ["exhausted", "invalid_code"]
    assert len(sent.checks) == 5
    assert check_verification(verification_id=verification.pk, code=sent.code).refusal == "exhausted"
    assert [said["reason"] for said in failed] == ["exhausted"]
    stored = Verification.objects.get()
    assert (stored.state, stored.attempts, stored.failures) == ("exhausted", 5, 5)


def test_of_50_right_checks_at_once_one_wins(lanck, phone, record_signal, monkeypatch):
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
    assert outcomes(result for result in results if not result.proof) == ["already_verified"]
    assert redeem_proof(proof=proofs[0]) == phone


def test_one_proof_is_redeemed_once_by_50_at_once(lanck, verification, phone):
    proof = check_verification(verification_id=verification.pk, code=lanck.sent[-1].code).proof
    results = call_concurrently(lambda number: redeem_proof(proof=proof), 50)
    assert results.count(phone) == 1
    assert sum(isinstance(result, Refusal) for result in results) == 49


def test_a_right_code_in_flight_is_not_beaten_by_the_last_wrong_one(lanck, phone, record_signal, monkeypatch):
    failed, verified = record_signal(signals.verification_failed), record_signal(signals.number_verified)
    with override_settings(LANCK={**lanck.settings, "MAX_ATTEMPTS": 2}):
        verification = start_verification(number=phone)
        sent = lanck.sent[-1]
        right_is_asked, wrong_is_answered = threading.Event(), threading.Event()
        handle = lanck.handle

        def slow_when_right(verb, path, params):
            if params.get("code") == sent.code:
                right_is_asked.set()
                wrong_is_answered.wait(10)
            return handle(verb, path, params)

        monkeypatch.setattr(lanck, "handle", slow_when_right)

        def check(number):
            if number == 0:
                return check_verification(verification_id=verification.pk, code=sent.code)
            right_is_asked.wait(10)
            result = check_verification(verification_id=verification.pk, code=wrong_code(sent))
            wrong_is_answered.set()
            return result

        results = call_concurrently(check, 2, threads=2)
    assert {result.refusal for result in results} == {None, "invalid_code"}
    assert (len(verified), len(failed)) == (1, 0)


def test_of_20_resends_at_once_one_is_sent(lanck, verification, backdate):
    backdate(verification, 31)
    results = call_concurrently(lambda number: resend_verification(verification_id=verification.pk), 20, threads=20)
    assert len(lanck.sent) == 2
    assert sum(isinstance(result, Verification) for result in results) == 1
    assert {result.code for result in results if isinstance(result, Refusal)} == {"resend_too_soon"}


def test_the_same_receipt_100_times_at_once_changes_the_status_once(lanck, verification, record_signal):
    changed = record_signal(signals.message_status_changed)
    sent = lanck.sent[-1]
    results = call_concurrently(lambda number: lanck.report(sent, "DELIVERED", timestamp=1700000000).status_code, 100)
    assert set(results) == {204}
    assert len(results) == 100
    assert Receipt.objects.get().repeats == 99
    assert len(changed) == 1


def test_the_same_receipt_100_times_at_once_is_one_also_where_nobody_listens(lanck, verification):
    sent = lanck.sent[-1]
    results = call_concurrently(lambda number: lanck.report(sent, "DELIVERED", timestamp=1700000000).status_code, 100)
    assert results == [204] * 100
    assert Receipt.objects.get().repeats == 99
    assert Message.objects.get().status == "DELIVERED"


@pytest.mark.parametrize("listening", [False, True])
def test_receipts_of_every_word_at_once_end_as_the_highest(lanck, verification, record_signal, listening):
    words, sent = ["SENT", "QUEUED", "REJECTED", "UNDELIVERED", "DELIVERED"], lanck.sent[-1]
    changed = record_signal(signals.message_status_changed) if listening else []
    results = call_concurrently(lambda n: lanck.report(sent, words[n % 5], n=n % 10, timestamp=1).status_code, 50)
    assert results == [204] * 50
    message = Message.objects.get()
    assert (message.status, message.receipts.count()) == ("DELIVERED", 10)
    assert sum(message.receipts.values_list("repeats", flat=True)) == 40
    if listening:
        assert changed[-1]["new_status"] == "DELIVERED"
        assert len({said["new_status"] for said in changed}) == len(changed)


def test_of_receipts_that_all_differ_at_most_50_are_kept(lanck, verification):
    sent = lanck.sent[-1]
    results = call_concurrently(lambda number: lanck.report(sent, "SENT", timestamp=number, n=number).status_code, 150)
    assert set(results) == {204}
    assert 45 <= Receipt.objects.count() <= 50


def test_a_receipt_during_the_call_finds_its_message(lanck, phone, monkeypatch):
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


def test_nothing_is_locked_while_lanck_is_asked(lanck, phone, monkeypatch):
    handle, took = lanck.handle, []

    def touch_every_row(verb, path, params):
        begun = time.monotonic()
        assert Verification.objects.update(language="xx") == Message.objects.update(sender="x") == 1
        took.append(time.monotonic() - begun)
        connection.close()
        return handle(verb, path, params)

    monkeypatch.setattr(lanck, "handle", touch_every_row)
    verification = start_verification(number=phone)
    check_verification(verification_id=verification.pk, code=lanck.sent[-1].code)
    assert len(took) == 2
    assert max(took) < 5


def test_a_worker_that_dies_during_the_call_leaves_a_message_that_its_receipt_finds(lanck, phone, monkeypatch):
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


def test_a_slow_lanck_holds_no_database_connection(lanck, phone, monkeypatch):
    if connection.vendor == "sqlite":
        return  # it has no connections to run out of
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
def test_of_users_who_claim_a_number_at_once_the_newest_proof_owns_it(lanck, phone, owned):
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


def test_losers_of_a_double_click_hear_that_it_is_verified(lanck, verification):
    code = lanck.sent[-1].code
    results = call_concurrently(
        lambda number: check_verification(verification_id=verification.pk, code=code), 5, threads=5
    )
    assert sum(bool(result.proof) for result in results) == 1
    assert {result.refusal for result in results if not result.proof} <= {"already_verified", "code_expired"}


@pytest.mark.parametrize("service", ["resend", "receipt"])
def test_no_service_that_sends_or_stores_runs_inside_a_transaction(lanck, verification, backdate, service):
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


def test_a_receipt_right_after_an_answer_about_a_message_is_told_once(lanck, verification, record_signal, monkeypatch):
    changed, locked = record_signal(signals.message_status_changed), MessageQuerySet.locked

    def with_a_receipt_after_the_commit(self):
        monkeypatch.setattr(MessageQuerySet, "locked", locked)
        transaction.on_commit(lambda: lanck.report(lanck.sent[-1], "DELIVERED"))
        return locked(self)

    monkeypatch.setattr(MessageQuerySet, "locked", with_a_receipt_after_the_commit)
    message = Message.objects.get()
    refresh_message(message=message)
    assert message.status == "SENT"
    assert {(said["old_status"], said["new_status"]) for said in changed} == {
        ("accepted", "SENT"),
        ("SENT", "DELIVERED"),
    }
