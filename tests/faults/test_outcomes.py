"""What is known of a send, and what is not, when LANCK does not answer as it should."""

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


def test_fault_01_the_provider_accepts_and_hangs(lanck, proxy, with_lanck, people):
    """One POST, a message that is `unknown`, an answer in time with `retry_after`, and nothing sent twice; the code
    that the person received works once its id came with a receipt, or at once where the site holds the code."""
    let_go = threading.Event()

    def stops_midway(connection):
        connection.sendall(ACCEPTED[:-5])
        let_go.wait(30)

    def start(someone, hang, **more):
        proxy.next_answers = [hang]
        with with_lanck(READ_TIMEOUT=0.5, TOTAL_TIMEOUT=1):
            started = someone.start(**more)
        assert (started.status_code, started.json()["delivery"]) == (201, "unknown")
        wait_until(lambda: not proxy.next_answers)  # LANCK took it, as late as that may be
        assert not let_go.is_set()
        return lanck.sent[-1]

    for hang in (lambda connection: let_go.wait(30), stops_midway, drips(ACCEPTED, 0.2)):
        someone = next(people)
        sent = start(someone, hang)
        for waits, code in [
            (someone.check(sent.code), (503, "outcome_unknown")),
            (someone.resend(), (429, "resend_too_soon")),
        ]:
            assert refusal_in(waits) == code
            assert waits.json()["retry_after"] == int(waits.headers["Retry-After"]) > 0
        assert someone.fetch()["attempts_left"] == 5
        assert post_receipt(sent, "DELIVERED") == 204
        assert someone.check(sent.code).json()["status"] == "verified"
    holder = next(people)
    sent = start(holder, lambda connection: let_go.wait(30), purpose="own-code")
    assert holder.check(sent.code).json()["status"] == "verified"
    let_go.set()
    assert (lanck.requests.count("POST /verify"), lanck.requests.count("POST /sms")) == (3, 1)
    assert Message.objects.count() == len(lanck.sent) == 4


def test_fault_02_a_worker_is_killed_between_send_and_save(lanck, proxy, site, phone, backdate):
    """One row, one POST; the receipt's token finds its message."""

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


def test_fault_03_lanck_cannot_be_reached(lanck, with_lanck, people, unused_port, backdate, monkeypatch):
    """Refused, unresolved or with a certificate that nobody trusts, it surely got nothing: one repeat, then 503, and
    the person's quota is given back."""
    tried, connect = [], connecting.create_connection

    def create_connection(address, *arguments, **keys):
        tried.append(address)
        return connect(address, *arguments, **keys)

    monkeypatch.setattr(connecting, "create_connection", create_connection)
    certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(certificate)
    with scripted(says("{}"), tls=certificate) as impostor:
        for address in (f"http://127.0.0.1:{unused_port}/v1", "https://no-such-host.invalid/v1", impostor.url):
            started, comes_later = next(people), next(people)
            assert started.start().status_code == 201
            backdate(Verification.objects.get(pk=started.id), 31)
            before = started.fetch()
            there = urlsplit(address).hostname, urlsplit(address).port or 443
            calls = [comes_later.start, partial(started.check, "123456"), started.resend]
            for times, call in enumerate(calls, 1):
                with with_lanck(BASE_URL=address, CONNECT_TIMEOUT=5):
                    refused = call()
                assert refusal_in(refused) == (503, "unavailable")
                assert refused.json()["retry_after"] == int(refused.headers["Retry-After"]) > 0
                assert tried.count(there) == 2 * times
            unsent = Message.objects.exclude(verification=started.id).latest("pk")
            assert (unsent.status, unsent.verification.state) == ("refused", "canceled")
            assert started.fetch() == {**before, "delivery": "refused"}
            assert comes_later.start().status_code == 201
            assert started.resend().status_code == 200
            assert started.check(lanck.sent[-1].code).json()["status"] == "verified"
        assert not impostor.requests
    assert (len(lanck.sent), Message.objects.exclude(status="refused").count()) == (9, 9)


def test_fault_04_the_answer_is_cut_off_or_is_none(lanck, proxy, site, people):
    """A reset within the answer, truncated JSON, HTML with 200 or a wrong schema is a typed error; there is no second
    POST, and no text of the provider's is shown."""

    def breaks_off(connection):
        connection.sendall(answer(f'{{"requestId": "{CANARY}"}}')[:-5])
        resets(connection)

    broken = [
        breaks_off,
        resets,
        says(f'{{"requestId": "{CANARY}'),
        says(f"<html>{CANARY}</html>", "200 OK", "Content-Type: text/html"),
        says(f'["{CANARY}"]'),
        says(f'{{"requestId": {{"a": "{CANARY}"}}, "note": "{CANARY}"}}'),
    ]
    for step in broken:
        someone, asked = next(people), len(lanck.requests)
        proxy.next_answers = [step]
        started = someone.start()
        assert (started.status_code, started.json()["delivery"]) == (201, "unknown")
        sent = lanck.sent[-1]
        assert post_receipt(sent, "DELIVERED") == 204
        proxy.next_answers = [step, step]  # the second one for a check whose odd answer is asked about
        checked = someone.check(sent.code)
        assert refusal_in(checked) == (503, "check_unknown")
        proxy.next_answers = [step]
        with pytest.raises(OutcomeUnknown) as failed:
            look_up(number=someone.number)
        posts = lanck.requests[asked:]
        assert [posts.count(f"POST {path}") for path in ("/verify", "/verify/check", "/insight/hlr")] == [1, 1, 1]
        kept = str(list(Message.objects.values()))
        assert not [text for text in (started.text, checked.text, str(failed.value), kept) if CANARY in text]
