"""The story of a number: how it is found and what its page shows."""

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

from .conftest import MODELS, SCRIPT, admin_url, page_text, part, search_number, story_url
from .test_numbers import RENTED

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "spelling", ["+12015550123", "+1 (201) 555-0123", "0012015550123", "１２０１５５５０１２３", "12015550123"]
)
def test_search_redirects_to_the_story_without_the_number_in_the_url(admin_client, pending, phone, spelling):
    answer = search_number(admin_client, spelling)
    assert answer.status_code == 302
    assert answer.url == story_url(pending)
    assert "2015550123" not in answer.url
    assert f"The story of {phone}" in page_text(admin_client, answer.url)


def test_search_redirects_to_the_newest_verification(admin_client, pending, phone):
    newer = start_verification(number=phone)
    assert search_number(admin_client, phone).url == story_url(newer)


def test_search_finds_number_in_each_model(admin_client, phone):
    for model, values in (
        (OptOut, {"number": phone, "opted_out_at": timezone.now()}),
        (NumberInsight, {"number": phone, "kind": "hlr", "status": "DELIVERED"}),
        (InboundMessage, {"sender": phone, "message_id": "1", "recipient": RENTED, "text": "Hi"}),
        (Message, {"number": phone, "channel": "sms"}),
    ):
        row = model.objects.create(**values)
        answer = search_number(admin_client, phone)
        assert answer.url == story_url(row)
        assert admin_client.get(answer.url).status_code == 200
        row.delete()


@pytest.mark.parametrize("term", ["", "  ", "\n"])
def test_search_for_empty_number_shows_error(admin_client, term):
    page = search_number(admin_client, term, follow=True).content.decode()
    assert "Enter a valid phone number, with its country code." in page


def test_search_has_its_own_page(admin_client):
    assert 'name="number"' in page_text(admin_client, reverse("admin:lanck_find_number"))


@pytest.mark.parametrize("model", MODELS)
def test_each_list_shows_the_search(admin_client, model):
    assert 'id="lanck-find-number"' in page_text(admin_client, admin_url(model))


def test_app_index_shows_the_search(admin_client):
    assert 'id="lanck-find-number"' in page_text(admin_client, "/admin/lanck/")


def test_story_of_unknown_number_explains_why_nothing_is_stored(admin_client, pending):
    page = search_number(admin_client, "+12015550187").content.decode()
    assert "Nothing was ever requested for this number. " not in page
    assert "Nothing was ever requested for this number.</p>" in page
    assert "Compare it with the customer digit by digit" in page
    assert "either none was requested, or the site refused the request" in page
    assert "What you can do" not in page


def test_story_of_unsupported_number_says_that_no_codes_are_sent(admin_client, settings):
    settings.LANCK = {**settings.LANCK, "COUNTRIES": ["US"]}
    page = search_number(admin_client, "+442079460018").content.decode()
    assert "No codes are sent to it: its country or its type is not supported." in page


def test_story_of_forgotten_number_says_that_nothing_is_stored(enable_limits, admin_client, lanck, phone):
    start_verification(number=phone)
    forget_number(number=phone)
    assert "Nothing is stored about this number any more" in search_number(admin_client, phone).content.decode()


@pytest.mark.parametrize("model", MODELS)
def test_page_of_each_model_links_to_the_story(admin_client, verified, phone, model):
    NumberInsight.objects.create(number=phone, kind="hlr", status="DELIVERED")
    OptOut.objects.create(number=phone, opted_out_at=timezone.now())
    InboundMessage.objects.create(message_id="1", sender=phone, recipient=RENTED, text="Hi")
    kinds = (Verification, Message, InboundMessage, NumberInsight, OptOut, VerifiedNumber)
    row = next(kind.objects.get() for kind in kinds if kind._meta.model_name == model)
    assert f'href="{story_url(row)}"' in page_text(admin_client, admin_url(model, row.pk))
    assert admin_client.get(story_url(row)).status_code == 200


def test_row_without_number_has_no_story(admin_client, verified, phone):
    named = InboundMessage.objects.create(message_id="1", sender="ACME", recipient=RENTED, text="Hi")
    forget_number(number=phone)
    for row in (named, Verification.objects.get(), Message.objects.get()):
        assert "The story of this number" not in page_text(admin_client, admin_url(row._meta.model_name, row.pk))
        assert admin_client.get(story_url(row)).status_code == 404


