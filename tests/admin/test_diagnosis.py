"""The diagnosis of a missing code on the page of a number: cause and advice."""

from datetime import timedelta

import pytest
from django.db.models import F

from django_lanck.exceptions import Refusal
from django_lanck.models import Message, Verification
from django_lanck.services import (
    cancel_verification,
    check_verification,
    resend_verification,
    send_sms,
    start_verification,
)
from django_lanck.services.support.story import read_story

from .conftest import page_text, story_url

pytestmark = pytest.mark.django_db


def test_message_accepted_seconds_ago_advises_to_wait(lanck, phone, diagnosis_of):
    text = diagnosis_of(start_verification(number=phone))
    assert text.startswith("LANCK accepted the SMS ")
    assert text.endswith(" ago and has not reported a delivery yet. Look again in a few seconds.")


def test_message_accepted_a_minute_ago_advises_to_refresh(pending, diagnosis_of):
    assert (
        diagnosis_of(pending)
        == "LANCK accepted the SMS 1\xa0minute ago and has not reported a delivery yet. Refresh the status from LANCK."
    )


def test_sent_message_advises_to_refresh(lanck, pending, diagnosis_of):
    lanck.report(lanck.sent[-1], "SENT")
    assert "LANCK sent the SMS 1\xa0minute ago, and the network has not reported" in diagnosis_of(pending)
    assert diagnosis_of(pending).endswith("Refresh the status from LANCK.")


def test_unknown_status_is_not_final(lanck, pending, diagnosis_of):
    lanck.report(lanck.sent[-1], "BUFFERED")
    assert diagnosis_of(pending).endswith("has not reported a delivery yet. Refresh the status from LANCK.")


@pytest.mark.parametrize("status", ["UNDELIVERED", "REJECTED"])
def test_undelivered_message_advises_to_resend(lanck, pending, diagnosis_of, status):
    lanck.report(lanck.sent[-1], status)
    assert diagnosis_of(pending) == "The network did not deliver the SMS. Send the code again by voice call."


def test_newest_message_is_the_one_with_the_highest_key(lanck, pending, phone):
    resend_verification(verification_id=pending.pk, method="voice")
    Message.objects.filter(channel="sms").update(created_at=F("created_at") + timedelta(hours=1))
    story = read_story(phone, lambda model: True)
    assert [message.channel for message in story.messages] == ["sms", "voice"]
    assert story.message_of(pending).channel == "voice"


def test_resend_advice_contains_the_earliest_time(lanck, phone, diagnosis_of):
    verification = start_verification(number=phone)
    lanck.report(lanck.sent[-1], "UNDELIVERED")
    assert "Send the code again by voice call, from " in diagnosis_of(verification)


def test_without_resends_left_advises_to_start_again(lanck, pending, diagnosis_of):
    lanck.report(lanck.sent[-1], "UNDELIVERED")
    Verification.objects.update(resend_at=None)
    assert diagnosis_of(pending).endswith(
        "No further code is sent for this verification: the person has to start again."
    )


def test_unanswered_call_advises_to_resend(lanck, phone, diagnosis_of, backdate):
    verification = start_verification(number=phone, method="voice")
    backdate(verification, 60)
    lanck.report(lanck.sent[-1], "UNDELIVERED", sipStatus=486)
    assert (
        diagnosis_of(verification)
        == "The voice call did not get through or was not answered. Send the code again by SMS."
    )


def test_delivered_message_advises_to_enter_the_newest_code(lanck, pending, diagnosis_of):
    lanck.report(lanck.sent[-1], "DELIVERED")
    check_verification(verification_id=pending.pk, code="000000")
    text = diagnosis_of(pending)
    assert text.startswith("The network delivered the SMS at ")
    assert " 1 wrong code was typed. The person has to type the newest code by " in text
    assert text.endswith("If they cannot find it: Send the code again by voice call.")


def test_answered_call_is_reported_as_answered(lanck, phone, diagnosis_of):
    verification = start_verification(number=phone, method="voice")
    lanck.report(lanck.sent[-1], "ANSWERED")
    assert diagnosis_of(verification).startswith("The voice call was answered at ")


def test_unknown_outcome_advises_to_resend_if_missing(lanck, phone, diagnosis_of, backdate):
    lanck.lose_answer()
    verification = start_verification(number=phone)
    backdate(verification, 60)
    assert "It is not known whether LANCK accepted the SMS 1\xa0minute ago." in diagnosis_of(verification)
    assert diagnosis_of(verification).endswith("If it did not arrive: Send the code again by voice call.")


def test_refused_resend_is_reported(lanck, pending, phone, diagnosis_of):
    lanck.refuse(11)
    with pytest.raises(Refusal, match="invalid_number"):
        resend_verification(verification_id=pending.pk)
    assert diagnosis_of(pending).startswith("The SMS was refused and not sent.")


def test_refused_start_advises_another_method(lanck, phone, diagnosis_of, admin_client):
    lanck.refuse(11, reason="No such subscriber")
    with pytest.raises(Refusal, match="invalid_number"):
        start_verification(number=phone)
    verification = Verification.objects.get()
    text = diagnosis_of(verification)
    assert text.startswith("The SMS was refused and not sent. The verification was canceled at ")
    assert text.endswith("The person has to ask for a new code. Another method may help.")
    assert "No such subscriber" in page_text(admin_client, story_url(verification))


def test_expired_verification_advises_a_new_code(lanck, pending, diagnosis_of, backdate):
    lanck.report(lanck.sent[-1], "DELIVERED")
    backdate(pending, 600)
    text = diagnosis_of(pending)
    assert text.startswith("The network delivered the SMS at ")
    assert "The code expired at " in text
    assert text.endswith("The person has to ask for a new code.")


