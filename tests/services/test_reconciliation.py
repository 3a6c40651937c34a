from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test import override_settings

from django_lanck import signals
from django_lanck.exceptions import APIError
from django_lanck.models import DatabaseNow, Goal, Lease, Message, Verification
from django_lanck.services import background, check_verification, pace, reconcile, send_sms, start_verification
from django_lanck.services.maintenance import reconcile as reconciliation
from tests.helpers import statements
from tests.parallel import call_concurrently

pytestmark = pytest.mark.django_db
QUICK = {"BACKGROUND_RATE": 10_000}


@pytest.fixture(autouse=True)
def quick(lanck):
    with override_settings(LANCK={**lanck.settings, **QUICK}):
        yield


@pytest.fixture
def send(lanck, phone):
    """Send a text and age it; what LANCK was asked for is forgotten."""

    def send(seconds: float = 301, **arguments) -> Message:
        message = send_sms(number=phone, text="Hi", **arguments)
        age_message(message, seconds)
        lanck.requests.clear()
        return message

    return send


def age_message(message, seconds):
    shift = timedelta(seconds=seconds)
    row = Message.objects.filter(pk=message.pk)
    row.update(created_at=F("created_at") - shift, asked_at=F("asked_at") - shift)


def reach(message, goal=Goal.LINK_OPENED):
    assert Message.objects.filter(pk=message.pk).reach_goal(goal)


def asked_about(lanck):
    return [line for line in lanck.requests if line.startswith("GET")]


def told(lanck):
    return [line for line in lanck.requests if line.startswith("POST /requests/")]


def test_what_no_receipt_said_is_said_late(lanck, send, record_signal):
    changed = record_signal(signals.message_status_changed)
    message = send()
    lanck.sent[-1].status = "DELIVERED"
    done = reconcile()
    assert (done.requests, done.asked, done.changed, done.failed, done.stopped) == (1, 1, 1, 0, "")
    message.refresh_from_db()
    assert (message.status, message.network) == ("DELIVERED", "Test Mobile")
    assert [(said["old_status"], said["new_status"]) for said in changed] == [("accepted", "DELIVERED")]


def test_a_message_is_not_asked_about_before_its_time(lanck, send):
    send(seconds=295)
    assert reconcile().asked == 0
    assert lanck.requests == []


def test_a_goal_reached_early_does_not_bring_the_question_forward(lanck, send):
    reach(send(seconds=10))
    done = reconcile()
    assert (done.goals, done.asked) == (1, 0)
    assert asked_about(lanck) == []


def test_a_message_is_asked_about_again_once_as_much_time_passed_as_before(lanck, send):
    message = send(seconds=400)
    assert reconcile().asked == 1
    age_message(message, 380)
    assert reconcile().asked == 0
    age_message(message, 30)
    assert reconcile().asked == 1
    age_message(message, 700)  # it was 810 seconds old when asked about
    assert reconcile().asked == 0
    reach(message)
    assert reconcile().asked == 0
    age_message(message, 130)
    assert reconcile().asked == 1


@pytest.mark.parametrize("word", ["DELIVERED", "UNDELIVERED", "REJECTED", "ANSWERED"])
def test_a_final_message_is_not_asked_about(lanck, send, word):
    send()
    lanck.report(lanck.sent[-1], word)
    assert reconcile().asked == 0


def test_old_messages_and_those_without_an_id_are_left_alone(lanck, send):
    reach(send(seconds=3 * 86_400 + 1))
    lanck.lose_answer()
    reach(send(seconds=400))
    assert reconcile().requests == 0
    assert lanck.requests == []


def test_a_goal_is_reported_once(lanck, send):
    reach(send())
    assert reconcile().goals == 1
    assert reconcile().goals == 0
    assert lanck.sent[-1].goals == ["LINK_OPENED"]


