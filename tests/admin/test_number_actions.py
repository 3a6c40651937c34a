"""The actions of staff on the page of a number, and their log entries."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.db import connections
from django.test import Client
from django.urls import reverse

from django_lanck.models import LimitCounter, Message, Verification, VerifiedNumber
from django_lanck.services import check_verification, opt_out, start_verification
from tests.parallel import call_concurrently

from .conftest import MASKED, admin_url, page_text, search_number, story_url

pytestmark = pytest.mark.django_db


@pytest.fixture
def undelivered(lanck, phone, backdate):
    verification = start_verification(number=phone, binding="session:of the person")
    lanck.report(lanck.sent[-1], "UNDELIVERED")
    backdate(verification, 60)
    return verification


def take_action(client, row, what, **given):
    """Take an action on the page of a row's number; return the page that follows."""
    answer = client.post(story_url(row, f"story_{what}"), given, follow=True)
    return answer.content.decode()


def log_entries():
    """Return message and row of each log entry, oldest first."""
    return [(entry.get_change_message(), entry.object_repr) for entry in LogEntry.objects.order_by("pk")]


def test_refresh_updates_status_and_writes_log_entry(admin_client, lanck, phone):
    verification = start_verification(number=phone)
    start_verification(number="+12015550199")
    lanck.sent[0].status = "UNDELIVERED"
    page = take_action(admin_client, verification, "ask")
    assert "Refreshed 1 message, 1 changed." in page
    assert "The network did not deliver the SMS." in page
    assert log_entries() == [("Refreshed 1 message, 1 changed.", f"{MASKED} (signup)")]
    assert "GET /requests/" in lanck.requests[-1]


def test_message_with_final_status_is_not_refreshed(admin_client, lanck, undelivered):
    page = page_text(admin_client, story_url(undelivered))
    assert "Refresh from LANCK" not in page
    before = list(lanck.requests)
    assert "Refreshed 0 messages" in take_action(admin_client, undelivered, "ask")
    assert lanck.requests == before


def test_refresh_shows_error_of_lanck(admin_client, lanck, phone):
    verification = start_verification(number=phone)
    lanck.refuse(6, http_status=403, reason=f"No funds for {phone}")
    page = take_action(admin_client, verification, "ask")
    assert "LANCK did not return the status: " in page
    assert "insufficient funds" in page


def test_refresh_is_limited_to_50_messages(admin_client, lanck, phone, monkeypatch):
    refreshed = []
    monkeypatch.setattr(
        "django_lanck.services.messages.refresh.refresh_message", lambda message: bool(refreshed.append(message))
    )
    Message.objects.bulk_create(
        Message(channel="sms", number=phone, request_id=f"r{index}", status="accepted", status_rank=2)
        for index in range(60)
    )
    row = Message.objects.first()
    assert "Refreshed 50 messages, 0 changed." in take_action(admin_client, row, "ask")
    assert len({message.pk for message in refreshed}) == 50


def test_refresh_stops_after_the_time_limit(admin_client, lanck, phone, monkeypatch):
    monkeypatch.setattr("django_lanck.services.messages.refresh.MAX_SECONDS", -1)
    verification = start_verification(number=phone)
    assert "LANCK is slow. Refresh the other messages later." in take_action(admin_client, verification, "ask")


def test_resend_by_voice_sends_code_and_writes_log_entry(admin_client, lanck, undelivered):
    page = page_text(admin_client, story_url(undelivered))
    assert page.index("Send again by voice call…") < page.index("Send again by SMS…")
    given = {"verification": str(undelivered.pk), "method": "voice"}
    confirm = page_text(admin_client, story_url(undelivered, "story_resend"), given)
    assert "Send the code again by voice call?" in confirm
    assert "which costs money" in confirm
    assert len(lanck.sent) == 1
    page = take_action(admin_client, undelivered, "resend", **given)
    assert "The code was sent again by voice call." in page
    assert (len(lanck.sent), lanck.sent[-1].channel) == (2, "voice")
    assert log_entries() == [("The code was sent again by voice call.", f"{MASKED} (signup)")]
    assert "Noted by admin: The code was sent again by voice call." in page
    code = lanck.sent[-1].code
    assert check_verification(verification_id=undelivered.pk, code=code, binding="session:of the person").proof


