import pytest

from django_lanck.models import Message, Verification, VerifiedNumber
from django_lanck.services import start_verification

from .conftest import admin_url, page_text, part, permissions

pytestmark = pytest.mark.django_db
LISTS = ["verification", "message", "verifiednumber"]


def test_lists_and_pages_show_the_label_of_the_delivery_status(admin_client, verified):
    assert "delivered</span>" in page_text(admin_client, admin_url("verification"))
    assert "delivered</span>" in page_text(admin_client, admin_url("message"))
    assert "owner" in page_text(admin_client, admin_url("verifiednumber"))
    assert admin_client.get(admin_url("message", Message.objects.get().pk)).status_code == 200


def test_timeline_shows_events_in_order(admin_client, verified):
    section = part(page_text(admin_client, admin_url("verification", verified.pk)), "lanck-timeline-heading")
    texts = ["started (signup)", "LANCK accepted the SMS", ">sent<", ">delivered<", "repeated it 1 time"]
    texts += [">verified<", "redeemed the proof"]
    found = sorted((text for text in texts if text in section), key=section.index)
    assert found[:2] == texts[:2]
    assert found[-2:] == texts[-2:]
    assert set(found) == set(texts)


def test_numbers_are_masked_without_permission(agent, admin_client, verified, phone):
    pages = [*(admin_url(model) for model in LISTS), admin_url("verifiednumber", VerifiedNumber.objects.get().pk)]
    pages += [admin_url("verification", verified.pk), admin_url("message", Message.objects.get().pk)]
    for page in pages:
        masked = page_text(agent, page)
        assert phone not in masked, page
        assert phone.removeprefix("+") not in masked, page
        assert "+1201•••0123" in masked, page
        assert phone in page_text(admin_client, page), page
    agent.user.user_permissions.add(*permissions("view_number"))
    assert phone in page_text(agent, admin_url("verification"))


def test_change_add_and_delete_are_forbidden(admin_client, verified):
    for model, pk in [("verification", verified.pk), ("message", Message.objects.get().pk)]:
        assert admin_client.post(admin_url(model, pk), {"number": "+1"}).status_code == 403
        assert admin_client.get(f"{admin_url(model)}add/").status_code == 403
        assert (
            admin_client.post(admin_url(model, pk).replace("/change/", "/delete/"), {"post": "yes"}).status_code == 403
        )
    assert Verification.objects.get().number == verified.number


@pytest.mark.parametrize("spelling", ["+12015550123", "+1 (201) 555-0123", "0012015550123"])
def test_search_finds_number_in_any_spelling(admin_client, verified, spelling):
    start_verification(number="+12015550199")
    for model in ("verification", "message"):
        page = page_text(admin_client, admin_url(model), {"q": spelling})
        assert "+12015550123" in page
        assert "+12015550199" not in page


def test_search_finds_ids(admin_client, verified, lanck):
    assert "1 verification" in page_text(admin_client, admin_url("verification"), {"q": str(verified.pk)})
    page = page_text(admin_client, admin_url("message"), {"q": lanck.sent[0].request_id})
    assert "1 message" in page
    assert "0 messages" in page_text(admin_client, admin_url("message"), {"q": "nonsense\u00fc"})


def test_refresh_action_updates_status(admin_client, lanck, phone):
    verification = start_verification(number=phone)
    lanck.sent[-1].status = "UNDELIVERED"
    data = {"action": "refresh_messages", "_selected_action": [str(verification.pk)]}
    page = admin_client.post(admin_url("verification"), data, follow=True).content.decode()
    assert "Refreshed 1 message, 1 changed." in page
    assert Message.objects.get().status == "UNDELIVERED"


def test_refresh_action_shows_error_escaped(admin_client, lanck, phone):
    start_verification(number=phone)
    lanck.refuse(6, http_status=403, reason="<script>alert(1)</script>")
    data = {"action": "refresh_messages", "_selected_action": [str(Message.objects.get().pk)]}
    page = admin_client.post(admin_url("message"), data, follow=True).content.decode()
    assert "insufficient funds" in page
    assert "<script>alert" not in page


def test_status_from_lanck_is_escaped(admin_client, lanck, phone):
    start_verification(number=phone)
    lanck.report(lanck.sent[-1], "<script>alert(1)</script>")
    for page in (
        admin_url("verification"),
        admin_url("message"),
        admin_url("verification", Verification.objects.get().pk),
    ):
        assert "<script>alert" not in page_text(admin_client, page)


def test_pages_contain_no_code_token_or_proof(admin_client, lanck, phone, verified):
    stored = Verification.objects.get()
    for page in (admin_url("verification", verified.pk), admin_url("message", Message.objects.get().pk)):
        text = page_text(admin_client, page)
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
def test_filter_selects_rows(admin_client, verified, model, query, rows):
    page = page_text(admin_client, f"{admin_url(model)}?{query}")
    assert f"{rows} {model}" in page


def test_lookup_on_number_is_rejected(agent, verified):
    for model in ("verification", "message", "verifiednumber"):
        assert agent.get(f"{admin_url(model)}?number__startswith=%2B1201").status_code in (302, 400)