def test_a_verified_number_is_a_goal(lanck, phone):
    verification = start_verification(number=phone, code_source="site")
    check_verification(verification_id=verification.pk, code=lanck.sent[-1].code)
    assert lanck.sent[-1].goals == []
    assert reconcile().goals == 1
    assert lanck.sent[-1].goals == ["NUMBER_VERIFIED"]


def test_a_goal_that_lanck_surely_did_not_note_is_reported_by_the_next_run(lanck, send):
    reach(send(seconds=10))
    lanck.refuse(4, http_status=429)
    done = reconcile()
    assert (done.goals, done.failed) == (0, 1)
    assert "too many requests" in done.stopped
    assert reconcile().goals == 1
    assert lanck.sent[-1].goals == ["LINK_OPENED"]


def test_a_goal_that_lanck_perhaps_noted_is_not_reported_again(lanck, send):
    reach(send(seconds=10))
    lanck.lose_answer()
    assert reconcile().failed == 1
    assert reconcile().goals == 0
    assert lanck.sent[-1].goals == ["LINK_OPENED"]


@pytest.mark.parametrize(("code", "status"), [(4, 429), (1, 401), (5, 401), (2, 400), (6, 403), (7, 403), (8, 400)])
def test_a_busy_lanck_and_a_refused_account_stop_the_run(lanck, send, code, status):
    send(), send()
    lanck.refuse(code, http_status=status)
    done = reconcile()
    assert (done.requests, done.failed) == (1, 1)
    assert f"error {code}" in done.stopped
    assert len(asked_about(lanck)) == 1


def test_a_lanck_that_cannot_be_reached_stops_the_run(lanck, send, unused_port):
    send(), send()
    keys = {**lanck.settings, **QUICK, "BASE_URL": f"http://127.0.0.1:{unused_port}/v1"}
    with override_settings(LANCK=keys):
        done = reconcile()
    assert (done.failed, done.stopped) == (1, "LANCK's server cannot be reached")


def test_a_lanck_that_does_not_answer_stops_the_run_after_three_requests(lanck, send):
    for _ in range(5):
        send()
    for _ in range(3):
        lanck.answer({"errorReason": "down"}, http_status=500)
    done = reconcile()
    assert (done.requests, done.failed) == (3, 3)
    assert "HTTP 500" in done.stopped


def test_silences_between_answers_do_not_stop_the_run(lanck, send):
    for _ in range(5):
        send()
    for status in (500, 500, 200, 500, 500):
        lanck.answer({"status": "SENT"}, http_status=status)
    done = reconcile()
    assert (done.requests, done.failed, done.stopped) == (5, 4, "")


def test_an_error_about_one_message_does_not_stop_the_run(lanck, send):
    send(), send()
    lanck.refuse(20, http_status=404)
    lanck.sent[-1].status = "DELIVERED"
    done = reconcile()
    assert (done.requests, done.failed, done.changed, done.stopped) == (2, 1, 1, "")


def test_the_limit_bounds_the_requests(lanck, send):
    for _ in range(3):
        reach(send())
    lanck.refuse(20, http_status=404)
    done = reconcile(limit=3)
    assert (done.requests, done.failed, done.stopped) == (3, 1, "limit")
    assert len(lanck.requests) == 3
    assert reconcile(limit=0).stopped == "limit"
    assert len(lanck.requests) == 3
    assert reconcile(limit=100).stopped == ""
    assert len(lanck.requests) == 6


@pytest.mark.parametrize("limit", [None, 4])
def test_each_message_is_visited_once_whatever_the_batch(lanck, send, monkeypatch, limit):
    monkeypatch.setattr(reconciliation, "BATCH", 2)
    for _ in range(5):
        reach(send())
    seen = []
    done = reconcile(limit=limit, progress=lambda done: seen.append(done.requests))
    assert seen == list(range(1, (limit or 10) + 1))
    assert len(set(lanck.requests)) == len(lanck.requests) == done.requests == (limit or 10)


