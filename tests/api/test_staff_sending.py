import pytest
from django.db import connection

from django_lanck.models import Message, OptOut
from tests.helpers import with_lanck

pytestmark = pytest.mark.django_db
URL = "/api/staff/messages/"


@pytest.fixture
def sms(phone):
    return {"number": phone, "text": "Your order is ready."}


def test_an_sms_is_sent_and_shown(boss, lanck, phone):
    body = {"number": "+1 (201) 555-0123", "text": " Ready: {link} ", "link": "https://shop.example/o/1"}
    response = boss.post_json(URL, {**body, "sender": "ACME", "category": "marketing"})
    assert response.status_code == 201
    shown, sent = response.json(), lanck.sent[-1]
    assert (sent.number, sent.channel, sent.params["from"]) == (phone, "sms", "ACME")
    assert sent.text.startswith(" Ready: http://testserver/lanck/l/")
    assert sent.text.endswith(" ")
    assert (shown["number"], shown["sender"], shown["category"]) == (phone, "ACME", "marketing")
    assert (shown["status"], shown["request_id"], shown["link"]) == ("accepted", sent.request_id, body["link"])
    assert boss.get(f"{URL}{shown['id']}/").json() == shown


def test_the_answer_is_masked_for_who_may_send_but_not_see_numbers(agent, lanck, sms, phone):
    response = agent.post_json(URL, {**sms, "text": f"Call {phone}", "sender": "12015550100"})
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
def test_what_does_not_fit_is_named_and_nothing_happens(boss, lanck, sms, changes, code, field):
    response = boss.post_json(URL, {**sms, **changes})
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert response.json()["errors"][field]
    assert response.json()["detail"]
    assert not lanck.requests
    assert not Message.objects.exists()


@pytest.mark.parametrize("missing", ["number", "text"])
def test_what_is_missing_is_named(boss, lanck, sms, missing):
    del sms[missing]
    assert list(boss.post_json(URL, sms).json()["errors"]) == [missing]
    assert not Message.objects.exists()


def test_a_link_on_a_site_without_an_address_is_a_clear_refusal(boss, lanck, phone):
    with with_lanck(lanck, CALLBACK_BASE_URL=""):
        response = boss.post_json(URL, {"number": phone, "text": "{link}", "link": "https://shop.example"})
    assert (response.status_code, list(response.json()["errors"])) == (400, ["link"])
    assert not Message.objects.exists()


def test_marketing_does_not_go_to_those_who_opted_out(boss, lanck, sms, phone):
    OptOut.objects.record(phone)
    response = boss.post_json(URL, {**sms, "category": "marketing"})
    assert (response.status_code, response.json()["code"]) == (409, "opted_out")
    assert not Message.objects.exists()
    assert boss.post_json(URL, sms).status_code == 201


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
def test_what_lanck_refuses_is_told_and_kept(
    boss, lanck, sms, error_code, http_status, status, code, retry_after, field
):
    lanck.refuse(error_code, http_status=http_status, reason="the account owes 12 dollars")
    response = boss.post_json(URL, sms)
    body, message = response.json(), Message.objects.get()
    assert (response.status_code, body["code"], body.get("retry_after")) == (status, code, retry_after)
    assert list(body.get("errors", [])) == ([field] if field else [])
    assert "dollars" not in response.content.decode()
    kept = boss.get(f"{URL}{body['message_id']}/").json()
    assert (kept["id"], kept["status"], kept["error_code"]) == (message.pk, "refused", error_code)
    assert "dollars" in kept["error_reason"]


def test_a_lanck_that_cannot_be_reached_is_a_503_with_a_time(boss, lanck, sms, unused_port):
    with with_lanck(lanck, BASE_URL=f"http://127.0.0.1:{unused_port}/v1"):
        response = boss.post_json(URL, sms)
    assert (response.status_code, response.json()["code"], response["Retry-After"]) == (503, "unavailable", "5")
    assert Message.objects.get(pk=response.json()["message_id"]).status == "refused"


def test_a_message_that_was_perhaps_sent_is_answered_as_what_it_is(boss, lanck, sms):
    lanck.lose_answer()
    response = boss.post_json(URL, sms)
    assert (response.status_code, response.json()["status"]) == (201, "unknown")
    assert Message.objects.get().pk == response.json()["id"]


def test_no_public_answer_names_a_message(client, lanck, phone):
    lanck.refuse(6, http_status=403)
    response = client.post("/api/phone/verifications/", {"number": phone}, "application/json")
    assert set(response.json()) == {"code", "detail", "retry_after"}


def test_it_is_sent_at_once_on_a_site_that_has_atomic_requests(boss, lanck, sms, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    assert boss.post_json(URL, sms).json()["status"] == "accepted"
