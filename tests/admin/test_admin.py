import re

import pytest

from django_lanck.models import Message, Verification, VerifiedNumber
from django_lanck.services import start_verification

from .conftest import address, permissions

pytestmark = pytest.mark.django_db
LISTS = ["verification", "message", "verifiednumber"]


def test_lists_and_pages_show_the_delivery_in_words(admin_client, story):
    assert "delivered</span>" in admin_client.get(address("verification")).content.decode()
    assert "delivered</span>" in admin_client.get(address("message")).content.decode()
    assert "owner" in admin_client.get(address("verifiednumber")).content.decode()
    assert admin_client.get(address("message", Message.objects.get().pk)).status_code == 200


def test_the_timeline_tells_what_happened_in_order(admin_client, story):
    page = admin_client.get(address("verification", story.pk)).content.decode()
    section = page[page.index("lanck-timeline-heading") :].partition("</section>")[0]
    words = re.findall(
        r"started \(signup\)|LANCK accepted the SMS|>sent<|>delivered<|repeated it 1 time|>verified<|took the proof",
        section,
    )
    assert words[:2] == ["started (signup)", "LANCK accepted the SMS"]
    assert words[-2:] == [">verified<", "took the proof"]
    assert {">sent<", ">delivered<", "repeated it 1 time"} <= set(words)


def test_numbers_are_masked_for_those_without_the_permission(agent, admin_client, story, phone):
    pages = [*(address(model) for model in LISTS), address("verifiednumber", VerifiedNumber.objects.get().pk)]
    pages += [address("verification", story.pk), address("message", Message.objects.get().pk)]
    for page in pages:
        masked = agent.get(page).content.decode()
        assert phone not in masked, page
        assert phone.removeprefix("+") not in masked, page
        assert "+1201•••0123" in masked, page
        assert phone in admin_client.get(page).content.decode(), page
    agent.user.user_permissions.add(*permissions("view_number"))
    assert phone in agent.get(address("verification")).content.decode()


def test_nothing_can_be_changed(admin_client, story):
    for model, pk in [("verification", story.pk), ("message", Message.objects.get().pk)]:
        assert admin_client.post(address(model, pk), {"number": "+1"}).status_code == 403
        assert admin_client.get(f"{address(model)}add/").status_code == 403
        assert admin_client.post(address(model, pk).replace("/change/", "/delete/"), {"post": "yes"}).status_code == 403
    assert Verification.objects.get().number == story.number


@pytest.mark.parametrize("spelling", ["+12015550123", "+1 (201) 555-0123", "0012015550123"])
def test_a_number_is_found_in_any_spelling(admin_client, story, spelling):
    start_verification(number="+12015550199")
    for model in ("verification", "message"):
        page = admin_client.get(address(model), {"q": spelling}).content.decode()
        assert "+12015550123" in page
        assert "+12015550199" not in page


def test_ids_are_found(admin_client, story, lanck):
    assert "1 verification" in admin_client.get(address("verification"), {"q": str(story.pk)}).content.decode()
    page = admin_client.get(address("message"), {"q": lanck.sent[0].request_id}).content.decode()
    assert "1 message" in page
    assert "0 messages" in admin_client.get(address("message"), {"q": "nonsense\u00fc"}).content.decode()


def test_asking_lanck_brings_the_news(admin_client, lanck, phone):
    verification = start_verification(number=phone)
    lanck.sent[-1].status = "UNDELIVERED"
    data = {"action": "refresh_messages", "_selected_action": [str(verification.pk)]}
    page = admin_client.post(address("verification"), data, follow=True).content.decode()
    assert "Asked about 1 message. News: 1." in page
    assert Message.objects.get().status == "UNDELIVERED"


def test_asking_lanck_says_what_went_wrong(admin_client, lanck, phone):
    start_verification(number=phone)
    lanck.refuse(6, http_status=403, reason="<script>alert(1)</script>")
    data = {"action": "refresh_messages", "_selected_action": [str(Message.objects.get().pk)]}
    page = admin_client.post(address("message"), data, follow=True).content.decode()
    assert "insufficient funds" in page
    assert "<script>alert" not in page


def test_what_lanck_says_is_text_and_not_markup(admin_client, lanck, phone):
    start_verification(number=phone)
    lanck.report(lanck.sent[-1], "<script>alert(1)</script>")
    for page in (address("verification"), address("message"), address("verification", Verification.objects.get().pk)):
        assert "<script>alert" not in admin_client.get(page).content.decode()


def test_no_page_has_a_code_a_token_or_a_proof(admin_client, lanck, phone, story):
    stored = Verification.objects.get()
    for page in (address("verification", story.pk), address("message", Message.objects.get().pk)):
        text = admin_client.get(page).content.decode()
        for secret in (lanck.sent[-1].code, stored.proof_hash, lanck.sent[-1].params["callbackUrl"][-40:]):
            assert secret not in text


@pytest.mark.parametrize(
    ("model", "query", "rows"),
    [
        ("message", "channel=sms", 1),
        ("message", "channel=voice", 0),
        ("message", "status=DELIVERED", 1),
        ("verification", "state=verified", 1),
        ("verification", "method=call", 0),
    ],
)
def test_lists_can_be_filtered(admin_client, story, model, query, rows):
    page = admin_client.get(f"{address(model)}?{query}").content.decode()
    assert f"{rows} {model}" in page


def test_a_masked_number_cannot_be_found_out_digit_by_digit(agent, story):
    for model in ("verification", "message", "verifiednumber"):
        assert agent.get(f"{address(model)}?number__startswith=%2B1201").status_code in (302, 400)
