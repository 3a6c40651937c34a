"""What most likely happened to the code of a number, and what to do about it."""

from datetime import timedelta

import pytest
from django.db.models import F

from django_lanck.models import Message, Verification
from django_lanck.services import (
    cancel_verification,
    check_verification,
    resend_verification,
    send_sms,
    start_verification,
)
from django_lanck.services.support.story import read_story

from .conftest import story_of

pytestmark = pytest.mark.django_db


def test_lanck_took_it_just_now(lanck, phone, told):
    said = told(start_verification(number=phone))
    assert said.startswith("LANCK took the SMS ")
    assert said.endswith(" ago and has not said what became of it. Look again in a few seconds.")


def test_lanck_took_it_and_says_nothing(waiting, told):
    assert told(waiting) == "LANCK took the SMS 1\xa0minute ago and has not said what became of it. Ask LANCK now."


def test_lanck_sent_it_on(lanck, waiting, told):
    lanck.report(lanck.sent[-1], "SENT")
    assert "LANCK sent the SMS on 1\xa0minute ago, and the network has not said" in told(waiting)
    assert told(waiting).endswith("Ask LANCK now.")


def test_a_word_that_nobody_knows_is_no_end(lanck, waiting, told):
    lanck.report(lanck.sent[-1], "BUFFERED")
    assert told(waiting).endswith("has not said what became of it. Ask LANCK now.")


@pytest.mark.parametrize("status", ["UNDELIVERED", "REJECTED"])
def test_the_network_did_not_deliver_it(lanck, waiting, told, status):
    lanck.report(lanck.sent[-1], status)
    assert told(waiting) == "The network did not deliver the SMS. Send the code again by voice call."


def test_the_newest_message_is_the_one_that_was_kept_last_whatever_the_clock_did(lanck, waiting, phone):
    resend_verification(verification_id=waiting.pk, method="voice")
    Message.objects.filter(channel="sms").update(created_at=F("created_at") + timedelta(hours=1))
    story = read_story(phone, lambda model: True)
    assert [message.channel for message in story.messages] == ["sms", "voice"]
    assert story.message_of(waiting).channel == "voice"


def test_when_it_can_be_sent_again(lanck, phone, told):
    verification = start_verification(number=phone)
    lanck.report(lanck.sent[-1], "UNDELIVERED")
    assert "Send the code again by voice call, from " in told(verification)


def test_it_cannot_be_sent_again(lanck, waiting, told):
    lanck.report(lanck.sent[-1], "UNDELIVERED")
    Verification.objects.update(resend_at=None)
    assert told(waiting).endswith("No further code is sent for this verification: the person has to start again.")


def test_a_call_that_nobody_took(lanck, phone, told, backdate):
    verification = start_verification(number=phone, method="voice")
    backdate(verification, 60)
    lanck.report(lanck.sent[-1], "UNDELIVERED", sipStatus=486)
    assert told(verification) == "The voice call did not get through, or nobody took it. Send the code again by SMS."


def test_the_code_arrived(lanck, waiting, told):
    lanck.report(lanck.sent[-1], "DELIVERED")
    check_verification(verification_id=waiting.pk, code="000000")
    said = told(waiting)
    assert said.startswith("The network delivered the SMS at ")
    assert " 1 wrong code was typed. The person has to type the newest code by " in said
    assert said.endswith("If they cannot find it: Send the code again by voice call.")


def test_a_call_was_answered(lanck, phone, told):
    verification = start_verification(number=phone, method="voice")
    lanck.report(lanck.sent[-1], "ANSWERED")
    assert told(verification).startswith("The voice call was answered at ")


def test_whether_lanck_took_it_is_not_known(lanck, phone, told, backdate):
    lanck.lose_answer()
    verification = start_verification(number=phone)
    backdate(verification, 60)
    assert "It is not known whether LANCK took the SMS 1\xa0minute ago." in told(verification)
    assert told(verification).endswith("If it did not come: Send the code again by voice call.")


def test_a_resend_was_refused(lanck, waiting, phone, told):
    lanck.refuse(11)
    with pytest.raises(Exception, match="invalid_number"):
        resend_verification(verification_id=waiting.pk)
    assert told(waiting).startswith("The SMS was refused and not sent.")


def test_the_start_was_refused(lanck, phone, told, admin_client):
    lanck.refuse(11, reason="No such subscriber")
    with pytest.raises(Exception, match="invalid_number"):
        start_verification(number=phone)
    verification = Verification.objects.get()
    said = told(verification)
    assert said.startswith("The SMS was refused and not sent. The verification was canceled at ")
    assert said.endswith("The person has to ask for a new code. Another method may help.")
    assert "No such subscriber" in admin_client.get(story_of(verification)).content.decode()


def test_the_time_was_over(lanck, waiting, told, backdate):
    lanck.report(lanck.sent[-1], "DELIVERED")
    backdate(waiting, 600)
    said = told(waiting)
    assert said.startswith("The network delivered the SMS at ")
    assert "The time for the code was over at " in said
    assert said.endswith("The person has to ask for a new code.")


