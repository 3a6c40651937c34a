import time
from base64 import b64encode
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_lanck import services
from django_lanck.api import staff_serializers as described
from django_lanck.models import InboundMessage, Message, Receipt
from tests.helpers import statements, with_lanck

pytestmark = pytest.mark.django_db
MESSAGES, INBOUND = "/api/staff/messages/", "/api/staff/inbound-messages/"
OTHER = "+12015550199"


def ids(response) -> list[int]:
    assert response.status_code == 200, response.content
    return [row["id"] for row in response.json()["results"]]


def get(client, url, **query):
    return client.get(url, query)


@pytest.fixture
def mixed(lanck, phone):
    """Messages of several channels and statuses, oldest first."""
    verification = services.start_verification(number=phone)
    return [
        verification.newest_message,
        services.send_sms(number=phone, text="Hello", category="marketing"),
        services.send_viber(number="+4915112345678", text="Hallo"),
        services.speak_text(number=OTHER, text="Hello"),
    ]


def test_list_is_newest_first_with_the_documented_fields(staff_client, mixed, phone):
    body = staff_client.get(MESSAGES).json()
    assert [row["id"] for row in body["results"]] == [message.pk for message in reversed(mixed)]
    assert (body["next"], body["previous"]) == (None, None)
    oldest = body["results"][-1]
    assert set(oldest) == set(described.MessageSerializer().fields)
    assert (oldest["number"], oldest["channel"], oldest["status"]) == (phone, "sms", "accepted")
    assert oldest["verification"] == str(mixed[0].verification_id)
    assert oldest["created_at"].endswith("Z")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"number": "+12015550123"}, [1, 0]),
        ({"number": "001 (201) 555-0123"}, [1, 0]),
        ({"number": "+12015550111"}, []),
        ({"channel": "viber"}, [2]),
        ({"status": "accepted"}, [3, 2, 1, 0]),
        ({"status": "DELIVERED"}, []),
        ({"country": "DE"}, [2]),
        ({"category": "marketing"}, [1]),
        ({"category": "transactional", "channel": "sms"}, [0]),
        ({"verification": "00000000-0000-0000-0000-000000000000"}, []),
    ],
)
def test_list_is_filtered_by_the_query(staff_client, mixed, query, expected):
    assert ids(get(staff_client, MESSAGES, **query)) == [mixed[index].pk for index in expected]


def test_list_is_filtered_by_verification(staff_client, mixed):
    assert ids(get(staff_client, MESSAGES, verification=mixed[0].verification_id)) == [mixed[0].pk]


def test_list_is_filtered_by_time(staff_client, mixed, settings):
    settings.TIME_ZONE = "Asia/Tokyo"
    second = mixed[1].created_at
    for index, message in enumerate(mixed):
        Message.objects.filter(pk=message.pk).update(created_at=second + timedelta(hours=index - 1))
    moment = second.isoformat()
    assert ids(get(staff_client, MESSAGES, created_after=moment)) == [message.pk for message in mixed[:0:-1]]
    assert ids(get(staff_client, MESSAGES, created_before=moment)) == [mixed[0].pk]
    naive = second.replace(tzinfo=None).isoformat()
    later = (second + timedelta(hours=1)).isoformat()
    assert ids(get(staff_client, MESSAGES, created_after=naive, created_before=later)) == [mixed[1].pk]


