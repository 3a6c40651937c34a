"""A run of reconciliation: when it stops, and how runs share the work."""

import pytest
from django.db import connection, transaction
from django.test import override_settings

from django_lanck import signals
from django_lanck.models import DatabaseNow, Lease, Message, Verification
from django_lanck.services import background, pace, reconcile, start_verification
from django_lanck.services.maintenance import reconcile as reconciliation
from tests.helpers import statements
from tests.parallel import call_concurrently
from tests.services.maintenance.messages import FAST, reach_goal, refreshes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fast")]


def test_limit_is_the_maximum_number_of_requests(lanck, send_text):
    for _ in range(3):
        reach_goal(send_text())
    lanck.refuse(20, http_status=404)
    done = reconcile(limit=3)
    assert (done.requests, done.failed, done.stopped) == (3, 1, "limit")
    assert len(lanck.requests) == 3
    assert reconcile(limit=0).stopped == "limit"
    assert len(lanck.requests) == 3
    assert reconcile(limit=100).stopped == ""
    assert len(lanck.requests) == 6


@pytest.mark.parametrize(("code", "status"), [(4, 429), (1, 401), (5, 401), (2, 400), (6, 403), (7, 403), (8, 400)])
def test_rate_limit_or_refused_account_stops_the_run(lanck, send_text, code, status):
    send_text(), send_text()
    lanck.refuse(code, http_status=status)
    done = reconcile()
    assert (done.requests, done.failed) == (1, 1)
    assert f"error {code}" in done.stopped
    assert len(refreshes(lanck)) == 1


def test_unreachable_server_stops_the_run(lanck, send_text, unused_port):
    send_text(), send_text()
    keys = {**lanck.settings, **FAST, "BASE_URL": f"http://127.0.0.1:{unused_port}/v1"}
    with override_settings(LANCK=keys):
        done = reconcile()
    assert (done.failed, done.stopped) == (1, "LANCK's server cannot be reached")


def test_three_unanswered_requests_in_a_row_stop_the_run(lanck, send_text):
    for _ in range(5):
        send_text()
    for _ in range(3):
        lanck.answer({"errorReason": "down"}, http_status=500)
    done = reconcile()
    assert (done.requests, done.failed) == (3, 3)
    assert "HTTP 500" in done.stopped


def test_unanswered_requests_between_answered_ones_do_not_stop_the_run(lanck, send_text):
    for _ in range(5):
        send_text()
    for status in (500, 500, 200, 500, 500):
        lanck.answer({"status": "SENT"}, http_status=status)
    done = reconcile()
    assert (done.requests, done.failed, done.stopped) == (5, 4, "")


def test_error_about_one_message_does_not_stop_the_run(lanck, send_text):
    send_text(), send_text()
    lanck.refuse(20, http_status=404)
    lanck.sent[-1].status = "DELIVERED"
    done = reconcile()
    assert (done.requests, done.failed, done.changed, done.stopped) == (2, 1, 1, "")


@pytest.mark.parametrize("limit", [None, 4])
def test_messages_beyond_one_batch_are_each_visited_once(lanck, send_text, monkeypatch, limit):
    monkeypatch.setattr(reconciliation, "BATCH", 2)
    for _ in range(5):
        reach_goal(send_text())
    seen = []
    done = reconcile(limit=limit, progress=lambda done: seen.append(done.requests))
    assert seen == list(range(1, (limit or 10) + 1))
    assert len(set(lanck.requests)) == len(lanck.requests) == done.requests == (limit or 10)


def test_each_message_takes_the_same_number_of_statements(lanck, send_text, django_assert_max_num_queries):
    def counted(messages):
        for _ in range(messages):
            reach_goal(send_text())
        with django_assert_max_num_queries(200) as captured:
            assert reconcile().requests == 2 * messages
        return len(statements(captured))

    assert counted(5) - counted(1) <= 4 * 7


def test_second_run_does_only_what_needs_no_request(lanck, send_text, phone, backdate):
    backdate(start_verification(number=phone), 601)
    reach_goal(send_text())
    with background():
        done = reconcile()
    assert (done.stopped, done.requests, done.expired) == ("taken", 0, 1)
    assert lanck.requests == []
    done = reconcile()
    assert (done.stopped, done.goals, done.asked) == ("", 1, 2)


def test_run_that_loses_its_lease_makes_no_more_requests(lanck, send_text, monkeypatch):
    send_text(), send_text()
    monkeypatch.setattr(pace, "RENEW_SECONDS", 0)

    def take_its_place(done):
        Lease.objects.update(holder="other")

    done = reconcile(progress=take_its_place)
    assert (done.stopped, done.requests, done.due) == ("taken", 1, 2)
    assert len(refreshes(lanck)) == 1


def test_open_breaker_stops_the_next_runs_without_a_request(lanck, send_text, breaker_settings):
    for _ in range(10):
        send_text()
    for _ in range(10):
        lanck.answer({}, http_status=500)
    with override_settings(LANCK={**breaker_settings, **FAST}):
        runs = [reconcile() for _ in range(4)]
    assert [run.requests for run in runs] == [3, 3, 1, 1]
    assert "LANCK was not called" in runs[2].stopped
    assert len(refreshes(lanck)) == 5


@pytest.mark.django_db(transaction=True)
def test_reconcile_inside_a_transaction_raises_and_claims_nothing(lanck, send_text):
    reach_goal(send_text())
    with transaction.atomic(), pytest.raises(RuntimeError, match="transaction"):
        reconcile()
    assert reconcile().requests == 2


@pytest.mark.django_db(transaction=True)
def test_concurrent_runs_do_everything_once(lanck, send_text, record_signal):
    changed, failed = record_signal(signals.message_status_changed), record_signal(signals.verification_failed)
    for _ in range(12):
        reach_goal(send_text())
        lanck.sent[-1].status = "DELIVERED"
    send_text(seconds=3601)
    Message.objects.filter(goal="").update(status="sending", status_rank=0, request_id=None)
    verification = start_verification(number="+12015550199")
    Verification.objects.filter(pk=verification.pk).update(expires_at=DatabaseNow())
    lanck.requests.clear()
    runs = call_concurrently(lambda number: reconcile(), 4, threads=4)
    assert len(set(lanck.requests)) == len(lanck.requests) == 24
    assert [sent.goals for sent in lanck.sent[:12]] == [["LINK_OPENED"]] * 12
    assert [sum(getattr(run, name) for run in runs) for name in ("asked", "goals", "lost", "expired")] == [12, 12, 1, 1]
    assert {run.stopped for run in runs} <= {"", "taken"}
    assert len(failed) == 1
    assert sorted(arguments["new_status"] for arguments in changed) == ["DELIVERED"] * 12 + ["unknown"]


def test_statements_use_an_index(lanck, send_text, django_assert_max_num_queries):
    if connection.vendor != "sqlite":
        return  # other databases choose plans by table size, and these tables are small
    reach_goal(send_text())
    with django_assert_max_num_queries(50) as captured:
        reconcile()
    found = [sql for sql in statements(captured) if sql.startswith(("SELECT", "UPDATE"))]
    assert len(found) > 8
    with connection.cursor() as cursor:
        for sql in found:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            assert not [row[3] for row in cursor.fetchall() if row[3].startswith("SCAN")], sql