def test_refused_resend_shows_the_refusal_and_writes_log_entry(admin_client, lanck, phone):
    verification = start_verification(number=phone)
    page = take_action(admin_client, verification, "resend", verification=verification.pk, method="voice")
    text = "The code was not sent again by voice call: Please wait a little before you ask for another code. Wait "
    assert text in page
    assert len(lanck.sent) == 1
    [(note, row)] = log_entries()
    assert note.startswith(text)
    assert row == f"{MASKED} (signup)"


def test_resend_by_staff_counts_against_limits_of_the_person(enable_limits, admin_client, lanck, phone, backdate):
    enable_limits(LIMITS={"number": ["1/hour"]}, WATCH=["ladder"])
    verification = start_verification(number=phone)
    Verification.objects.update(resend_at=verification.created_at)
    page = take_action(admin_client, verification, "resend", verification=verification.pk, method="voice")
    assert "Too many requests. Please wait before you try again." in page
    assert len(lanck.sent) == 1


def test_resend_with_unknown_outcome_is_reported_as_unknown(admin_client, lanck, undelivered):
    lanck.lose_answer()
    page = take_action(admin_client, undelivered, "resend", verification=undelivered.pk, method="voice")
    assert "It is not known whether LANCK accepted the voice call." in page
    assert log_entries()[0][0] == "It is not known whether LANCK accepted the voice call."


@pytest.mark.parametrize("method", ["", "viber", "<script>"])
def test_resend_by_method_that_is_not_offered_is_refused(admin_client, lanck, undelivered, method):
    page = take_action(admin_client, undelivered, "resend", verification=undelivered.pk, method=method)
    assert "The code cannot be sent again this way." in page
    assert len(lanck.sent) == 1
    assert log_entries() == []


def test_resend_of_other_or_ended_verification_is_refused(admin_client, lanck, undelivered, backdate):
    other = start_verification(number="+12015550199")
    backdate(other, 60)
    for pk in (other.pk, "nonsense", ""):
        assert "The code cannot be sent again this way." in take_action(
            admin_client, undelivered, "resend", verification=pk, method="voice"
        )
    Verification.objects.update(state="canceled")
    page = take_action(admin_client, undelivered, "resend", verification=undelivered.pk, method="voice")
    assert "The code cannot be sent again this way." in page
    assert "Send again by" not in page
    assert len(lanck.sent) == 2


def test_lifted_limits_allow_another_start(enable_limits, admin_client, lanck, phone):
    enable_limits(LIMITS={"number": ["1/hour"]})
    verification = start_verification(number=phone)
    assert "Lift the person" in page_text(admin_client, story_url(verification))
    page = take_action(admin_client, verification, "lift")
    assert "2 limits were lifted." in page
    assert log_entries() == [("2 limits were lifted.", f"{MASKED} (signup)")]
    assert "exceeded" not in page
    start_verification(number=phone)
    assert len(lanck.sent) == 2


def test_lifting_includes_limits_of_owner_and_session(enable_limits, admin_client, lanck, phone):
    enable_limits(LIMITS={"user": ["1/hour"], "session": ["1/hour"]}, WATCH=["ladder"])
    owner = get_user_model().objects.create_user("owner")
    start_verification(number="+12015550199", user=owner)
    verification = start_verification(number=phone, binding="session:of the person")
    VerifiedNumber.objects.create(number=phone, user=owner, verified_at=verification.created_at)
    take_action(admin_client, verification, "lift")
    start_verification(number="+12015550199", user=owner)
    start_verification(number=phone, binding="session:of the person")


