"""Masked numbers, searches by number, links between the rows of a number; inbound messages and insights."""

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from django_lanck.models import InboundMessage, Message, NumberInsight, OptOut, Verification, VerifiedNumber
from django_lanck.services import forget_number, start_verification

from .conftest import MODELS, SCRIPT, admin_url, page_text, permissions, run_action

pytestmark = pytest.mark.django_db
RENTED = "+12015550100"


@pytest.fixture
def rows(verified, lanck, phone):
    """Create one row of each model for a number, with the number in every text."""
    digits = phone.removeprefix("+")
    message = Message.objects.get()
    lanck.report(lanck.sent[-1], "DELIVERED", to=int(digits), about=[phone])
    Message.objects.filter(pk=message.pk).update(
        content={"text": f"For {phone}"},
        link=f"https://acme.example/?n={digits}",
        error_reason=f"No such {phone}",
        status="refused",
    )
    inbound = InboundMessage.objects.create(
        message_id="in-1",
        sender=phone,
        recipient=RENTED,
        text=f"{SCRIPT} from {digits}\nto {RENTED}",
        payload={"via": phone},
    )
    return {
        "verification": verified,
        "message": message,
        "inboundmessage": inbound,
        "numberinsight": NumberInsight.objects.create(
            number=phone, kind="hlr", status="DELIVERED", imsi="310260123456789", payload={"msisdn": digits}
        ),
        "optout": OptOut.objects.create(number=phone, inbound=inbound, opted_out_at=timezone.now()),
        "verifiednumber": VerifiedNumber.objects.get(),
    }


@pytest.mark.parametrize("model", MODELS)
def test_list_and_page_mask_numbers_without_permission(agent, admin_client, rows, phone, model):
    for page in (admin_url(model), admin_url(model, rows[model].pk)):
        answer = agent.get(page)
        text = answer.content.decode()
        assert answer.status_code == 200
        for secret in (phone.removeprefix("+"), RENTED.removeprefix("+"), "310260123456789"):
            assert secret not in text, page
        assert "+1201•••0123" in text, page
        assert phone in page_text(admin_client, page), page


@pytest.mark.parametrize("model", MODELS)
def test_lookups_and_sorting_by_numbers_are_rejected(agent, rows, model):
    names = ("number", "sender", "recipient", "imsi", "text", "content", "payload", "inbound__sender")
    for name in (*names, "verification__number"):
        assert agent.get(f"{admin_url(model)}?{name}__startswith=%2B1201").status_code in (302, 400), name
    listing = agent.get(admin_url(model)).context["cl"]
    sortable = [listing.get_ordering_field(name) for name in listing.list_display]
    assert not {"number", "sender", "recipient", "text"} & set(sortable)


def test_imsi_is_hidden_without_permission_to_see_numbers(agent, admin_client, rows):
    page = admin_url("numberinsight", rows["numberinsight"].pk)
    assert "310260123456789" in page_text(admin_client, page)
    agent.user.user_permissions.add(*permissions("view_number"))
    assert "310260123456789" in page_text(agent, page)


def test_number_in_an_error_of_lanck_is_masked(agent, lanck, phone):
    start_verification(number=phone)
    lanck.refuse(11, reason=f"Invalid number {phone}")
    page = run_action(agent, "message", "refresh_messages", Message.objects.get())
    assert "(invalid number): Invalid number" in page
    assert phone not in page


def test_page_links_to_other_rows_of_the_number(admin_client, rows):
    for model, row in rows.items():
        page = page_text(admin_client, admin_url(model, row.pk))
        for other in MODELS:
            assert f'<a href="{admin_url(other)}?q=%2B12015550123">' in page, (model, other)
    found = admin_client.get(f"{admin_url('inboundmessage')}?q=%2B12015550123").context["cl"].result_list
    assert [*found] == [rows["inboundmessage"]]


def test_page_links_only_to_models_that_the_user_may_view(agent, rows):
    page = admin_url("message", rows["message"].pk)
    assert "More about this number" not in page_text(agent, page)
    agent.user.user_permissions.set(permissions("view_number", "view_message", "view_optout"))
    text = page_text(agent, page)
    links = [model for model in MODELS if f"{admin_url(model)}?q=" in text]
    assert links == ["message", "optout"]


