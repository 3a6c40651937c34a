"""``GET`` and ``POST /requests/{id}``."""

import pytest
from django.utils import timezone

PHONE = "+12015550123"


def test_description_of_a_request(api):
    form = {"number": PHONE, "method": "sms", "from": "ACME", "codeLength": "6", "callbackUrl": "http://localhost/x"}
    request_id = api.post("verify", **form).json()["requestId"]
    description = api.get(f"requests/{request_id}").json()
    created_at = description.pop("createdAt")
    assert abs(created_at / 1000 - timezone.now().timestamp()) < 30
    assert isinstance(description.pop("rate"), float)
    assert description == {
        "id": request_id,
        "product": "verify.sms",
        "number": PHONE,
        "mccmnc": "310260",
        "network": "Sandbox Mobile US",
        "country": "US",
        "status": "SENT",
        "payload": form,
        "sender": "ACME",
        "goals": [],
    }


@pytest.mark.parametrize("method", ["sms", "voice", "call"])
def test_product_names_the_method(api, method):
    assert api.get(f"requests/{api.start(method=method)}").json()["product"] == f"verify.{method}"


@pytest.mark.parametrize(
    ("number", "country"), [("+4915112345678", "DE"), ("+37200911211", "EE"), ("+88812345678", "")]
)
def test_network_is_that_of_the_number(api, number, country):
    description = api.get(f"requests/{api.start(number=number)}").json()
    assert description["country"] == country
    assert len(description["mccmnc"]) in (5, 6)


def test_goals_are_stored(api):
    request_id = api.start()
    for goal in ("NUMBER_VERIFIED", "LINK_OPENED"):
        answer = api.post(f"requests/{request_id}", goal=goal)
        assert (answer.status_code, answer.json()) == (200, {})
    assert api.get(f"requests/{request_id}").json()["goals"] == ["NUMBER_VERIFIED", "LINK_OPENED"]


@pytest.mark.parametrize("form", [{}, {"goal": ""}, {"goal": "x" * 65}, {"goals": "X"}])
def test_invalid_goal_is_refused(api, form):
    answer = api.post(f"requests/{api.start()}", **form)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, 10)


def test_unknown_request_is_error_20(api):
    for answer in (api.get("requests/nope"), api.post("requests/nope", goal="NUMBER_VERIFIED")):
        assert (answer.status_code, answer.json()["errorCode"]) == (404, 20)


def test_get_with_an_unknown_parameter_is_error_10(api):
    answer = api.get(f"requests/{api.start()}?verbose=1")
    assert (answer.status_code, answer.json()["errorCode"]) == (400, 10)
