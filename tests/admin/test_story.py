"""The story of a number: how it is found, and what it tells in which words."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse
from django.utils import timezone

from django_lanck.admin.number.events import newest_notes
from django_lanck.models import InboundMessage, Message, NumberInsight, OptOut, Verification, VerifiedNumber
from django_lanck.services import (
    check_fraud,
    check_verification,
    claim_number,
    forget_number,
    lift_opt_out,
    opt_out,
    redeem_proof,
    resend_verification,
    start_verification,
)
from django_lanck.services.support.story import MAX_ROWS, read_story

from .conftest import MODELS, SCRIPT, address, find, part, story_of
from .test_numbers import RENTED

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "spelling", ["+12015550123", "+1 (201) 555-0123", "0012015550123", "１２０１５５５０１２３", "12015550123"]
)
def test_a_number_in_any_spelling_leads_to_its_story_without_the_number_in_the_address(
    admin_client, waiting, phone, spelling
):
    answer = find(admin_client, spelling)
    assert answer.status_code == 302
    assert answer.url == story_of(waiting)
    assert "2015550123" not in answer.url
    assert f"The story of {phone}" in admin_client.get(answer.url).content.decode()


def test_the_newest_verification_addresses_a_story(admin_client, waiting, phone):
    newer = start_verification(number=phone)
    assert find(admin_client, phone).url == story_of(newer)


def test_any_kind_of_row_that_knows_the_number_leads_to_its_story(admin_client, phone):
    for model, values in (
        (OptOut, {"number": phone, "opted_out_at": timezone.now()}),
        (NumberInsight, {"number": phone, "kind": "hlr", "status": "DELIVERED"}),
        (InboundMessage, {"sender": phone, "message_id": "1", "recipient": RENTED, "text": "Hi"}),
        (Message, {"number": phone, "channel": "sms"}),
    ):
        row = model.objects.create(**values)
        answer = find(admin_client, phone)
        assert answer.url == story_of(row)
        assert admin_client.get(answer.url).status_code == 200
        row.delete()


@pytest.mark.parametrize("term", ["", "  ", "\n"])
def test_what_is_no_number_is_asked_for_again(admin_client, term):
    page = find(admin_client, term, follow=True).content.decode()
    assert "Enter a valid phone number, with its country code." in page


def test_the_search_has_a_page_of_its_own(admin_client):
    assert 'name="number"' in admin_client.get(reverse("admin:lanck_find_number")).content.decode()


@pytest.mark.parametrize("model", MODELS)
def test_the_search_is_on_top_of_every_list(admin_client, model):
    assert 'id="lanck-find-number"' in admin_client.get(address(model)).content.decode()


def test_the_search_is_on_the_apps_page(admin_client):
    assert 'id="lanck-find-number"' in admin_client.get("/admin/lanck/").content.decode()


def test_nothing_known_says_what_that_means(admin_client, waiting):
    page = find(admin_client, "+12015550187").content.decode()
    assert "Nothing was ever asked for this number. " not in page
    assert "Nothing was ever asked for this number.</p>" in page
    assert "Compare it with the customer digit by digit" in page
    assert "either nobody asked, or the site turned the request down" in page
    assert "What you can do" not in page


def test_nothing_known_of_a_number_that_no_code_is_sent_to(admin_client, settings):
    settings.LANCK = {**settings.LANCK, "COUNTRIES": ["US"]}
    page = find(admin_client, "+442079460018").content.decode()
    assert "Codes are not sent to it: its country or its kind is not supported." in page


def test_nothing_is_kept_of_a_number_that_was_forgotten(enable_limits, admin_client, lanck, phone):
    start_verification(number=phone)
    forget_number(number=phone)
    assert "Nothing is kept of this number any more" in find(admin_client, phone).content.decode()


@pytest.mark.parametrize("model", MODELS)
def test_the_page_of_every_row_leads_to_the_story(admin_client, story, phone, model):
    NumberInsight.objects.create(number=phone, kind="hlr", status="DELIVERED")
    OptOut.objects.create(number=phone, opted_out_at=timezone.now())
    InboundMessage.objects.create(message_id="1", sender=phone, recipient=RENTED, text="Hi")
    kinds = (Verification, Message, InboundMessage, NumberInsight, OptOut, VerifiedNumber)
    row = next(kind.objects.get() for kind in kinds if kind._meta.model_name == model)
    assert f'href="{story_of(row)}"' in admin_client.get(address(model, row.pk)).content.decode()
    assert admin_client.get(story_of(row)).status_code == 200


def test_a_row_without_a_number_has_no_story(admin_client, story, phone):
    named = InboundMessage.objects.create(message_id="1", sender="ACME", recipient=RENTED, text="Hi")
    forget_number(number=phone)
    for row in (named, Verification.objects.get(), Message.objects.get()):
        assert (
            "The story of this number" not in admin_client.get(address(row._meta.model_name, row.pk)).content.decode()
        )
        assert admin_client.get(story_of(row)).status_code == 404


@pytest.mark.parametrize("pk", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_no_row_has_no_story(admin_client, pk):
    assert admin_client.get(reverse("admin:lanck_verification_story", args=[pk])).status_code == 404


def test_one_timeline_tells_everything_the_newest_first(admin_client, lanck, phone, backdate, settings):
    settings.LANCK = {**lanck.settings, "SENDERS": {"voice": "ACME"}}
    verification = start_verification(number=phone)
    lanck.report(lanck.sent[-1], "SENT")
    lanck.report(lanck.sent[-1], "UNDELIVERED")
    backdate(verification, 60)
    resend_verification(verification_id=verification.pk, method="voice")
    lanck.report(lanck.sent[-1], "ANSWERED", sipStatus=200, duration=7, billable=True)
    check_verification(verification_id=verification.pk, code="000000")
    proof = check_verification(verification_id=verification.pk, code=lanck.sent[-1].code).proof
    redeem_proof(proof=proof)
    claim_number(user=get_user_model().objects.create_user("customer"), proof=proof)
    check_fraud(number=phone)
    lanck.inbound(phone, "STOP")
    lift_opt_out(number=phone)
    section = part(admin_client.get(story_of(verification)).content.decode(), "lanck-timeline-heading")
    told = [
        "The opt-out was lifted.",
        "The number texted: “STOP”",
        "LANCK answered the fraud check.",
        "The site took the proof.",
        "The number became that of customer.",
        "The network said ANSWERED (voice call): answered (SIP 200), 7 seconds, billable.",
        "Another code was asked for. LANCK accepted the voice call. The sender is ACME.",
        "The network said UNDELIVERED (SMS).",
        "LANCK said SENT (SMS).",
        "LANCK accepted the SMS.",
        "A verification started (signup).",
    ]
    for words in (
        *told,
        "The number was put on the list of opt-outs.",
        "The verification ended. 1 wrong code was typed.",
    ):
        assert section.count(words) == 1, words
    places = [section.index(words) for words in told if "proof" not in words and "became" not in words]
    assert places[0] < places[1] < places[2]
    assert section.index(told[-1]) == max(map(section.index, told))


def test_how_things_stand_while_a_code_is_pending(enable_limits, admin_client, lanck, phone):
    verification = start_verification(number=phone)
    page = admin_client.get(story_of(verification)).content.decode()
    facts = part(page, "lanck-summary-heading")
    assert "SMS, valid until " in facts
    assert "5 attempts are left. Another code can be sent from " in facts
    assert "Type the newest code. Ask for a new code, from " in facts
    assert "nobody" in facts
    limits = part(page, "lanck-limits-heading")
    assert "codes to this number" in limits
    assert "1 of 5 in 1 hour, until " in limits
    assert "in the way" in limits
    assert "country" not in limits


def test_how_things_stand_when_all_is_over(admin_client, story, phone):
    opt_out(number=phone)
    facts = part(admin_client.get(story_of(story)).content.decode(), "lanck-summary-heading")
    assert "No verification." in facts
    assert "Ask for a new code." in facts
    assert "owner +1201•••0123</a> since " in facts
    assert "No marketing since " in facts


def test_who_had_the_number_before(admin_client, lanck, phone, story):
    earlier = get_user_model().objects.create_user("earlier")
    Verification.objects.filter(pk=story.pk).update(user=earlier)
    facts = part(admin_client.get(story_of(story)).content.decode(), "lanck-summary-heading")
    assert "Verified earlier by earlier." in facts


def test_the_newest_50_of_each_kind_and_the_way_to_the_others(admin_client, phone):
    Message.objects.bulk_create(
        Message(channel="sms", number=phone, sender=f"S{index}", created_at=timezone.now() - timedelta(minutes=index))
        for index in range(60)
    )
    row = Message.objects.first()
    page = admin_client.get(story_of(row)).content.decode()
    assert "The sender is S49." in page
    assert "The sender is S50." not in page
    assert "Of each kind the newest 50 are here; the lists have all." in page
    assert f'<a href="{address("message")}?q=%2B12015550123">Messages <b>50+</b></a>' in page


def test_exactly_50_are_all_there_are(phone):
    Message.objects.bulk_create(Message(channel="sms", number=phone) for _ in range(MAX_ROWS))
    story = read_story(phone, lambda model: True)
    assert (len(story.messages), story.truncated) == (MAX_ROWS, [])


def test_of_many_notes_the_newest_are_read(admin_user, phone):
    row = OptOut.objects.create(number=phone, opted_out_at=timezone.now())
    of_row = {"content_type": ContentType.objects.get_for_model(OptOut), "object_id": str(row.pk), "user": admin_user}
    LogEntry.objects.bulk_create(
        LogEntry(action_time=timezone.now() - timedelta(minutes=ago), action_flag=2, change_message=f"{ago}", **of_row)
        for ago in range(MAX_ROWS + 1)
    )
    notes = newest_notes(read_story(phone, lambda model: True).rows)
    assert [note.change_message for note in notes] == [str(ago) for ago in range(MAX_ROWS)]


def test_what_people_write_is_text_and_not_markup(admin_client, lanck, phone):
    verification = start_verification(number=phone)
    lanck.report(lanck.sent[-1], SCRIPT)
    lanck.inbound(phone, SCRIPT)
    Message.objects.update(sender=SCRIPT[:20], error_reason=SCRIPT, status="refused", status_rank=1)
    NumberInsight.objects.create(number=phone, kind="hlr", status=SCRIPT, network=SCRIPT)
    page = admin_client.get(story_of(verification)).content.decode()
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert") >= 5


def test_there_is_no_code_no_token_and_no_proof(admin_client, lanck, story):
    stored = Verification.objects.get()
    page = admin_client.get(story_of(story)).content.decode()
    for secret in (lanck.sent[-1].code, stored.proof_hash, lanck.sent[-1].params["callbackUrl"][-40:]):
        assert secret not in page