def test_model_without_rows_of_the_number_is_not_linked(admin_client, phone):
    message = Message.objects.create(channel="sms", number=phone)
    text = page_text(admin_client, admin_url("message", message.pk))
    assert "<span>Opt-outs <b>0</b></span>" in text
    assert f"{admin_url('optout')}?q=" not in text


def test_sender_that_is_a_name_has_no_links(admin_client):
    row = InboundMessage.objects.create(message_id="1", sender="ACME", recipient=RENTED, text="Hi")
    assert "More about this number" not in page_text(admin_client, admin_url("inboundmessage", row.pk))


@pytest.mark.parametrize(
    ("term", "sender"),
    [
        ("+1 (201) 555-0123", "+12015550123"),
        ("0012015550123", "+12015550123"),
        ("in-+447700900000", "+447700900000"),
        ("+44 7700 900000", "+447700900000"),  # an example of LANCK's documentation; no valid number
        ("447700900000", "+447700900000"),
        ("ACME", "ACME"),
    ],
)
def test_search_finds_inbound_messages_by_sender_or_id(admin_client, term, sender):
    for each in ("+12015550123", "+447700900000", "ACME"):
        InboundMessage.objects.create(message_id=f"in-{each}", sender=each, recipient=RENTED, text="Hi")
    found = admin_client.get(admin_url("inboundmessage"), {"q": term}).context["cl"].result_list
    assert [each.sender for each in found] == [sender]


def test_inbound_text_is_escaped_and_shortened_in_the_list(admin_client):
    row = InboundMessage.objects.create(
        message_id="1", sender=SCRIPT, recipient=SCRIPT, text=f"{SCRIPT}{'x' * 90}END", payload={SCRIPT: SCRIPT}
    )
    listing = page_text(admin_client, admin_url("inboundmessage"))
    page = page_text(admin_client, admin_url("inboundmessage", row.pk))
    for text in (listing, page):
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text
    assert "xEND" in page
    assert "xEND" not in listing


@pytest.mark.parametrize(
    ("query", "statuses"),
    [
        ("kind=hlr", ["DELIVERED"]),
        ("kind=fraud", ["FRAUDULENT", "PASSED"]),
        ("status=FRAUDULENT", ["FRAUDULENT"]),
        ("created_at__gte=2100-01-01+00:00:00%2B00:00", []),
    ],
)
def test_insight_filters_select_rows(admin_client, phone, query, statuses):
    for kind, status in [("hlr", "DELIVERED"), ("fraud", "PASSED"), ("fraud", "FRAUDULENT")]:
        NumberInsight.objects.create(number=phone, kind=kind, status=status)
    found = admin_client.get(f"{admin_url('numberinsight')}?{query}").context["cl"].result_list
    assert [each.status for each in found] == statuses


def test_insight_page_explains_the_answer_of_the_next_lookup(admin_client, phone, settings):
    settings.LANCK = {**settings.LANCK, "INSIGHT_LIFETIME": 3600}
    first = NumberInsight.objects.create(
        number=phone, kind="hlr", status="DELIVERED", network="T-Mobile", ported=True, roaming=False
    )
    page = page_text(admin_client, admin_url("numberinsight", first.pk))
    for each in ("subscriber found", "T-Mobile", "Ported", "Roaming", "returns this answer until"):
        assert each in page
    assert "Mobile prefix" not in page
    NumberInsight.objects.create(number=phone, kind="fraud", status="PASSED")
    settings.LANCK = {**settings.LANCK, "INSIGHT_LIFETIME": 0}
    assert "calls LANCK again: this answer is too old" in page_text(admin_client, admin_url("numberinsight", first.pk))
    NumberInsight.objects.create(number=phone, kind="hlr", status="UNDELIVERED")
    assert "returns a newer answer" in page_text(admin_client, admin_url("numberinsight", first.pk))


@pytest.mark.parametrize("model", MODELS)
def test_post_is_forbidden_except_for_adding_opt_outs(admin_client, rows, model):
    pk = rows[model].pk
    before = Verification.objects.count(), OptOut.objects.count()
    page = admin_url(model, pk)
    assert admin_client.post(page, {"number": "+1", "text": "x"}).status_code == 403
    assert admin_client.post(page.replace("/change/", "/delete/"), {"post": "yes"}).status_code == 403
    added = admin_client.post(f"{admin_url(model)}add/", {"number": "x"})
    assert added.status_code == (200 if model == "optout" else 403)
    assert (Verification.objects.count(), OptOut.objects.count()) == before