def test_a_message_takes_a_fixed_number_of_statements(lanck, send, django_assert_max_num_queries):
    def counted(messages):
        for _ in range(messages):
            reach(send())
        with django_assert_max_num_queries(200) as captured:
            assert reconcile().requests == 2 * messages
        return len(statements(captured))

    assert counted(5) - counted(1) <= 4 * 7


def test_a_message_whose_worker_died_is_called_unknown_once(lanck, send, record_signal):
    changed = record_signal(signals.message_status_changed)
    dead, alive = send(seconds=3601), send(seconds=3500)
    Message.objects.update(status="sending", status_rank=0, request_id=None)
    assert reconcile().lost == 1
    dead.refresh_from_db()
    alive.refresh_from_db()
    assert (dead.status, alive.status) == ("unknown", "sending")
    assert dead.error_reason
    assert [(said["message"], said["old_status"], said["new_status"]) for said in changed] == [
        (dead, "sending", "unknown")
    ]
    assert reconcile().lost == 0


def test_messages_whose_workers_died_are_given_up_batch_by_batch(lanck, send, monkeypatch):
    monkeypatch.setattr(reconciliation, "BATCH", 2)
    for _ in range(5):
        send(seconds=3601)
    Message.objects.update(status="sending", status_rank=0, request_id=None)
    assert reconcile(limit=0).lost == 5


def test_a_message_that_never_learns_its_id_stays_unknown_and_is_closed_after_a_day(lanck, send):
    lanck.lose_answer()
    lost = send(seconds=86_390)
    assert (reconcile().closed, lanck.requests) == (0, [])
    age_message(lost, 11)
    assert (reconcile().closed, lanck.requests) == (1, [])
    assert reconcile().closed == 0
    lost.refresh_from_db()
    assert (lost.status, lost.request_id) == ("unknown", None)
    assert lost.status_at is not None


def test_messages_are_closed_batch_by_batch(lanck, send, monkeypatch):
    monkeypatch.setattr(reconciliation, "BATCH", 2)
    for _ in range(5):
        lanck.lose_answer()
        send(seconds=86_401)
    assert reconcile().closed == 5


def test_a_closed_message_still_learns_from_a_receipt(lanck, send):
    lanck.lose_answer()
    lost = send(seconds=86_401)
    reconcile()
    lanck.report(lanck.sent[-1], "SENT", timestamp=1_700_000_000)
    lost.refresh_from_db()
    assert (lost.status, lost.request_id) == ("SENT", lanck.sent[-1].request_id)
    assert lost.status_at.timestamp() == 1_700_000_000


def test_only_what_is_unknown_and_has_no_id_is_closed(lanck, send):
    lanck.refuse(10)
    with pytest.raises(APIError):
        send()
    lanck.lose_answer()
    known = send()
    Message.objects.filter(pk=known.pk).update(request_id="known")
    Message.objects.update(created_at=DatabaseNow() - timedelta(days=1, seconds=1))
    assert reconcile().closed == 0
    assert sorted(Message.objects.values_list("status", "status_at")) == [("refused", None), ("unknown", None)]


@pytest.mark.parametrize("days", [0.5, 1, 3])
def test_what_ended_unnoticed_is_found_however_few_days_lanck_is_asked_about(lanck, send, days):
    lanck.lose_answer()
    send(seconds=86_401)
    dead = send(seconds=86_401)
    Message.objects.filter(pk=dead.pk).update(status="sending", status_rank=0, request_id=None)
    with override_settings(LANCK={**lanck.settings, **QUICK, "RECONCILE_DAYS": days}):
        done = reconcile()
    assert (done.closed, done.lost) == (2, 1)


def test_while_another_runner_is_at_work_only_what_asks_nobody_is_done(lanck, send, phone, backdate):
    backdate(start_verification(number=phone), 601)
    reach(send())
    with background():
        done = reconcile()
    assert (done.stopped, done.requests, done.expired) == ("taken", 0, 1)
    assert lanck.requests == []
    done = reconcile()
    assert (done.stopped, done.goals, done.asked) == ("", 1, 2)


