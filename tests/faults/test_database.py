"""The database fails, LANCK is slow, or clocks differ."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.db import connection
from django.db.models import DurationField, ExpressionWrapper, F

from django_lanck.models import DatabaseNow, InboundMessage, Message, Verification
from django_lanck.testing.fake import INBOUND_SECRET
from tests.faults.conftest import worker
from tests.helpers import wrong_code
from tests.live import TIMEOUT, Person, post_receipt, refusal_in, wait_until
from tests.tcp_proxy import TcpProxy

SQLITE = connection.vendor == "sqlite"


class Database:
    """The test's database over a connection that can be cut: a proxy, or for SQLite a link to its file."""

    def __init__(self, folder: Path) -> None:
        self.settings = dict(connection.settings_dict)
        if SQLITE:
            self.link, self.file = folder / "link.sqlite3", self.settings["NAME"]
            self.settings["NAME"] = str(self.link)
            self.link.symlink_to(self.file)
        else:
            self.proxy = TcpProxy(self.settings["HOST"], int(self.settings["PORT"]))
            self.settings["PORT"] = self.proxy.port

    def disconnect(self) -> None:
        self._point_to(self.link / "gone") if SQLITE else self.proxy.disconnect()

    def reconnect(self) -> None:
        self._point_to(self.file) if SQLITE else self.proxy.reconnect()

    def close(self) -> None:
        if not SQLITE:
            self.proxy.close()

    def _point_to(self, file: object) -> None:
        self.link.unlink()
        self.link.symlink_to(file)


@pytest.fixture
def database(transactional_db, tmp_path):
    database = Database(tmp_path)
    yield database
    database.close()


def test_fault_15_database_failure_is_answered_with_503(lanck, site, database, backdate):
    """If the database fails, a start is refused before a message is sent, and a webhook answers 5XX, so that LANCK
    repeats the callback."""

    def post(address, **body):
        return requests.post(address, json=body, timeout=TIMEOUT)

    with (
        worker(DATABASE=database.settings) as (origin, _),
        Person(origin, "+12015550113") as person,
        Person(origin, "+12015550114") as other,
    ):
        assert person.start().status_code == 201
        sent = lanck.sent[-1]
        verification = Verification.objects.get()
        backdate(verification, 31)
        row_before = Verification.objects.values().get()
        receipts = sent.params["callbackUrl"].replace(site, origin)
        receipt = {"requestId": sent.request_id, "number": sent.number, "status": "DELIVERED"}
        inbound = f"{origin}/lanck/inbound/{INBOUND_SECRET}/"
        text = {"messageId": "m1", "from": "12015550113", "to": "12065550100", "text": "Hi"}

        database.disconnect()
        for call in (other.start, person.start, person.resend, lambda: person.check(sent.code)):
            refused = call()
            assert refusal_in(refused) == (503, "unavailable")
            assert refused.json()["retry_after"] == int(refused.headers["Retry-After"]) > 0
        assert [post(receipts, **receipt).status_code, post(inbound, **text).status_code] == [503, 503]
        assert lanck.requests == ["POST /verify"]

        database.reconnect()
        assert Verification.objects.values().get() == row_before
        assert [post(receipts, **receipt).status_code, post(inbound, **text).status_code] == [204, 204]
        assert (Message.objects.get().status, InboundMessage.objects.count()) == ("DELIVERED", 1)
        assert person.check(sent.code).json()["status"] == "verified"
        assert other.start().status_code == 201


def test_database_failure_during_a_send_loses_no_message(lanck, proxy, site, database):
    with worker(DATABASE=database.settings) as (origin, _), Person(origin, "+12015550113") as person:
        assert person.start().status_code == 201  # creates the session, which is not saved again
        proxy.hold_answers()
        with ThreadPoolExecutor(1) as pool:
            starting = pool.submit(person.start)
            wait_until(lambda: proxy.held_answers)
            database.disconnect()
            proxy.release_answers()
        assert (starting.result().status_code, starting.result().json()["delivery"]) == (201, "accepted")
        database.reconnect()
        assert post_receipt(lanck.sent[-1], "DELIVERED") == 204
        assert person.check(lanck.sent[-1].code).json()["status"] == "verified"
    assert lanck.requests == ["POST /verify"] * 2 + ["POST /verify/check"]