@pytest.mark.parametrize(
    ("url", "query", "field"),
    [
        (MESSAGES, {"nubmer": "1"}, "nubmer"),
        (MESSAGES, {"number__startswith": "+1201"}, "number__startswith"),
        (MESSAGES, {"content__text": "x"}, "content__text"),
        (MESSAGES, {"number": ""}, "number"),
        (MESSAGES, {"number": "+1201"}, "number"),
        (MESSAGES, {"number": "%"}, "number"),
        (MESSAGES, {"channel": "pigeon"}, "channel"),
        (MESSAGES, {"channel": ""}, "channel"),
        (MESSAGES, {"channel": ["sms", "viber"]}, "channel"),
        (MESSAGES, {"status": "x" * 33}, "status"),
        (MESSAGES, {"status": "\x00"}, "status"),
        (MESSAGES, {"country": "Germany"}, "country"),
        (MESSAGES, {"country": "de"}, "country"),
        (MESSAGES, {"category": "spam"}, "category"),
        (MESSAGES, {"verification": "17"}, "verification"),
        (MESSAGES, {"created_after": "yesterday"}, "created_after"),
        (MESSAGES, {"created_before": "2026-13-01"}, "created_before"),
        (MESSAGES, {"page_size": "0"}, "page_size"),
        (MESSAGES, {"page_size": "201"}, "page_size"),
        (MESSAGES, {"page_size": "many"}, "page_size"),
        (MESSAGES, {"cursor": "!"}, "cursor"),
        (MESSAGES, {"cursor": b64encode(b"p=abc").decode()}, "cursor"),
        (MESSAGES, {"cursor": b64encode(b"p=").decode()}, "cursor"),
        (MESSAGES, {"cursor": b64encode(b"p=" + b"9" * 40).decode()}, "cursor"),
        (INBOUND, {"recipient": "x"}, "recipient"),
        (INBOUND, {"sender": "ACME"}, "sender"),
        (INBOUND, {"created_after": "yesterday"}, "created_after"),
        (INBOUND, {"cursor": "é"}, "cursor"),
    ],
)
def test_invalid_filter_is_an_error_of_its_field(staff_client, lanck, url, query, field):
    response = staff_client.get(url, query)
    assert response.status_code == 400
    assert response.json()["code"] == ("invalid_number" if field == "number" else "invalid_argument")
    assert list(response.json()["errors"]) == [field]
    assert response.json()["errors"][field][0]


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "0001-01-01", "9999-12-31T23:59:59"]
)
def test_dates_at_the_ends_of_the_calendar_are_accepted(staff_client, lanck, settings, moment):
    settings.TIME_ZONE = "America/New_York"
    for name in ("created_after", "created_before"):
        assert get(staff_client, MESSAGES, **{name: moment}).status_code in (200, 400)


@pytest.mark.parametrize(("url", "name"), [(MESSAGES, "number"), (INBOUND, "sender")])
@pytest.mark.parametrize("value", ["+12015550123", "+12015550111", "nonsense"])
def test_filter_by_number_needs_the_permission_to_see_numbers(masked_client, mixed, url, name, value):
    response = get(masked_client, url, **{name: value})
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
    assert "lanck.view_number" in response.json()["detail"]


def test_pages_contain_all_rows_without_gaps(staff_client, lanck, phone):
    made = [Message.objects.create(channel="sms", number=phone).pk for _ in range(7)]
    url, pages = f"{MESSAGES}?page_size=3&channel=sms", []
    while url:
        response = staff_client.get(url)
        pages.append(ids(response))
        if len(pages) == 1:  # one that comes meanwhile moves nothing
            Message.objects.create(channel="sms", number=phone)
        url, last = response.json()["next"], response
    newest_first = made[::-1]
    assert pages == [newest_first[:3], newest_first[3:6], newest_first[6:]]
    assert ids(staff_client.get(last.json()["previous"])) == newest_first[3:6]


def test_page_size_is_50_by_default_and_200_at_most(staff_client, lanck, phone):
    Message.objects.bulk_create([Message(channel="sms", number=phone) for _ in range(201)])
    assert len(ids(staff_client.get(MESSAGES))) == 50
    assert len(ids(get(staff_client, MESSAGES, page_size=200))) == 200