def test_a_run_that_loses_its_place_asks_nothing_more(lanck, send, monkeypatch):
    send(), send()
    monkeypatch.setattr(pace, "RENEW_SECONDS", 0)

    def take_its_place(done):
        Lease.objects.update(holder="other")

    done = reconcile(progress=take_its_place)
    assert (done.stopped, done.requests, done.due) == ("taken", 1, 2)
    assert len(asked_about(lanck)) == 1


def test_a_lanck_that_is_down_is_asked_nothing_more_by_the_next_runs(lanck, send, breaker_settings):
    for _ in range(10):
        send()
    for _ in range(10):
        lanck.answer({}, http_status=500)
    with override_settings(LANCK={**breaker_settings, **QUICK}):
        runs = [reconcile() for _ in range(4)]
    assert [run.requests for run in runs] == [3, 3, 1, 1]
    assert "LANCK was not asked" in runs[2].stopped
    assert len(asked_about(lanck)) == 5


def test_a_message_whose_answer_comes_meanwhile_is_not_given_up(lanck, send):
    message = send(seconds=3601)
    row = Message.objects.filter(pk=message.pk)
    assert not row.mark_unknown("too late")
    message.refresh_from_db()
    assert (message.status, message.error_reason) == ("accepted", "")


def test_verifications_that_ended_unnoticed_are_written_with_one_signal(lanck, phone, record_signal, backdate):
    failed = record_signal(signals.verification_failed)
    over = start_verification(number=phone)
    backdate(over, 601)
    start_verification(number=phone)
    assert reconcile().expired == 1
    assert reconcile().expired == 0
    assert [(said["verification"], said["reason"]) for said in failed] == [(over, "expired")]
    assert sorted(Verification.objects.values_list("state", flat=True)) == ["expired", "pending"]


def test_expired_verifications_are_written_batch_by_batch(lanck, phone, backdate, monkeypatch):
    monkeypatch.setattr(reconciliation, "BATCH", 2)
    for _ in range(5):
        backdate(start_verification(number=phone), 601)
    assert reconcile(limit=0).expired == 5


@pytest.mark.django_db(transaction=True)
def test_nothing_is_claimed_inside_a_transaction(lanck, send):
    reach(send())
    with transaction.atomic(), pytest.raises(RuntimeError, match="transaction"):
        reconcile()
    assert reconcile().requests == 2


@pytest.mark.django_db(transaction=True)
def test_runs_at_once_do_all_of_it_once(lanck, send, record_signal):
    changed, failed = record_signal(signals.message_status_changed), record_signal(signals.verification_failed)
    for _ in range(12):
        reach(send())
        lanck.sent[-1].status = "DELIVERED"
    send(seconds=3601)
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
    assert sorted(said["new_status"] for said in changed) == ["DELIVERED"] * 12 + ["unknown"]


def test_its_statements_use_an_index(lanck, send, django_assert_max_num_queries):
    if connection.vendor != "sqlite":
        return  # other databases plan by size; these tables are small
    reach(send())
    with django_assert_max_num_queries(50) as captured:
        reconcile()
    found = [sql for sql in statements(captured) if sql.startswith(("SELECT", "UPDATE"))]
    assert len(found) > 8
    with connection.cursor() as cursor:
        for sql in found:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            assert not [row[3] for row in cursor.fetchall() if row[3].startswith("SCAN")], sql


@pytest.mark.parametrize("word", ["sending", "SENDING"])
def test_a_word_of_lancks_is_not_taken_for_this_apps_own(lanck, send, word):
    send(seconds=3601)
    lanck.report(lanck.sent[-1], word)
    lanck.sent[-1].status = ""
    assert reconcile().lost == 0
    assert Message.objects.get().status == word
