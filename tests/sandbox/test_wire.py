"""Token, paths, verbs and bodies: strict, and every refusal in the one shape."""

import base64
import json

import pytest
import requests

NOT_FOUND = {"errorCode": 20, "errorReason": "Request not found"}


def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


def refusal(answer):
    body = answer.json()
    assert set(body) == {"errorCode", "errorReason"}
    assert isinstance(body["errorReason"], str)
    assert answer["Content-Type"] == "application/json"
    return answer.status_code, body["errorCode"]


@pytest.mark.parametrize(
    "token",
    [
        None,
        "Basic",
        "Basic !!!",
        "Bearer sandbox:sandbox",
        basic("sandbox:"),
        basic("sandbox:sandbox2"),
        basic("Sandbox:sandbox"),
        basic("é:é"),
    ],
)
def test_without_the_right_token_nothing_is_told(api, token):
    answer = api.send("verify/info", b"requestId=x", token=token)
    assert refusal(answer) == (401, 1)
    assert answer.json() == {"errorCode": 1, "errorReason": "Authentication required"}
    assert answer["WWW-Authenticate"].startswith("Basic ")


def test_another_token_can_be_set(api, settings):
    settings.LANCK_SANDBOX = {"ALLOW_WITHOUT_DEBUG": True, "TOKEN": "id:se:cret"}
    assert refusal(api.post("verify/info", requestId="x")) == (401, 1)
    assert refusal(api.send("verify/info", b"requestId=x", token=basic("id:se:cret"))) == (404, 20)


@pytest.mark.parametrize(
    "path", ["", "verify/", "Verify", "verify/check/", "requests", "requests/", "requests/a/b", "nope"]
)
def test_an_unknown_path_is_a_json_404(api, path):
    assert refusal(api.post(path, number="+12015550123")) == (404, 10)


def test_the_root_of_the_api_is_a_json_404_too(api):
    answer = api.client.get("/sandbox/v1", headers={"Authorization": basic("sandbox:sandbox")})
    assert refusal(answer) == (404, 10)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "verify"), ("PUT", "verify"), ("GET", "verify/check"), ("DELETE", "requests/x"), ("PATCH", "requests/x")],
)
def test_a_wrong_verb_is_a_json_405(api, method, path):
    assert refusal(api.send(path, method=method)) == (405, 10)


GOOD = "number=%2B12015550123&method=sms"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (GOOD, "text/plain"),
        (GOOD, "multipart/form-data; boundary=x"),
        (GOOD, "application/json"),
        (GOOD, "application/x-www-form-urlencoded; charset=latin-1"),
        (GOOD + "&method=sms", "application/x-www-form-urlencoded"),
        (GOOD + "&codelength=6", "application/x-www-form-urlencoded"),
        (GOOD + "&from=%ff", "application/x-www-form-urlencoded"),
        (GOOD + "&ip=%00", "application/x-www-form-urlencoded"),
        ("number", "application/x-www-form-urlencoded"),
        ("", "application/x-www-form-urlencoded"),
        (GOOD + "&from=" + "x" * 70_000, "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/json"),
        ("[]", "application/json"),
        ('"text"', "application/json"),
        ("{", "application/json"),
        ("[" * 5_000 + "]" * 5_000, "application/json"),
        ('{"number": "+12015550123", "method": "sms", "codeLength": NaN}', "application/json"),
        ('{"number": "+12015550123", "method": "sms", "codeLength": 1e999}', "application/json"),
        ('{"number": "+12015550123", "method": "sms", "method": "sms"}', "application/json"),
        ('{"number": "+12015550123", "method": "sms", "ip": "\\u0000"}', "application/json"),
        ('{"number": "+12015550123", "method": "sms", "ip": "\\ud800"}', "application/json"),
    ],
)
def test_a_body_that_is_not_as_it_should_be_is_error_10(api, body, content_type):
    assert refusal(api.send("verify", body, content_type=content_type)) == (400, 10)
    assert api.messages() == []


def test_a_post_takes_no_parameters_in_its_url(api):
    assert refusal(api.send("verify?method=sms", "number=%2B12015550123")) == (400, 10)


def test_form_and_json_bodies_mean_the_same(api):
    api.post("verify", number="+12015550123", method="sms", codeLength="6")
    api.post_json("verify", number="+12015550123", method="sms", codeLength=6)
    assert [len(message["code"]) for message in api.messages()] == [6, 6]


def test_over_real_http_as_on_the_page(live):
    """``curl -u … -d number=… -d method=sms``, and the refusal of a wrong token."""
    address = f"{live.origin}/sandbox/v1/verify"
    form = {"number": "+12015550123", "method": "sms"}
    answer = requests.post(address, data=form, auth=("sandbox", "sandbox"), timeout=10, allow_redirects=False)
    assert (answer.status_code, list(answer.json())) == (200, ["requestId"])
    assert answer.headers["Content-Type"] == "application/json"
    answer = requests.post(address, json=form, auth=("sandbox", "wrong"), timeout=10)
    assert (answer.status_code, answer.json()["errorCode"]) == (401, 1)
    answer = requests.post(address + "/", data=form, auth=("sandbox", "sandbox"), timeout=10, allow_redirects=False)
    assert (answer.status_code, json.loads(answer.text)["errorCode"]) == (404, 10)