def test_lifting_without_active_limit_reports_none_lifted(admin_client, lanck, phone):
    verification = start_verification(number=phone)
    page = page_text(admin_client, story_url(verification))
    assert "Lift the person" not in page
    LimitCounter.objects.all().delete()
    assert "No limit was active, so none was lifted." in take_action(admin_client, verification, "lift")


def test_forget_page_lists_what_is_deleted_and_what_stays(admin_client, lanck, verified, phone):
    opt_out(number=phone)
    page = page_text(admin_client, story_url(verified, "story_forget"))
    for text in (
        f"Forget {phone}?",
        "This cannot be undone.",
        "Verifications <b>1</b>: stay for statistics, without number, user and proof",
        "Messages <b>1</b>: stay for statistics",
        "Receipts <b>2</b>: are deleted",
        "Verified numbers <b>1</b>: are deleted; the user stays",
        "The number stays on the list of opt-outs, so that the opt-out is respected.",
        "Counters of limits stay until they expire",
    ):
        assert text in page, text
    assert VerifiedNumber.objects.exists()


def test_page_after_forgetting_does_not_contain_the_number(admin_client, lanck, verified, phone):
    message = verified.messages.get()
    answer = admin_client.post(story_url(message, "story_forget"), follow=True)
    assert answer.redirect_chain == [(reverse("admin:app_list", args=["lanck"]), 302)]
    page = answer.content.decode()
    assert "The number was forgotten: verifications 1, messages 1, receipts 2, verified numbers 1." in page
    assert phone.removeprefix("+") not in page
    assert "+1201" not in page
    assert Verification.objects.get().number == ""
    assert not VerifiedNumber.objects.exists()


def test_log_entry_of_forgetting_has_the_user_and_not_the_number(admin_client, lanck, verified, phone):
    take_action(admin_client, verified, "ask")
    take_action(admin_client, verified, "forget")
    assert [row for _text, row in log_entries()] == ["•••", "••• (signup)"]
    assert log_entries()[-1][0].startswith("The number was forgotten: ")
    assert LogEntry.objects.filter(user__username="admin", object_id=str(verified.pk)).count() == 2
    for row in (verified, verified.messages.get()):
        assert admin_client.get(story_url(row)).status_code == 404
    assert "Nothing was ever requested for this number." in search_number(admin_client, phone).content.decode()
    assert admin_client.get(admin_url("verification", verified.pk)).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_concurrent_resends_hold_no_transaction_and_send_one_code(admin_user, lanck, phone, backdate):
    """The views are exempt from ATOMIC_REQUESTS."""
    verification = start_verification(number=phone)
    backdate(verification, 60)
    databases = connections["default"].settings_dict
    pages = []

    def resend(index):
        client = Client()
        client.force_login(admin_user)
        given = {"verification": str(verification.pk), "method": "voice"}
        pages.append(client.post(story_url(verification, "story_resend"), given))

    databases["ATOMIC_REQUESTS"] = True
    try:
        results = call_concurrently(resend, 6, threads=6)
    finally:
        databases["ATOMIC_REQUESTS"] = False
    assert [result for result in results if result] == []
    assert {page.status_code for page in pages} == {302}
    assert [sent.channel for sent in lanck.sent] == ["sms", "voice"]
    assert Message.objects.count() == 2
    notes = [note for note, _row in log_entries()]
    assert len(notes) == 6
    assert notes.count("The code was sent again by voice call.") == 1


@pytest.mark.django_db(transaction=True)
def test_refresh_and_forget_hold_no_transaction_of_the_request(admin_client, lanck, phone):
    verification = start_verification(number=phone)
    lanck.sent[-1].status = "DELIVERED"
    databases = connections["default"].settings_dict
    databases["ATOMIC_REQUESTS"] = True
    try:
        assert "1 changed." in take_action(admin_client, verification, "ask")
        assert "The number was forgotten" in take_action(admin_client, verification, "forget")
    finally:
        databases["ATOMIC_REQUESTS"] = False
