"""Reconciliation: which messages are refreshed, and which goals are reported."""

import pytest

from django_lanck import signals
from django_lanck.services import check_verification, reconcile, start_verification
from tests.services.maintenance.messages import age, reach_goal, refreshes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fast")]


def test_status_without_a_receipt_is_refreshed(lanck, send_text, record_signal):
    changed = record_signal(signals.message_status_changed)
    message = send_text()
    lanck.sent[-1].status = "DELIVERED"
    done = reconcile()
    assert (done.requests, done.asked, done.changed, done.failed, done.stopped) == (1, 1, 1, 0, "")
    message.refresh_from_db()
    assert (message.status, message.network) == ("DELIVERED", "Test Mobile")
    assert [(arguments["old_status"], arguments["new_status"]) for arguments in changed] == [("accepted", "DELIVERED")]


def test_recent_message_is_not_refreshed(lanck, send_text):
    send_text(seconds=295)
    assert reconcile().asked == 0
    assert lanck.requests == []


def test_goal_of_a_recent_message_is_reported_without_a_refresh(lanck, send_text):
    reach_goal(send_text(seconds=10))
    done = reconcile()
    assert (done.goals, done.asked) == (1, 0)
    assert refreshes(lanck) == []


def test_interval_between_refreshes_doubles_the_age_of_the_message(lanck, send_text):
    message = send_text(seconds=400)
    assert reconcile().asked == 1
    age(message, 380)
    assert reconcile().asked == 0
    age(message, 30)
    assert reconcile().asked == 1
    age(message, 700)  # it was 810 seconds old at the last refresh
    assert reconcile().asked == 0
    reach_goal(message)
    assert reconcile().asked == 0
    age(message, 130)
    assert reconcile().asked == 1


@pytest.mark.parametrize("status", ["DELIVERED", "UNDELIVERED", "REJECTED", "ANSWERED"])
def test_message_with_final_status_is_not_refreshed(lanck, send_text, status):
    send_text()
    lanck.report(lanck.sent[-1], status)
    assert reconcile().asked == 0


def test_messages_that_are_too_old_or_have_no_request_id_are_skipped(lanck, send_text):
    reach_goal(send_text(seconds=3 * 86_400 + 1))
    lanck.lose_answer()
    reach_goal(send_text(seconds=400))
    assert reconcile().requests == 0
    assert lanck.requests == []


def test_goal_is_reported_once(lanck, send_text):
    reach_goal(send_text())
    assert reconcile().goals == 1
    assert reconcile().goals == 0
    assert lanck.sent[-1].goals == ["LINK_OPENED"]


def test_verified_number_is_reported_as_a_goal(lanck, phone):
    verification = start_verification(number=phone, code_source="site")
    check_verification(verification_id=verification.pk, code=lanck.sent[-1].code)
    assert lanck.sent[-1].goals == []
    assert reconcile().goals == 1
    assert lanck.sent[-1].goals == ["NUMBER_VERIFIED"]


def test_refused_report_of_a_goal_is_repeated_by_the_next_run(lanck, send_text):
    reach_goal(send_text(seconds=10))
    lanck.refuse(4, http_status=429)
    done = reconcile()
    assert (done.goals, done.failed) == (0, 1)
    assert "too many requests" in done.stopped
    assert reconcile().goals == 1
    assert lanck.sent[-1].goals == ["LINK_OPENED"]


def test_report_of_a_goal_with_unknown_outcome_is_not_repeated(lanck, send_text):
    reach_goal(send_text(seconds=10))
    lanck.lose_answer()
    assert reconcile().failed == 1
    assert reconcile().goals == 0
    assert lanck.sent[-1].goals == ["LINK_OPENED"]
