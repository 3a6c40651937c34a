"""What an agent can do for the person of a number, and what is noted of it."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.db import connections
from django.test import Client
from django.urls import reverse

from django_lanck.models import LimitCounter, Message, Verification, VerifiedNumber
from django_lanck.services import check_verification, opt_out, start_verification
from tests.parallel import call_concurrently

from .conftest import MASKED, address, find, story_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def undelivered(lanck, phone, backdate):
    verification = start_verification(number=phone, binding="session:of the person")
    lanck.report(lanck.sent[-1], "UNDELIVERED")
    backdate(verification, 60)
    return verification


def act(client, row, what, **given):
    """What the page says after an act."""
    answer = client.post(story_of(row, f"story_{what}"), given, follow=True)
    return answer.content.decode()


def noted():
    """What each note says, and of what."""
    return [(entry.get_change_message(), entry.object_repr) for entry in LogEntry.objects.order_by("pk")]


def test_asking_lanck_brings_the_news_and_is_noted(admin_client, lanck, phone):
    verification = start_verification(number=phone)
    start_verification(number="+12015550199")
    lanck.sent[0].status = "UNDELIVERED"
    page = act(admin_client, verification, "ask")
    assert "Asked about 1 message. News: 1." in page
    assert "The network did not deliver the SMS." in page
    assert noted() == [("Asked about 1 message. News: 1.", f"{MASKED} (signup)")]
    assert "GET /requests/" in lanck.requests[-1]


def test_what_is_settled_is_not_asked_about(admin_client, lanck, undelivered):
    page = admin_client.get(story_of(undelivered)).content.decode()
    assert "Ask LANCK now" not in page
    before = list(lanck.requests)
    assert "Asked about 0 messages." in act(admin_client, undelivered, "ask")
    assert lanck.requests == before


def test_lanck_does_not_tell(admin_client, lanck, phone):
    verification = start_verification(number=phone)
    lanck.refuse(6, http_status=403, reason=f"No funds for {phone}")
    page = act(admin_client, verification, "ask")
    assert "LANCK did not tell: " in page
    assert "insufficient funds" in page


def test_at_most_50_messages_are_asked_about(admin_client, lanck, phone, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "django_lanck.services.messages.refresh.refresh_message", lambda message: bool(asked.append(message))
    )
    Message.objects.bulk_create(
        Message(channel="sms", number=phone, request_id=f"r{index}", status="accepted", status_rank=2)
        for index in range(60)
    )
    row = Message.objects.first()
    assert "Asked about 50 messages. News: 0." in act(admin_client, row, "ask")
    assert len({message.pk for message in asked}) == 50


def test_a_slow_lanck_is_not_asked_for_long(admin_client, lanck, phone, monkeypatch):
    monkeypatch.setattr("django_lanck.services.messages.refresh.MAX_SECONDS", -1)
    verification = start_verification(number=phone)
    assert "LANCK is slow. Ask about the others again later." in act(admin_client, verification, "ask")


def test_the_code_is_sent_again_by_voice(admin_client, lanck, undelivered):
    page = admin_client.get(story_of(undelivered)).content.decode()
    assert page.index("Send again by voice call…") < page.index("Send again by SMS…")
    given = {"verification": str(undelivered.pk), "method": "voice"}
    confirm = admin_client.get(story_of(undelivered, "story_resend"), given).content.decode()
    assert "Send the code again by voice call?" in confirm
    assert "which costs money" in confirm
    assert len(lanck.sent) == 1
    page = act(admin_client, undelivered, "resend", **given)
    assert "The code was sent again by voice call." in page
    assert (len(lanck.sent), lanck.sent[-1].channel) == (2, "voice")
    assert noted() == [("The code was sent again by voice call.", f"{MASKED} (signup)")]
    assert "Noted by admin: The code was sent again by voice call." in page
    code = lanck.sent[-1].code
    assert check_verification(verification_id=undelivered.pk, code=code, binding="session:of the person").proof


def test_a_refusal_is_told_in_its_own_words_and_noted(admin_client, lanck, phone):
    verification = start_verification(number=phone)
    page = act(admin_client, verification, "resend", verification=verification.pk, method="voice")
    said = "The code was not sent again by voice call: Please wait a little before you ask for another code. Wait "
    assert said in page
    assert len(lanck.sent) == 1
    [(note, row)] = noted()
    assert note.startswith(said)
    assert row == f"{MASKED} (signup)"


def test_the_limits_of_the_person_hold_for_the_agent(enable_limits, admin_client, lanck, phone, backdate):
    enable_limits(LIMITS={"number": ["1/hour"]}, WATCH=["ladder"])
    verification = start_verification(number=phone)
    Verification.objects.update(resend_at=verification.created_at)
    page = act(admin_client, verification, "resend", verification=verification.pk, method="voice")
    assert "Too many requests. Please wait before you try again." in page
    assert len(lanck.sent) == 1


def test_it_is_not_known_whether_it_was_sent_again(admin_client, lanck, undelivered):
    lanck.lose_answer()
    page = act(admin_client, undelivered, "resend", verification=undelivered.pk, method="voice")
    assert "It is not known whether LANCK took the voice call." in page
    assert noted()[0][0] == "It is not known whether LANCK took the voice call."


@pytest.mark.parametrize("method", ["", "viber", "<script>"])
def test_only_methods_that_the_purpose_offers_are_sent(admin_client, lanck, undelivered, method):
    page = act(admin_client, undelivered, "resend", verification=undelivered.pk, method=method)
    assert "There is no code to send again this way." in page
    assert len(lanck.sent) == 1
    assert noted() == []


def test_only_a_pending_verification_of_the_number_is_resent(admin_client, lanck, undelivered, backdate):
    other = start_verification(number="+12015550199")
    backdate(other, 60)
    for pk in (other.pk, "nonsense", ""):
        assert "There is no code to send again this way." in act(
            admin_client, undelivered, "resend", verification=pk, method="voice"
        )
    Verification.objects.update(state="canceled")
    page = act(admin_client, undelivered, "resend", verification=undelivered.pk, method="voice")
    assert "There is no code to send again this way." in page
    assert "Send again by" not in page
    assert len(lanck.sent) == 2


def test_the_limits_are_lifted_and_the_person_goes_on(enable_limits, admin_client, lanck, phone):
    enable_limits(LIMITS={"number": ["1/hour"]})
    verification = start_verification(number=phone)
    assert "Lift the person" in admin_client.get(story_of(verification)).content.decode()
    page = act(admin_client, verification, "lift")
    assert "2 limits were lifted." in page
    assert noted() == [("2 limits were lifted.", f"{MASKED} (signup)")]
    assert "in the way" not in page
    start_verification(number=phone)
    assert len(lanck.sent) == 2


def test_those_of_the_owner_and_of_the_session_are_lifted_too(enable_limits, admin_client, lanck, phone):
    enable_limits(LIMITS={"user": ["1/hour"], "session": ["1/hour"]}, WATCH=["ladder"])
    owner = get_user_model().objects.create_user("owner")
    start_verification(number="+12015550199", user=owner)
    verification = start_verification(number=phone, binding="session:of the person")
    VerifiedNumber.objects.create(number=phone, user=owner, verified_at=verification.created_at)
    act(admin_client, verification, "lift")
    start_verification(number="+12015550199", user=owner)
    start_verification(number=phone, binding="session:of the person")


def test_nothing_to_lift(admin_client, lanck, phone):
    verification = start_verification(number=phone)
    page = admin_client.get(story_of(verification)).content.decode()
    assert "Lift the person" not in page
    LimitCounter.objects.all().delete()
    assert "No limit was counting, so none was lifted." in act(admin_client, verification, "lift")


def test_forgetting_says_first_what_goes_and_what_stays(admin_client, lanck, story, phone):
    opt_out(number=phone)
    page = admin_client.get(story_of(story, "story_forget")).content.decode()
    for words in (
        f"Forget {phone}?",
        "It cannot be undone.",
        "Verifications <b>1</b>: stay for the figures, without number, user and proof",
        "Messages <b>1</b>: stay for the figures",
        "Receipts <b>2</b>: are erased",
        "Verified numbers <b>1</b>: are erased; their user stays",
        "The number stays on the list of opt-outs, so that this is honoured.",
        "Counters of limits stay until their time is over",
    ):
        assert words in page, words
    assert VerifiedNumber.objects.exists()


def test_a_number_is_forgotten_and_the_page_afterwards_does_not_say_it(admin_client, lanck, story, phone):
    message = story.messages.get()
    answer = admin_client.post(story_of(message, "story_forget"), follow=True)
    assert answer.redirect_chain == [(reverse("admin:app_list", args=["lanck"]), 302)]
    page = answer.content.decode()
    assert "The number was forgotten: verifications 1, messages 1, receipts 2, verified numbers 1." in page
    assert phone.removeprefix("+") not in page
    assert "+1201" not in page
    assert Verification.objects.get().number == ""
    assert not VerifiedNumber.objects.exists()


def test_the_note_of_forgetting_says_who_did_it_and_not_with_which_number(admin_client, lanck, story, phone):
    act(admin_client, story, "ask")
    act(admin_client, story, "forget")
    assert [row for _said, row in noted()] == ["•••", "••• (signup)"]
    assert noted()[-1][0].startswith("The number was forgotten: ")
    assert LogEntry.objects.filter(user__username="admin", object_id=str(story.pk)).count() == 2
    for row in (story, story.messages.get()):
        assert admin_client.get(story_of(row)).status_code == 404
    assert "Nothing was ever asked for this number." in find(admin_client, phone).content.decode()
    assert admin_client.get(address("verification", story.pk)).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_nothing_is_held_while_lanck_is_asked_and_of_many_resends_at_once_one_is_sent(
    admin_user, lanck, phone, backdate
):
    """A site may wrap each request in a transaction: these views say that they do not want one."""
    verification = start_verification(number=phone)
    backdate(verification, 60)
    databases = connections["default"].settings_dict
    pages = []

    def resend(index):
        client = Client()
        client.force_login(admin_user)
        given = {"verification": str(verification.pk), "method": "voice"}
        pages.append(client.post(story_of(verification, "story_resend"), given))

    databases["ATOMIC_REQUESTS"] = True
    try:
        results = call_concurrently(resend, 6, threads=6)
    finally:
        databases["ATOMIC_REQUESTS"] = False
    assert [result for result in results if result] == []
    assert {page.status_code for page in pages} == {302}
    assert [sent.channel for sent in lanck.sent] == ["sms", "voice"]
    assert Message.objects.count() == 2
    said = [note for note, _row in noted()]
    assert len(said) == 6
    assert said.count("The code was sent again by voice call.") == 1


@pytest.mark.django_db(transaction=True)
def test_asking_and_forgetting_take_no_transaction_of_the_site(admin_client, lanck, phone):
    verification = start_verification(number=phone)
    lanck.sent[-1].status = "DELIVERED"
    databases = connections["default"].settings_dict
    databases["ATOMIC_REQUESTS"] = True
    try:
        assert "News: 1." in act(admin_client, verification, "ask")
        assert "The number was forgotten" in act(admin_client, verification, "forget")
    finally:
        databases["ATOMIC_REQUESTS"] = False