@pytest.mark.parametrize("pk", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_story_of_missing_row_is_not_found(admin_client, pk):
    assert admin_client.get(reverse("admin:lanck_verification_story", args=[pk])).status_code == 404


def test_timeline_shows_all_events_newest_first(admin_client, lanck, phone, backdate, settings):
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
    section = part(page_text(admin_client, story_url(verification)), "lanck-timeline-heading")
    expected = [
        "The opt-out was lifted.",
        "The number texted: “STOP”",
        "LANCK answered the fraud check.",
        "The site redeemed the proof.",
        "The number now belongs to customer.",
        "The network reported ANSWERED (voice call): answered (SIP 200), 7 seconds, billable.",
        "Another code was requested. LANCK accepted the voice call. The sender is ACME.",
        "The network reported UNDELIVERED (SMS).",
        "LANCK reported SENT (SMS).",
        "LANCK accepted the SMS.",
        "A verification started (signup).",
    ]
    for text in (
        *expected,
        "The number was put on the list of opt-outs.",
        "The verification ended. 1 wrong code was typed.",
    ):
        assert section.count(text) == 1, text
    places = [section.index(text) for text in expected if "proof" not in text and "belongs" not in text]
    assert places[0] < places[1] < places[2]
    assert section.index(expected[-1]) == max(map(section.index, expected))


def test_summary_and_limits_of_a_pending_verification(enable_limits, admin_client, lanck, phone):
    verification = start_verification(number=phone)
    page = page_text(admin_client, story_url(verification))
    facts = part(page, "lanck-summary-heading")
    assert "SMS, valid until " in facts
    assert "5 attempts are left. Another code can be sent from " in facts
    assert "Type the newest code. Ask for a new code, from " in facts
    assert "no owner" in facts
    limits = part(page, "lanck-limits-heading")
    assert "codes to this number" in limits
    assert "1 of 5 in 1 hour, until " in limits
    assert "exceeded" in limits
    assert "country" not in limits


def test_summary_of_a_verified_number(admin_client, verified, phone):
    opt_out(number=phone)
    facts = part(page_text(admin_client, story_url(verified)), "lanck-summary-heading")
    assert "No verification." in facts
    assert "Ask for a new code." in facts
    assert "owner +1201•••0123</a> since " in facts
    assert "No marketing since " in facts


def test_summary_names_previous_users_of_the_number(admin_client, lanck, phone, verified):
    earlier = get_user_model().objects.create_user("earlier")
    Verification.objects.filter(pk=verified.pk).update(user=earlier)
    facts = part(page_text(admin_client, story_url(verified)), "lanck-summary-heading")
    assert "Verified earlier by earlier." in facts


def test_story_shows_the_newest_50_rows_and_links_to_the_list(admin_client, phone):
    Message.objects.bulk_create(
        Message(channel="sms", number=phone, sender=f"S{index}", created_at=timezone.now() - timedelta(minutes=index))
        for index in range(60)
    )
    row = Message.objects.first()
    page = page_text(admin_client, story_url(row))
    assert "The sender is S49." in page
    assert "The sender is S50." not in page
    assert "Only the newest 50 of each kind are shown; the lists have all." in page
    assert f'<a href="{admin_url("message")}?q=%2B12015550123">Messages <b>50+</b></a>' in page


def test_story_with_exactly_50_rows_is_not_truncated(phone):
    Message.objects.bulk_create(Message(channel="sms", number=phone) for _ in range(MAX_ROWS))
    story = read_story(phone, lambda model: True)
    assert (len(story.messages), story.truncated) == (MAX_ROWS, [])


def test_story_shows_the_newest_50_log_entries(admin_user, phone):
    row = OptOut.objects.create(number=phone, opted_out_at=timezone.now())
    of_row = {"content_type": ContentType.objects.get_for_model(OptOut), "object_id": str(row.pk), "user": admin_user}
    LogEntry.objects.bulk_create(
        LogEntry(action_time=timezone.now() - timedelta(minutes=ago), action_flag=2, change_message=f"{ago}", **of_row)
        for ago in range(MAX_ROWS + 1)
    )
    notes = newest_notes(read_story(phone, lambda model: True).rows)
    assert [note.change_message for note in notes] == [str(ago) for ago in range(MAX_ROWS)]


def test_story_escapes_texts(admin_client, lanck, phone):
    verification = start_verification(number=phone)
    lanck.report(lanck.sent[-1], SCRIPT)
    lanck.inbound(phone, SCRIPT)
    Message.objects.update(sender=SCRIPT[:20], error_reason=SCRIPT, status="refused", status_rank=1)
    NumberInsight.objects.create(number=phone, kind="hlr", status=SCRIPT, network=SCRIPT)
    page = page_text(admin_client, story_url(verification))
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert") >= 5


def test_story_contains_no_code_token_or_proof(admin_client, lanck, verified):
    stored = Verification.objects.get()
    page = page_text(admin_client, story_url(verified))
    for secret in (lanck.sent[-1].code, stored.proof_hash, lanck.sent[-1].params["callbackUrl"][-40:]):
        assert secret not in page
