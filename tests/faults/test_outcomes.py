"""LANCK does not answer a call, cannot be reached, or sends an unreadable answer."""

import ssl
import threading
from functools import partial
from urllib.parse import urlsplit

import pytest
import requests
import trustme
from urllib3.util import connection as connecting

from django_lanck.exceptions import OutcomeUnknown
from django_lanck.models import Message, Verification
from django_lanck.services import look_up, reconcile
from tests.client.scripted import answer, drips, resets, says, scripted
from tests.faults.conftest import worker
from tests.live import Person, post_receipt, refusal_in, wait_until

CANARY = "words-of-the-provider"
ACCEPTED = answer('{"requestId": "r1"}')


def test_fault_01_accepted_message_without_answer_is_unknown_and_sent_once(lanck, proxy, with_lanck, people):
    """If the provider accepts a message and does not answer, the message is `unknown`, the client gets an answer in
    time with `retry_after`, and nothing is sent twice. LANCK's code can be checked after a receipt brings the request
    id, the site's code at once."""
    release = threading.Event()

    def send_half_and_hang(connection):
        connection.sendall(ACCEPTED[:-5])
        release.wait(30)

    def start(person, hang, **more):
        proxy.next_answers = [hang]
        with with_lanck(READ_TIMEOUT=0.5, TOTAL_TIMEOUT=1):
            started = person.start(**more)
        assert (started.status_code, started.json()["delivery"]) == (201, "unknown")
        wait_until(lambda: not proxy.next_answers)  # LANCK has accepted it by now
        assert not release.is_set()
        return lanck.sent[-1]

    for hang in (lambda connection: release.wait(30), send_half_and_hang, drips(ACCEPTED, 0.2)):
        person = next(people)
        sent = start(person, hang)
        for refused, code in [
            (person.check(sent.code), (503, "outcome_unknown")),
            (person.resend(), (429, "resend_too_soon")),
        ]:
            assert refusal_in(refused) == code
            assert refused.json()["retry_after"] == int(refused.headers["Retry-After"]) > 0
        assert person.fetch()["attempts_left"] == 5
        assert post_receipt(sent, "DELIVERED") == 204
        assert person.check(sent.code).json()["status"] == "verified"
    other = next(people)
    sent = start(other, lambda connection: release.wait(30), purpose="own-code")
    assert other.check(sent.code).json()["status"] == "verified"
    release.set()
    assert (lanck.requests.count("POST /verify"), lanck.requests.count("POST /sms")) == (3, 1)
    assert Message.objects.count() == len(lanck.sent) == 4


def test_fault_02_message_of_a_killed_worker_is_found_by_its_receipt(lanck, proxy, site, phone, backdate):
    """If a worker is killed between the call and the storing of its answer, there is one row and one POST, and the
    receipt finds the message by its token."""

    def start(origin):
        with pytest.raises(requests.ConnectionError):
            Person(origin, phone).start()

    proxy.hold_answers()
    with worker() as (origin, process):
        starting = threading.Thread(target=start, args=[origin])
        starting.start()
        wait_until(lambda: proxy.held_answers)
        process.kill()
        assert process.wait() < 0
        starting.join()
    proxy.release_answers()
    message, verification = Message.objects.get(), Verification.objects.get()
    assert (message.status, message.request_id, message.verification) == ("sending", None, verification)
    backdate(verification, 3700)
    reconcile()
    message.refresh_from_db()
    assert message.status == "unknown"
    assert post_receipt(lanck.sent[0], "DELIVERED") == 204
    message.refresh_from_db()
    assert (message.status, message.request_id) == ("DELIVERED", lanck.sent[0].request_id)
    assert Message.objects.count() == 1
    assert lanck.requests == ["POST /verify"]


def test_fault_03_unreachable_provider_is_answered_with_503_and_refunded(
    lanck, with_lanck, people, unused_port, backdate, monkeypatch
):
    """If the connection is refused, the host name is not resolved or the certificate is not trusted, the call is
    repeated once and answered with 503, and the limits are refunded."""
    connections, connect = [], connecting.create_connection

    def create_connection(address, *arguments, **keys):
        connections.append(address)
        return connect(address, *arguments, **keys)

    monkeypatch.setattr(connecting, "create_connection", create_connection)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    with scripted(says("{}"), tls=tls) as impostor:
        for address in (f"http://127.0.0.1:{unused_port}/v1", "https://no-such-host.invalid/v1", impostor.url):
            started, other = next(people), next(people)
            assert started.start().status_code == 201
            backdate(Verification.objects.get(pk=started.id), 31)
            before = started.fetch()
            target = urlsplit(address).hostname, urlsplit(address).port or 443
            calls = [other.start, partial(started.check, "123456"), started.resend]
            for times, call in enumerate(calls, 1):
                with with_lanck(BASE_URL=address, CONNECT_TIMEOUT=5):
                    refused = call()
                assert refusal_in(refused) == (503, "unavailable")
                assert refused.json()["retry_after"] == int(refused.headers["Retry-After"]) > 0
                assert connections.count(target) == 2 * times
            unsent = Message.objects.exclude(verification=started.id).latest("pk")
            assert (unsent.status, unsent.verification.state) == ("refused", "canceled")
            assert started.fetch() == {**before, "delivery": "refused"}
            assert other.start().status_code == 201
            assert started.resend().status_code == 200
            assert started.check(lanck.sent[-1].code).json()["status"] == "verified"
        assert not impostor.requests
    assert (len(lanck.sent), Message.objects.exclude(status="refused").count()) == (9, 9)


def test_fault_04_unreadable_answer_is_an_unknown_outcome_without_a_second_post(lanck, proxy, site, people):
    """A reset within the answer, truncated JSON, HTML with status 200 or a wrong schema is an unknown outcome. There is
    no second POST, and no text of the provider is shown."""

    def send_half_and_reset(connection):
        connection.sendall(answer(f'{{"requestId": "{CANARY}"}}')[:-5])
        resets(connection)

    broken = [
        send_half_and_reset,
        resets,
        says(f'{{"requestId": "{CANARY}'),
        says(f"<html>{CANARY}</html>", "200 OK", "Content-Type: text/html"),
        says(f'["{CANARY}"]'),
        says(f'{{"requestId": {{"a": "{CANARY}"}}, "note": "{CANARY}"}}'),
    ]
    for step in broken:
        person, requests_before = next(people), len(lanck.requests)
        proxy.next_answers = [step]
        started = person.start()
        assert (started.status_code, started.json()["delivery"]) == (201, "unknown")
        sent = lanck.sent[-1]
        assert post_receipt(sent, "DELIVERED") == 204
        proxy.next_answers = [step, step]  # the second one for the lookup after an invalid answer
        checked = person.check(sent.code)
        assert refusal_in(checked) == (503, "check_unknown")
        proxy.next_answers = [step]
        with pytest.raises(OutcomeUnknown) as failed:
            look_up(number=person.number)
        posts = lanck.requests[requests_before:]
        assert [posts.count(f"POST {path}") for path in ("/verify", "/verify/check", "/insight/hlr")] == [1, 1, 1]
        stored = str(list(Message.objects.values()))
        assert not [text for text in (started.text, checked.text, str(failed.value), stored) if CANARY in text]
