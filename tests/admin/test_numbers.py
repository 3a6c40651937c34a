"""Whole numbers are for those who may see them; inbound texts, insights and the links between a number's things."""

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from django_lanck.models import InboundMessage, Message, NumberInsight, OptOut, Verification, VerifiedNumber
from django_lanck.services import forget_number, start_verification

from .conftest import MODELS, SCRIPT, act, address, permissions

pytestmark = pytest.mark.django_db
RENTED = "+12015550100"


@pytest.fixture
def rows(story, lanck, phone):
    """One row of everything about a number, which stands in every text."""
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
        "verification": story,
        "message": message,
        "inboundmessage": inbound,
        "numberinsight": NumberInsight.objects.create(
            number=phone, kind="hlr", status="DELIVERED", imsi="310260123456789", payload={"msisdn": digits}
        ),
        "optout": OptOut.objects.create(number=phone, inbound=inbound, opted_out_at=timezone.now()),
        "verifiednumber": VerifiedNumber.objects.get(),
    }


@pytest.mark.parametrize("model", MODELS)
def test_no_page_shows_a_whole_number_to_those_who_may_not_see_it(agent, admin_client, rows, phone, model):
    for page in (address(model), address(model, rows[model].pk)):
        answer = agent.get(page)
        text = answer.content.decode()
        assert answer.status_code == 200
        for secret in (phone.removeprefix("+"), RENTED.removeprefix("+"), "310260123456789"):
            assert secret not in text, page
        assert "+1201•••0123" in text, page
        assert phone in admin_client.get(page).content.decode(), page


@pytest.mark.parametrize("model", MODELS)
def test_a_masked_number_cannot_be_found_out_by_lookups_or_by_sorting(agent, rows, model):
    names = ("number", "sender", "recipient", "imsi", "text", "content", "payload", "inbound__sender")
    for name in (*names, "verification__number"):
        assert agent.get(f"{address(model)}?{name}__startswith=%2B1201").status_code in (302, 400), name
    listing = agent.get(address(model)).context["cl"]
    sortable = [listing.get_ordering_field(name) for name in listing.list_display]
    assert not {"number", "sender", "recipient", "text"} & set(sortable)


def test_the_imsi_is_for_those_who_see_numbers(agent, admin_client, rows):
    page = address("numberinsight", rows["numberinsight"].pk)
    assert "310260123456789" in admin_client.get(page).content.decode()
    agent.user.user_permissions.add(*permissions("view_number"))
    assert "310260123456789" in agent.get(page).content.decode()


def test_what_an_error_of_lancks_says_has_no_number(agent, lanck, phone):
    start_verification(number=phone)
    lanck.refuse(11, reason=f"Invalid number {phone}")
    page = act(agent, "message", "refresh_messages", Message.objects.get())
    assert "(invalid number): Invalid number" in page
    assert phone not in page


def test_a_page_links_to_what_else_there_is_of_the_number(admin_client, rows):
    for model, row in rows.items():
        page = admin_client.get(address(model, row.pk)).content.decode()
        for other in MODELS:
            assert f'<a href="{address(other)}?q=%2B12015550123">' in page, (model, other)
    found = admin_client.get(f"{address('inboundmessage')}?q=%2B12015550123").context["cl"].result_list
    assert [*found] == [rows["inboundmessage"]]


def test_links_are_only_to_what_one_may_see(agent, rows):
    page = address("message", rows["message"].pk)
    assert "More about this number" not in agent.get(page).content.decode()
    agent.user.user_permissions.set(permissions("view_number", "view_message", "view_optout"))
    text = agent.get(page).content.decode()
    links = [model for model in MODELS if f"{address(model)}?q=" in text]
    assert links == ["message", "optout"]


def test_nothing_of_a_number_is_counted_and_not_linked(admin_client, phone):
    message = Message.objects.create(channel="sms", number=phone)
    text = admin_client.get(address("message", message.pk)).content.decode()
    assert "<span>Opt-outs <b>0</b></span>" in text
    assert f"{address('optout')}?q=" not in text