def connections() -> int:
    """Return the number of other connections to the test's database."""
    others = {
        "postgresql": "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
        "mysql": "information_schema.processlist WHERE db = database() AND id <> connection_id()",
    }
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {others[connection.vendor]}")
        return cursor.fetchone()[0]


def test_fault_17_slow_provider_holds_no_database_connections(lanck, proxy, site, people):
    """While 50 starts wait for the provider, they do not hold 50 database connections, and other pages answer."""
    known, reader = next(people), next(people)
    assert known.start().status_code == 201
    proxy.hold_answers()
    starters = [next(people) for _ in range(50)]
    with ThreadPoolExecutor(50) as pool:
        starts = [pool.submit(starter.start) for starter in starters]
        wait_until(lambda: proxy.held_answers == 50)
        for page in ("", "account/phone/signup/", "admin/login/", "lanck/receipts/x/"):
            assert reader.session.get(f"{site}/{page}", timeout=TIMEOUT).status_code == 200
        assert known.fetch()["delivery"] == "accepted"
        assert post_receipt(lanck.sent[0], "DELIVERED") == 204
        assert known.fetch()["delivery"] == "DELIVERED"
        if not SQLITE:  # its connections are not limited
            wait_until(lambda: connections() < 5)
        assert proxy.held_answers == 50
        assert not [start for start in starts if start.done()]
        proxy.release_answers()
    assert {start.result().status_code for start in starts} == {201}
    assert {start.result().json()["delivery"] for start in starts} == {"accepted"}
    assert len(lanck.sent) == 51


def with_session_time(hours: int) -> dict[str, Any]:
    """Return the settings of the test's database with a session time zone of this offset."""
    settings = dict(connection.settings_dict)
    if connection.vendor == "mysql":
        settings["OPTIONS"] = {**settings["OPTIONS"], "init_command": f"SET time_zone = '{hours:+03}:00'"}
    elif connection.vendor == "postgresql":
        settings["TIME_ZONE"] = f"Etc/GMT{-hours:+}"
    return settings


def test_fault_18_different_clocks_of_workers_do_not_change_lifetimes(lanck, site, backdate):
    """With worker clocks 5 minutes apart and session time zones of ±05:00, codes, waits and proofs expire by the
    database's clock."""

    def seconds_left(verification, column):
        expression = ExpressionWrapper(F(column) - DatabaseNow(), DurationField())
        return Verification.objects.annotate(left=expression).get(pk=verification.pk).left.total_seconds()

    def redeem(person, proof):
        return person.session.get(f"{person.site}/redeem/", params={"proof": proof}, timeout=TIMEOUT).status_code

    behind = worker(CLOCK=-150, DATABASE=with_session_time(5))
    ahead = worker(CLOCK=150, DATABASE=with_session_time(-5))
    with behind as (behind, _), ahead as (ahead, _):
        numbers = (f"+1201555{last:04}" for last in range(113, 200))
        for here, there in ((behind, ahead), (ahead, behind)):
            person = Person(here, next(numbers))
            body = person.start().json()
            verification = Verification.objects.get(pk=person.id)
            assert 570 < seconds_left(verification, "expires_at") <= 600
            assert 0 < seconds_left(verification, "resend_at") <= 30
            shown = [datetime.fromisoformat(body[name]) for name in ("expires_at", "resend_at")]
            stored = [verification.expires_at, verification.resend_at]
            assert max(abs(one - other) for one, other in zip(shown, stored, strict=True)) < timedelta(seconds=1)

            backdate(verification, 15)
            for person.site in (here, there):
                refused = person.resend()
                assert refusal_in(refused) == (429, "resend_too_soon")
                assert 0 < refused.json()["retry_after"] <= 15
            backdate(verification, 16)
            assert person.resend().status_code == 200

            backdate(verification, 560)
            for person.site in (here, there):
                assert person.fetch()["status"] == "pending"
                assert refusal_in(person.check(wrong_code(lanck.sent[-1].code))) == (400, "invalid_code")
            backdate(verification, 41)
            for person.site in (here, there):
                assert person.fetch()["status"] == "expired"
                assert refusal_in(person.check(lanck.sent[-1].code)) == (400, "expired")

            for seconds, status in ((860, 200), (901, 400)):
                person = Person(here, next(numbers))
                assert person.start().status_code == 201
                proof = person.check(lanck.sent[-1].code).json()["proof"]
                backdate(Verification.objects.get(pk=person.id), seconds)
                person.site = there
                assert redeem(person, proof) == status