def test_list_makes_one_statement_for_any_number_of_rows(staff_client, lanck, phone):
    def counted(url, **query) -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            assert get(staff_client, url, **query).status_code == 200
        return statements(captured)

    taken: dict[str, list[int]] = {MESSAGES: [], INBOUND: []}
    for rows in (10, 90):
        for number in range(rows):
            services.start_verification(number=f"+120155501{number:02}")
            InboundMessage.objects.create(message_id=f"{rows}-{number}", sender=phone, recipient="12065550100")
        for url, counts in taken.items():
            sql = counted(url, page_size=100)
            counts.append(len(sql))
            assert len([each for each in sql if '"lanck_' in each or "`lanck_" in each]) == 1
            assert not [each for each in sql if "COUNT(" in each]
    assert all(ten == hundred for ten, hundred in taken.values())


def test_message_makes_the_same_number_of_statements_with_50_receipts(staff_client, lanck, phone):
    message = services.speak_text(number=phone, text="Hello")
    counts = []
    for receipts in (1, 49):
        first = message.receipts.count()
        Receipt.objects.bulk_create(
            [
                Receipt(message=message, digest=str(first + each), status="SENT", payload={"duration": each})
                for each in range(receipts)
            ]
        )
        with CaptureQueriesContext(connection) as captured:
            shown = staff_client.get(f"{MESSAGES}{message.pk}/").json()
        counts.append(len(statements(captured)))
    assert len(shown["receipts"]) == 50
    assert counts[0] == counts[1]


def test_message_has_its_receipts(staff_client, lanck, phone):
    message = services.send_sms(number=phone, text="Hello {link}", link="https://shop.example")
    now = int(time.time())
    lanck.report(lanck.sent[-1], "SENT", timestamp=now, mccmnc="310260")
    lanck.report(lanck.sent[-1], "DELIVERED", timestamp=now + 1)
    lanck.report(lanck.sent[-1], "DELIVERED", timestamp=now + 1)
    Message.objects.filter(pk=message.pk).update(price="0", goal="LINK_OPENED")
    shown = staff_client.get(f"{MESSAGES}{message.pk}/").json()
    assert set(shown) == set(described.MessageDetailSerializer().fields)
    assert (shown["status"], shown["mccmnc"], shown["price"]) == ("DELIVERED", "310260", "0.000000")
    assert (shown["content"], shown["link"]) == ({"text": "Hello {link}"}, "https://shop.example")
    assert (shown["goal"], shown["verification"]) == ("LINK_OPENED", None)
    assert [receipt["status"] for receipt in shown["receipts"]] == ["SENT", "DELIVERED"]
    sent, delivered = shown["receipts"]
    assert set(sent) == set(described.ReceiptSerializer().fields)
    assert (sent["repeats"], delivered["repeats"], sent["call"]) == (0, 1, None)
    assert sent["payload"]["mccmnc"] == "310260"


def test_receipts_of_a_call_have_its_details(staff_client, masked_client, lanck, phone):
    message = services.speak_text(number=phone, text="Hello")
    answered = 1_700_000_000
    facts = {"sipStatus": 200, "callCreatedAt": answered - 9, "callAnsweredAt": answered, "billable": True}
    lanck.report(lanck.sent[-1], "ANSWERED", **facts, duration=12, **{"from": "+12065550100"})
    for client in (staff_client, masked_client):
        (receipt,) = client.get(f"{MESSAGES}{message.pk}/").json()["receipts"]
        assert receipt["call"] == {
            "sip_status": 200,
            "created_at": "2023-11-14T22:13:11Z",
            "ring_started_at": None,
            "answered_at": "2023-11-14T22:13:20Z",
            "ended_at": None,
            "billable": True,
            "duration": 12,
        }
        assert set(receipt["call"]) == set(described.CallDetailsSerializer().fields)
    assert receipt["payload"]["from"] == "+1206•••0100"