def test_a_name_has_no_links(admin_client):
    row = InboundMessage.objects.create(message_id="1", sender="ACME", recipient=RENTED, text="Hi")
    assert "More about this number" not in admin_client.get(address("inboundmessage", row.pk)).content.decode()


@pytest.mark.parametrize(
    ("term", "sender"),
    [
        ("+1 (201) 555-0123", "+12015550123"),
        ("0012015550123", "+12015550123"),
        ("in-+447700900000", "+447700900000"),
        ("+44 7700 900000", "+447700900000"),  # LANCK's own example, which is no valid number
        ("447700900000", "+447700900000"),
        ("ACME", "ACME"),
    ],
)
def test_inbound_messages_are_found_by_sender_or_id(admin_client, term, sender):
    for each in ("+12015550123", "+447700900000", "ACME"):
        InboundMessage.objects.create(message_id=f"in-{each}", sender=each, recipient=RENTED, text="Hi")
    found = admin_client.get(address("inboundmessage"), {"q": term}).context["cl"].result_list
    assert [each.sender for each in found] == [sender]


def test_an_inbound_text_is_inert_and_cut_in_the_list(admin_client):
    row = InboundMessage.objects.create(
        message_id="1", sender=SCRIPT, recipient=SCRIPT, text=f"{SCRIPT}{'x' * 90}END", payload={SCRIPT: SCRIPT}
    )
    listing = admin_client.get(address("inboundmessage")).content.decode()
    page = admin_client.get(address("inboundmessage", row.pk)).content.decode()
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
def test_insights_are_filtered(admin_client, phone, query, statuses):
    for kind, status in [("hlr", "DELIVERED"), ("fraud", "PASSED"), ("fraud", "FRAUDULENT")]:
        NumberInsight.objects.create(number=phone, kind=kind, status=status)
    found = admin_client.get(f"{address('numberinsight')}?{query}").context["cl"].result_list
    assert [each.status for each in found] == statuses


def test_an_insight_says_what_it_is_and_who_gets_it(admin_client, phone, settings):
    settings.LANCK = {**settings.LANCK, "INSIGHT_LIFETIME": 3600}
    first = NumberInsight.objects.create(
        number=phone, kind="hlr", status="DELIVERED", network="T-Mobile", ported=True, roaming=False
    )
    page = admin_client.get(address("numberinsight", first.pk)).content.decode()
    for each in ("subscriber found", "T-Mobile", "Ported", "Roaming", "gets this answer until"):
        assert each in page
    assert "Mobile prefix" not in page
    NumberInsight.objects.create(number=phone, kind="fraud", status="PASSED")
    settings.LANCK = {**settings.LANCK, "INSIGHT_LIFETIME": 0}
    assert "makes LANCK be asked anew" in admin_client.get(address("numberinsight", first.pk)).content.decode()
    NumberInsight.objects.create(number=phone, kind="hlr", status="UNDELIVERED")
    assert "gets a newer answer" in admin_client.get(address("numberinsight", first.pk)).content.decode()


@pytest.mark.parametrize("model", MODELS)
def test_nothing_but_the_list_of_opt_outs_takes_a_post(admin_client, rows, model):
    pk = rows[model].pk
    before = Verification.objects.count(), OptOut.objects.count()
    page = address(model, pk)
    assert admin_client.post(page, {"number": "+1", "text": "x"}).status_code == 403
    assert admin_client.post(page.replace("/change/", "/delete/"), {"post": "yes"}).status_code == 403
    added = admin_client.post(f"{address(model)}add/", {"number": "x"})
    assert added.status_code == (200 if model == "optout" else 403)
    assert (Verification.objects.count(), OptOut.objects.count()) == before


