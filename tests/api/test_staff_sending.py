import pytest
from django.db import connection

from django_lanck.models import Message, OptOut
from tests.helpers import with_lanck

pytestmark = pytest.mark.django_db
URL = "/api/staff/messages/"


@pytest.fixture
def sms(phone):
    return {"number": phone, "text": "Your order is ready."}


def test_sms_is_sent_and_its_message_returned(staff_client, lanck, phone):
    body = {"number": "+1 (201) 555-0123", "text": " Ready: {link} ", "link": "https://shop.example/o/1"}
    response = staff_client.post_json(URL, {**body, "sender": "ACME", "category": "marketing"})
    assert response.status_code == 201
    shown, sent = response.json(), lanck.sent[-1]
    assert (sent.number, sent.channel, sent.params["from"]) == (phone, "sms", "ACME")
    assert sent.text.startswith(" Ready: http://testserver/lanck/l/")
    assert sent.text.endswith(" ")
    assert (shown["number"], shown["sender"], shown["category"]) == (phone, "ACME", "marketing")
    assert (shown["status"], shown["request_id"], shown["link"]) == ("accepted", sent.request_id, body["link"])
    assert staff_client.get(f"{URL}{shown['id']}/").json() == shown


def test_response_is_masked_without_the_permission_to_see_numbers(masked_client, lanck, sms, phone):
    response = masked_client.post_json(URL, {**sms, "text": f"Call {phone}", "sender": "12015550100"})
    assert response.status_code == 201
    assert lanck.sent[-1].text == f"Call {phone}"
    assert "5550" not in response.content.decode()
    assert (response.json()["number"], response.json()["sender"]) == ("+1201•••0123", "1201•••0100")


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"number": None}, "invalid_number", "number"),
        ({"number": "12"}, "invalid_number", "number"),
        ({"number": []}, "invalid_number", "number"),
        ({"text": None}, "invalid_argument", "text"),
        ({"text": ""}, "invalid_argument", "text"),
        ({"text": " \n"}, "invalid_argument", "text"),
        ({"text": {"a": 1}}, "invalid_argument", "text"),
        ({"text": "{link}"}, "invalid_argument", "link"),
        ({"link": "https://shop.example"}, "invalid_argument", "link"),
        ({"text": "{link}", "link": "javascript:alert(1)"}, "invalid_argument", "link"),
        ({"sender": "x" * 21}, "invalid_argument", "sender"),
        ({"sender": ""}, "invalid_argument", "sender"),
        ({"sender": None}, "invalid_argument", "sender"),
        ({"category": "spam"}, "invalid_argument", "category"),
        ({"category": []}, "invalid_argument", "category"),
        ({"catgeory": "marketing"}, "invalid_argument", "catgeory"),
        ({"channel": "push"}, "invalid_argument", "channel"),
    ],
)
def test_invalid_field_is_named_and_nothing_is_sent(staff_client, lanck, sms, changes, code, field):
    response = staff_client.post_json(URL, {**sms, **changes})
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert response.json()["errors"][field]
    assert response.json()["detail"]
    assert not lanck.requests
    assert not Message.objects.exists()


@pytest.mark.parametrize("missing", ["number", "text"])
def test_missing_field_is_named(staff_client, lanck, sms, missing):
    del sms[missing]
    assert list(staff_client.post_json(URL, sms).json()["errors"]) == [missing]
    assert not Message.objects.exists()


def test_link_without_callback_base_url_is_refused(staff_client, lanck, phone):
    with with_lanck(lanck, CALLBACK_BASE_URL=""):
        response = staff_client.post_json(URL, {"number": phone, "text": "{link}", "link": "https://shop.example"})
    assert (response.status_code, list(response.json()["errors"])) == (400, ["link"])
    assert not Message.objects.exists()


def test_marketing_to_a_number_with_an_opt_out_is_refused(staff_client, lanck, sms, phone):
    OptOut.objects.record(phone)
    response = staff_client.post_json(URL, {**sms, "category": "marketing"})
    assert (response.status_code, response.json()["code"]) == (409, "opted_out")
    assert not Message.objects.exists()
    assert staff_client.post_json(URL, sms).status_code == 201


@pytest.mark.parametrize(
    ("error_code", "http_status", "status", "code", "retry_after", "field"),
    [
        (1, 401, 503, "unavailable", 60, None),
        (2, 400, 503, "unavailable", 60, None),
        (4, 429, 503, "unavailable", 5, None),
        (5, 401, 503, "unavailable", 60, None),
        (6, 403, 503, "unavailable", 60, None),
        (7, 403, 503, "unavailable", 60, None),
        (8, 400, 503, "unavailable", 60, None),
        (9, 400, 409, "refused", None, None),
        (10, 400, 409, "refused", None, None),
        (11, 400, 400, "invalid_number", None, "number"),
        (16, 400, 400, "invalid_argument", None, "sender"),
        (77, 400, 409, "refused", None, None),
    ],
)
def test_error_of_lanck_is_a_refusal_with_the_id_of_the_stored_message(
    staff_client, lanck, sms, error_code, http_status, status, code, retry_after, field
):
    lanck.refuse(error_code, http_status=http_status, reason="the account owes 12 dollars")
    response = staff_client.post_json(URL, sms)
    body, message = response.json(), Message.objects.get()
    assert (response.status_code, body["code"], body.get("retry_after")) == (status, code, retry_after)
    assert list(body.get("errors", [])) == ([field] if field else [])
    assert "dollars" not in response.content.decode()
    stored = staff_client.get(f"{URL}{body['message_id']}/").json()
    assert (stored["id"], stored["status"], stored["error_code"]) == (message.pk, "refused", error_code)
    assert "dollars" in stored["error_reason"]


def test_unreachable_lanck_is_answered_with_503_and_retry_after(staff_client, lanck, sms, unused_port):
    with with_lanck(lanck, BASE_URL=f"http://127.0.0.1:{unused_port}/v1"):
        response = staff_client.post_json(URL, sms)
    assert (response.status_code, response.json()["code"], response["Retry-After"]) == (503, "unavailable", "5")
    assert Message.objects.get(pk=response.json()["message_id"]).status == "refused"


def test_unknown_outcome_is_answered_with_201_and_status_unknown(staff_client, lanck, sms):
    lanck.lose_answer()
    response = staff_client.post_json(URL, sms)
    assert (response.status_code, response.json()["status"]) == (201, "unknown")
    assert Message.objects.get().pk == response.json()["id"]


def test_public_api_does_not_return_message_ids(client, lanck, phone):
    lanck.refuse(6, http_status=403)
    response = client.post("/api/phone/verifications/", {"number": phone}, "application/json")
    assert set(response.json()) == {"code", "detail", "retry_after"}


def test_sms_is_sent_immediately_with_atomic_requests(staff_client, lanck, sms, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    assert staff_client.post_json(URL, sms).json()["status"] == "accepted"