def test_other_numbers_in_texts_are_masked_in_any_spelling(agent, admin_client, rows):
    spelled = ("+1 (201) 555-0123", "201-555-0187", "+44 7911 123456")
    Message.objects.update(content={"text": " or ".join(spelled)})
    inbound = InboundMessage.objects.create(
        message_id="in-2", sender="+1 201-555-0123", recipient="tel:+12015550199", text=" or ".join(spelled)
    )
    pages = [
        admin_url("message", rows["message"].pk),
        admin_url("inboundmessage"),
        admin_url("inboundmessage", inbound.pk),
    ]
    for page in pages:
        text = page_text(agent, page)
        for whole in (*spelled, "+1 201-555-0123", "12015550199"):
            assert whole not in text, page
        assert spelled[0] in page_text(admin_client, page), page


@pytest.mark.parametrize("term", ["+12015550123", "001 (201) 555-0123", "12015550123", "+1 2015550123 ext 5"])
@pytest.mark.parametrize("model", MODELS)
def test_search_by_number_needs_permission(agent, rows, model, term):
    answer = agent.get(admin_url(model), {"q": term})
    assert list(answer.context["cl"].result_list) == []
    assert "Searching by number needs the permission to see whole numbers." in answer.content.decode()
    agent.user.user_permissions.add(*permissions("view_number"))
    assert list(agent.get(admin_url(model), {"q": term}).context["cl"].result_list) == [rows[model]]


def test_search_by_id_or_name_needs_no_permission(agent, rows, verified):
    for model, term in [
        ("verification", verified.pk),
        ("message", rows["message"].request_id),
        ("inboundmessage", "in-1"),
    ]:
        assert list(agent.get(admin_url(model), {"q": term}).context["cl"].result_list) == [rows[model]]
    named = InboundMessage.objects.create(message_id="n", sender="ACME", recipient=RENTED, text="Hi")
    assert list(agent.get(admin_url("inboundmessage"), {"q": "ACME"}).context["cl"].result_list) == [named]


@pytest.mark.parametrize("sender", ["+1 201-555-0123", "tel:+12015550123"])
def test_search_by_name_that_contains_a_number_needs_permission(agent, sender):
    InboundMessage.objects.create(message_id="n", sender=sender, recipient=RENTED, text="Hi")
    assert list(agent.get(admin_url("inboundmessage"), {"q": sender}).context["cl"].result_list) == []


def delete_user(client, user):
    return client.post(f"/admin/auth/user/{user.pk}/delete/", {"post": "yes"})


def test_deleting_a_user_deletes_the_claim_and_keeps_verifications(admin_client, rows, verified, phone):
    owner = VerifiedNumber.objects.get().user
    Verification.objects.update(user=owner)
    page = page_text(admin_client, f"/admin/auth/user/{owner.pk}/delete/")
    assert "+1201•••0123</a>" in page
    assert delete_user(admin_client, owner).status_code == 302
    assert not VerifiedNumber.objects.exists()
    verified.refresh_from_db()
    assert (verified.user, verified.number) == (None, phone)
    assert verified.messages.exists()


def test_deleting_a_user_needs_permission_to_delete_the_claim(agent, rows):
    owner = VerifiedNumber.objects.get().user
    agent.user.user_permissions.add(*Permission.objects.filter(codename__in=["view_user", "delete_user"]))
    assert delete_user(agent, owner).status_code == 403
    agent.user.user_permissions.add(*permissions("delete_verifiednumber"))
    assert delete_user(agent, owner).status_code == 302


def test_claim_pages_have_no_delete_button(admin_client, rows):
    for page in (admin_url("verifiednumber"), admin_url("verifiednumber", rows["verifiednumber"].pk)):
        assert "delete" not in page_text(admin_client, page).replace("deletelink-box", "").lower(), page


@pytest.mark.parametrize("model", MODELS)
def test_page_of_a_forgotten_row_opens_without_the_number(admin_client, agent, rows, phone, model):
    forget_number(number=phone)
    row = rows[model]
    for client in (admin_client, agent):
        assert client.get(admin_url(model)).status_code == 200
        if type(row).objects.filter(pk=row.pk).exists():
            answer = client.get(admin_url(model, row.pk))
            assert answer.status_code == 200
            assert (phone in answer.content.decode()) == (model == "optout" and client is admin_client)
            if model != "optout":
                assert "More about this number" not in answer.content.decode()