def test_too_many_wrong_codes(waiting, told):
    for code in range(5):
        check_verification(verification_id=waiting.pk, code=f"00000{code}")
    assert told(waiting).startswith("Too many wrong codes were typed, the last one at ")


def test_the_person_canceled(waiting, told):
    cancel_verification(verification_id=waiting.pk)
    assert "The verification was canceled at " in told(waiting)


def test_it_was_verified(story, told):
    assert told(story).startswith("The number was verified at ")
    assert told(story).endswith("the code came, and it was right. There is nothing to do.")


def test_the_site_has_not_taken_the_proof_yet(lanck, waiting, told, backdate):
    check_verification(verification_id=waiting.pk, code=lanck.sent[-1].code)
    assert "The person has to finish on the site by " in told(waiting)
    backdate(waiting, 901)
    assert told(waiting).endswith("The site did not take the proof in time: the person has to start again.")


def test_a_pending_verification_matters_more_than_a_newer_one_that_ended(lanck, waiting, phone, told):
    lanck.report(lanck.sent[-1], "UNDELIVERED")
    cancel_verification(verification_id=start_verification(number=phone).pk)
    assert told(waiting) == "The network did not deliver the SMS. Send the code again by voice call."


def test_the_number_ran_into_its_limit(enable_limits, lanck, phone, told, backdate):
    enable_limits(LIMITS={"number": ["1/hour"]}, WATCH=["ladder"])
    verification = start_verification(number=phone)
    lanck.report(lanck.sent[-1], "UNDELIVERED")
    assert "ran into" not in told(verification)
    with pytest.raises(Exception, match="too_many_requests"):
        start_verification(number=phone)
    said = told(verification)
    assert said.startswith("The network did not deliver the SMS. The number ran into a limit: ")
    assert "at most 1 codes to this number in 1 hour. It may ask again at " in said
    assert said.endswith("If the person needs it now, lift the limit.")
    backdate(verification, 3601)
    assert "ran into" not in told(verification)


def test_a_number_that_was_verified_meanwhile_needs_no_more_codes(enable_limits, lanck, phone, told):
    enable_limits(LIMITS={"number": ["1/hour"]}, WATCH=["ladder"])
    verification = start_verification(number=phone)
    with pytest.raises(Exception, match="too_many_requests"):
        start_verification(number=phone)
    check_verification(verification_id=verification.pk, code=lanck.sent[-1].code)
    assert told(verification).startswith("The number was verified at ")


def test_a_limit_that_only_watches_is_no_reason(enable_limits, lanck, phone, told):
    enable_limits(LIMITS={"number": ["1/hour"]}, WATCH=["ladder", "number"])
    start_verification(number=phone)
    assert "ran into" not in told(start_verification(number=phone))


def test_the_block_of_numbers_is_full(enable_limits, lanck, phone, told):
    enable_limits(LIMITS={"prefix": ["1/day"]}, WATCH=["ladder"])
    verification = start_verification(number=phone)
    with pytest.raises(Exception, match="too_many_requests"):
        start_verification(number=phone)
    assert "at most 1 codes to its block of numbers in 24 hours." in told(verification)
    assert "lift" not in told(verification)


def test_the_block_of_numbers_is_paused(enable_limits, lanck, phone, told):
    enable_limits(CONVERSION={"prefix": (1, 10)}, WATCH=["ladder"])
    verification = start_verification(number=phone)
    with pytest.raises(Exception, match="too_many_requests"):
        start_verification(number=phone)
    assert "The number ran into a pause of codes to its block of numbers that do not come back." in told(verification)


def test_wrong_codes_are_limited(enable_limits, lanck, phone, told):
    enable_limits(CHECK_LIMITS={"number": ["1/day"]})
    verification = start_verification(number=phone)
    check_verification(verification_id=verification.pk, code="000000")
    with pytest.raises(Exception, match="too_many_requests"):
        check_verification(verification_id=verification.pk, code="000000")
    assert "at most 1 wrong codes for this number in 24 hours. Codes are checked again from " in told(verification)


def test_a_test_number(lanck, phone, told, settings):
    test = {phone: {"CODE": "424242", "UNTIL": "2100-01-01", "PURPOSES": ["signup"]}}
    settings.LANCK = {**lanck.settings, "TEST_NUMBERS": test, "TEST_NUMBERS_IN_PRODUCTION": True}
    verification = start_verification(number=phone)
    assert told(verification).startswith("This is a test number: its code is fixed, and nothing is sent.")


def test_another_message_than_a_code(lanck, phone, told, admin_client):
    message = send_sms(number=phone, text="Hi")
    lanck.report(lanck.sent[-1], "DELIVERED")
    assert told(message).startswith("The network delivered the SMS at ")
    assert told(message).endswith("No code was asked for; this is about another message.")