def test_numbers_are_masked_in_every_field(masked_client, staff_client, lanck, phone):
    with with_lanck(lanck, SENDERS={"sms": "12065550100"}):
        message = services.send_sms(
            number=phone, text="Call +1 (206) 555-0100 or 2065550100", link=None, category="marketing"
        )
    lanck.report(lanck.sent[-1], "SENT", to=12065550100, deep=[{"who": "tel:+12065550100"}])
    lanck.inbound(OTHER, "I am at 206-555-0100", more={"cc": "12065550100"})
    inbound = InboundMessage.objects.get()
    addresses = [MESSAGES, f"{MESSAGES}{message.pk}/", INBOUND, f"{INBOUND}{inbound.pk}/"]
    for address in addresses:
        masked, whole = masked_client.get(address).content.decode(), staff_client.get(address).content.decode()
        for digits in (phone[1:], OTHER[1:], "2065550100", "555-0100"):
            assert digits not in masked, address
        assert "•••" in masked
        assert "•••" not in whole
    assert staff_client.get(addresses[1]).json()["receipts"][0]["payload"]["to"] == 12065550100
    shown = masked_client.get(addresses[3]).json()
    assert (shown["sender"], shown["recipient"]) == ("+1201•••0199", "+1206•••0100")


def test_sender_name_is_not_masked(masked_client, lanck, phone):
    with with_lanck(lanck, SENDERS={"sms": "ACME"}):
        message = services.send_sms(number=phone, text="Hi")
    lanck.inbound("ACME", "Hi")
    assert masked_client.get(f"{MESSAGES}{message.pk}/").json()["sender"] == "ACME"
    assert masked_client.get(INBOUND).json()["results"][0]["sender"] == "ACME"


def test_response_contains_no_code_token_or_hash(staff_client, lanck, phone):
    message = services.start_verification(number=phone, code_source="site", method="sms").newest_message
    lanck.report(lanck.sent[-1], "DELIVERED", code=lanck.sent[-1].code, text=lanck.sent[-1].text)
    stored, page = Message.objects.get(), staff_client.get(f"{MESSAGES}{message.pk}/").content.decode()
    assert "••••••" in page
    for secret in (lanck.sent[-1].code, stored.code_hash, lanck.sent[-1].params["callbackUrl"][-40:]):
        assert secret not in page


@pytest.mark.parametrize("pk", ["0", "x", "-1", "1.0", "٣", "%00", "9" * 30, "a" * 500])
@pytest.mark.parametrize("url", [MESSAGES, INBOUND])
def test_unknown_id_is_404(staff_client, lanck, url, pk):
    response = staff_client.get(f"{url}{pk if '%' in pk else quote(pk)}/")
    assert (response.status_code, response.content) == (404, b'{"code":"not_found","detail":"Not found."}')


def test_inbound_messages_are_listed_and_returned(staff_client, lanck, phone):
    lanck.inbound(phone, "STOP", messageId="first")
    lanck.inbound(OTHER, "Hello", messageId="second", timestamp=1_700_000_000, extra="kept")
    listed = staff_client.get(INBOUND).json()["results"]
    assert [row["message_id"] for row in listed] == ["second", "first"]
    assert set(listed[0]) == set(described.InboundMessageSerializer().fields)
    assert (listed[0]["sender"], listed[0]["text"], listed[0]["parts"]) == (OTHER, "Hello", 1)
    assert listed[0]["provider_at"] == "2023-11-14T22:13:20Z"
    shown = staff_client.get(f"{INBOUND}{listed[0]['id']}/").json()
    assert set(shown) == set(described.InboundMessageDetailSerializer().fields)
    assert shown["payload"]["extra"] == "kept"
    assert ids(get(staff_client, INBOUND, sender="001 201 555 0123")) == [listed[1]["id"]]
    first = InboundMessage.objects.get(message_id="first")
    later = first.received_at + timedelta(minutes=1)
    InboundMessage.objects.filter(message_id="second").update(received_at=later)
    assert ids(get(staff_client, INBOUND, created_before=later.isoformat())) == [first.pk]
    assert ids(get(staff_client, INBOUND, created_after=later.isoformat())) == [listed[0]["id"]]


def test_superuser_needs_no_permission(admin_client, mixed):
    assert get_user_model().objects.get().is_superuser
    assert len(ids(admin_client.get(MESSAGES))) == 4