def test_a_number_is_masked_in_any_spelling_whosever_it_is(agent, admin_client, rows):
    spelled = ("+1 (201) 555-0123", "201-555-0187", "+44 7911 123456")
    Message.objects.update(content={"text": " or ".join(spelled)})
    inbound = InboundMessage.objects.create(
        message_id="in-2", sender="+1 201-555-0123", recipient="tel:+12015550199", text=" or ".join(spelled)
    )
    pages = [address("message", rows["message"].pk), address("inboundmessage"), address("inboundmessage", inbound.pk)]
    for page in pages:
        text = agent.get(page).content.decode()
        for whole in (*spelled, "+1 201-555-0123", "12015550199"):
            assert whole not in text, page
        assert spelled[0] in admin_client.get(page).content.decode(), page


@pytest.mark.parametrize("term", ["+12015550123", "001 (201) 555-0123", "12015550123", "+1 2015550123 ext 5"])
@pytest.mark.parametrize("model", MODELS)
def test_the_hidden_digits_cannot_be_guessed_by_searching(agent, rows, model, term):
    answer = agent.get(address(model), {"q": term})
    assert list(answer.context["cl"].result_list) == []
    assert "Only who may see whole numbers can search by one." in answer.content.decode()
    agent.user.user_permissions.add(*permissions("view_number"))
    assert list(agent.get(address(model), {"q": term}).context["cl"].result_list) == [rows[model]]


def test_ids_and_names_are_searched_by_everyone(agent, rows, story):
    for model, term in [
        ("verification", story.pk),
        ("message", rows["message"].request_id),
        ("inboundmessage", "in-1"),
    ]:
        assert list(agent.get(address(model), {"q": term}).context["cl"].result_list) == [rows[model]]
    named = InboundMessage.objects.create(message_id="n", sender="ACME", recipient=RENTED, text="Hi")
    assert list(agent.get(address("inboundmessage"), {"q": "ACME"}).context["cl"].result_list) == [named]


@pytest.mark.parametrize("sender", ["+1 201-555-0123", "tel:+12015550123"])
def test_a_number_within_a_name_is_not_searched_by_either(agent, sender):
    InboundMessage.objects.create(message_id="n", sender=sender, recipient=RENTED, text="Hi")
    assert list(agent.get(address("inboundmessage"), {"q": sender}).context["cl"].result_list) == []


def delete_user(client, user):
    return client.post(f"/admin/auth/user/{user.pk}/delete/", {"post": "yes"})


def test_a_user_with_a_verified_number_can_be_deleted(admin_client, rows, story, phone):
    owner = VerifiedNumber.objects.get().user
    Verification.objects.update(user=owner)
    page = admin_client.get(f"/admin/auth/user/{owner.pk}/delete/").content.decode()
    assert "+1201•••0123</a>" in page
    assert delete_user(admin_client, owner).status_code == 302
    assert not VerifiedNumber.objects.exists()
    story.refresh_from_db()
    assert (story.user, story.number) == (None, phone)
    assert story.messages.exists()


def test_deleting_a_user_needs_the_permission_for_the_claim_too(agent, rows):
    owner = VerifiedNumber.objects.get().user
    agent.user.user_permissions.add(*Permission.objects.filter(codename__in=["view_user", "delete_user"]))
    assert delete_user(agent, owner).status_code == 403
    agent.user.user_permissions.add(*permissions("delete_verifiednumber"))
    assert delete_user(agent, owner).status_code == 302


def test_a_claim_has_no_button_to_delete_it(admin_client, rows):
    for page in (address("verifiednumber"), address("verifiednumber", rows["verifiednumber"].pk)):
        assert "delete" not in admin_client.get(page).content.decode().replace("deletelink-box", "").lower(), page


@pytest.mark.parametrize("model", MODELS)
def test_the_page_of_a_forgotten_row_still_opens(admin_client, agent, rows, phone, model):
    forget_number(number=phone)
    row = rows[model]
    for client in (admin_client, agent):
        assert client.get(address(model)).status_code == 200
        if type(row).objects.filter(pk=row.pk).exists():
            answer = client.get(address(model, row.pk))
            assert answer.status_code == 200
            assert (phone in answer.content.decode()) == (model == "optout" and client is admin_client)
            if model != "optout":
                assert "More about this number" not in answer.content.decode()