def test_exhausted_verification_reports_the_last_wrong_code(pending, diagnosis_of):
    for code in range(5):
        check_verification(verification_id=pending.pk, code=f"00000{code}")
    assert diagnosis_of(pending).startswith("Too many wrong codes were typed, the last one at ")


def test_canceled_verification_is_reported(pending, diagnosis_of):
    cancel_verification(verification_id=pending.pk)
    assert "The verification was canceled at " in diagnosis_of(pending)


def test_verified_number_needs_nothing(verified, diagnosis_of):
    assert diagnosis_of(verified).startswith("The number was verified at ")
    assert diagnosis_of(verified).endswith("the code arrived and was correct. There is nothing to do.")


def test_unredeemed_proof_advises_to_finish_or_start_again(lanck, pending, diagnosis_of, backdate):
    check_verification(verification_id=pending.pk, code=lanck.sent[-1].code)
    assert "The person has to finish on the site by " in diagnosis_of(pending)
    backdate(pending, 901)
    assert diagnosis_of(pending).endswith("The site did not redeem the proof in time: the person has to start again.")


def test_pending_verification_is_diagnosed_before_a_newer_ended_one(lanck, pending, phone, diagnosis_of):
    lanck.report(lanck.sent[-1], "UNDELIVERED")
    cancel_verification(verification_id=start_verification(number=phone).pk)
    assert diagnosis_of(pending) == "The network did not deliver the SMS. Send the code again by voice call."


def test_exceeded_limit_of_the_number_advises_to_lift_it(enable_limits, lanck, phone, diagnosis_of, backdate):
    enable_limits(LIMITS={"number": ["1/hour"]}, WATCH=["ladder"])
    verification = start_verification(number=phone)
    lanck.report(lanck.sent[-1], "UNDELIVERED")
    assert "exceeded a limit" not in diagnosis_of(verification)
    with pytest.raises(Refusal, match="too_many_requests"):
        start_verification(number=phone)
    text = diagnosis_of(verification)
    assert text.startswith("The network did not deliver the SMS. The number exceeded a limit: ")
    assert "at most 1 codes to this number in 1 hour. A new code can be requested from " in text
    assert text.endswith("If the person needs it now, lift the limit.")
    backdate(verification, 3601)
    assert "exceeded a limit" not in diagnosis_of(verification)


def test_verified_number_hides_exceeded_limit(enable_limits, lanck, phone, diagnosis_of):
    enable_limits(LIMITS={"number": ["1/hour"]}, WATCH=["ladder"])
    verification = start_verification(number=phone)
    with pytest.raises(Refusal, match="too_many_requests"):
        start_verification(number=phone)
    check_verification(verification_id=verification.pk, code=lanck.sent[-1].code)
    assert diagnosis_of(verification).startswith("The number was verified at ")


def test_watched_limit_is_no_cause(enable_limits, lanck, phone, diagnosis_of):
    enable_limits(LIMITS={"number": ["1/hour"]}, WATCH=["ladder", "number"])
    start_verification(number=phone)
    assert "exceeded a limit" not in diagnosis_of(start_verification(number=phone))


def test_exceeded_prefix_limit_cannot_be_lifted_here(enable_limits, lanck, phone, diagnosis_of):
    enable_limits(LIMITS={"prefix": ["1/day"]}, WATCH=["ladder"])
    verification = start_verification(number=phone)
    with pytest.raises(Refusal, match="too_many_requests"):
        start_verification(number=phone)
    assert "at most 1 codes to its block of numbers in 24 hours." in diagnosis_of(verification)
    assert "lift" not in diagnosis_of(verification)


def test_paused_prefix_is_reported(enable_limits, lanck, phone, diagnosis_of):
    enable_limits(CONVERSION={"prefix": (1, 10)}, WATCH=["ladder"])
    verification = start_verification(number=phone)
    with pytest.raises(Refusal, match="too_many_requests"):
        start_verification(number=phone)
    assert "A pause applies to the number: codes to its block of numbers that do not come back." in diagnosis_of(
        verification
    )


def test_exceeded_check_limit_reports_when_checks_continue(enable_limits, lanck, phone, diagnosis_of):
    enable_limits(CHECK_LIMITS={"number": ["1/day"]})
    verification = start_verification(number=phone)
    check_verification(verification_id=verification.pk, code="000000")
    assert check_verification(verification_id=verification.pk, code="000000").refusal == "too_many_requests"
    assert "at most 1 wrong codes for this number in 24 hours. Codes are checked again from " in diagnosis_of(
        verification
    )


def test_test_number_has_a_fixed_code(lanck, phone, diagnosis_of, settings):
    test = {phone: {"CODE": "424242", "UNTIL": "2100-01-01", "PURPOSES": ["signup"]}}
    settings.LANCK = {**lanck.settings, "TEST_NUMBERS": test, "TEST_NUMBERS_IN_PRODUCTION": True}
    verification = start_verification(number=phone)
    assert diagnosis_of(verification).startswith("This is a test number: its code is fixed, and nothing is sent.")


def test_message_without_verification_is_reported_as_no_code(lanck, phone, diagnosis_of, admin_client):
    message = send_sms(number=phone, text="Hi")
    lanck.report(lanck.sent[-1], "DELIVERED")
    assert diagnosis_of(message).startswith("The network delivered the SMS at ")
    assert diagnosis_of(message).endswith("No code was asked for; this is about another message.")
