"""Call details of receipts, and goals that are reported at once."""

from datetime import UTC, datetime

import pytest

from django_lanck.exceptions import InvalidArgument, RequestNotFound
from django_lanck.models import Message, Receipt
from django_lanck.services import call_details, flash_call, report_goal, send_sms, speak_text

pytestmark = pytest.mark.django_db
# The example of LANCK's documentation.
PAGE = {
    "mccmnc": "282002",
    "sipStatus": 200,
    "timestamp": 1656666364,
    "callCreatedAt": 1656666328,
    "callRingStartedAt": 1656666334,
    "callAnsweredAt": 1656666347,
    "callEndedAt": 1656666364,
    "billable": True,
    "duration": 17,
}


def at(seconds):
    return datetime.fromtimestamp(seconds, UTC)


def test_call_details_of_the_documented_receipt_are_parsed(lanck, phone):
    speak_text(number=phone, text="Hi")
    lanck.report(lanck.sent[-1], "ANSWERED", **PAGE)
    assert Message.objects.get().status == "ANSWERED"
    call = call_details(Receipt.objects.get())
    assert (call.sip_status, call.billable, call.duration) == (200, True, 17)
    assert (call.created_at, call.ring_started_at) == (at(1656666328), at(1656666334))
    assert (call.answered_at, call.ended_at) == (at(1656666347), at(1656666364))


def test_details_of_an_unanswered_call_have_no_answer_time(lanck, phone):
    flash_call(number=phone)
    lanck.report(lanck.sent[-1], "UNDELIVERED", sipStatus=486, duration=0, billable=False)
    call = call_details(Receipt.objects.get())
    assert (call.sip_status, call.answered_at, call.billable, call.duration) == (486, None, False, 0)


def test_invalid_call_details_are_none(lanck, phone):
    flash_call(number=phone)
    lanck.report(lanck.sent[-1], "DELIVERED", sipStatus="x", callEndedAt="soon", billable="yes", duration=-3)
    call = call_details(Receipt.objects.get())
    assert (call.sip_status, call.ended_at, call.billable, call.duration) == (None, None, None, None)


def test_receipt_of_a_text_has_no_call_details(lanck, phone):
    send_sms(number=phone, text="Hi")
    lanck.report(lanck.sent[-1], "DELIVERED")
    assert call_details(Receipt.objects.get()) is None


def test_goal_of_the_site_is_reported_at_once(lanck, phone):
    message = send_sms(number=phone, text="Hi")
    report_goal(message=message, goal="BOUGHT")
    assert lanck.sent[-1].goals == ["BOUGHT"]
    lanck.reset()
    with pytest.raises(RequestNotFound):
        report_goal(message=message, goal="BOUGHT")


def test_goal_of_a_message_without_request_id_raises(lanck, phone):
    lanck.lose_answer()
    message = send_sms(number=phone, text="Hi")
    with pytest.raises(InvalidArgument, match="message"):
        report_goal(message=message, goal="BOUGHT")
