"""Authentication, paths, verbs and bodies: strict, with an error body for every refusal."""

import base64
import json

import pytest
import requests


def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


def status_and_error(response):
    body = response.json()
    assert set(body) == {"errorCode", "errorReason"}
    assert isinstance(body["errorReason"], str)
    assert response["Content-Type"] == "application/json"
    return response.status_code, body["errorCode"]


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
def test_wrong_token_is_refused(api, token):
    answer = api.send("verify/info", b"requestId=x", token=token)
    assert status_and_error(answer) == (401, 1)
    assert answer.json() == {"errorCode": 1, "errorReason": "Authentication required"}
    assert answer["WWW-Authenticate"].startswith("Basic ")


def test_token_can_be_set(api, settings):
    settings.LANCK_SANDBOX = {"ALLOW_WITHOUT_DEBUG": True, "TOKEN": "id:se:cret"}
    assert status_and_error(api.post("verify/info", requestId="x")) == (401, 1)
    assert status_and_error(api.send("verify/info", b"requestId=x", token=basic("id:se:cret"))) == (404, 20)


@pytest.mark.parametrize(
    "path", ["", "verify/", "Verify", "verify/check/", "requests", "requests/", "requests/a/b", "nope"]
)
def test_unknown_path_is_404_with_an_error_body(api, path):
    assert status_and_error(api.post(path, number="+12015550123")) == (404, 10)


def test_root_of_the_api_is_404_with_an_error_body(api):
    answer = api.client.get("/sandbox/v1", headers={"Authorization": basic("sandbox:sandbox")})
    assert status_and_error(answer) == (404, 10)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "verify"), ("PUT", "verify"), ("GET", "verify/check"), ("DELETE", "requests/x"), ("PATCH", "requests/x")],
)
def test_wrong_verb_is_405_with_an_error_body(api, method, path):
    assert status_and_error(api.send(path, method=method)) == (405, 10)


VALID = "number=%2B12015550123&method=sms"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (VALID, "text/plain"),
        (VALID, "multipart/form-data; boundary=x"),
        (VALID, "application/json"),
        (VALID, "application/x-www-form-urlencoded; charset=latin-1"),
        (VALID + "&method=sms", "application/x-www-form-urlencoded"),
        (VALID + "&codelength=6", "application/x-www-form-urlencoded"),
        (VALID + "&from=%ff", "application/x-www-form-urlencoded"),
        (VALID + "&ip=%00", "application/x-www-form-urlencoded"),
        ("number", "application/x-www-form-urlencoded"),
        ("", "application/x-www-form-urlencoded"),
        (VALID + "&from=" + "x" * 70_000, "application/x-www-form-urlencoded"),
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
def test_invalid_body_is_error_10(api, body, content_type):
    assert status_and_error(api.send("verify", body, content_type=content_type)) == (400, 10)
    assert api.messages() == []


def test_post_with_parameters_in_its_url_is_refused(api):
    assert status_and_error(api.send("verify?method=sms", "number=%2B12015550123")) == (400, 10)


def test_form_and_json_bodies_are_equivalent(api):
    api.post("verify", number="+12015550123", method="sms", codeLength="6")
    api.post_json("verify", number="+12015550123", method="sms", codeLength=6)
    assert [len(message["code"]) for message in api.messages()] == [6, 6]


def test_api_over_http(live):
    """Like ``curl -u … -d number=… -d method=sms`` in the documentation, and with a wrong token and path."""
    address = f"{live.origin}/sandbox/v1/verify"
    form = {"number": "+12015550123", "method": "sms"}
    answer = requests.post(address, data=form, auth=("sandbox", "sandbox"), timeout=10, allow_redirects=False)
    assert (answer.status_code, list(answer.json())) == (200, ["requestId"])
    assert answer.headers["Content-Type"] == "application/json"
    answer = requests.post(address, json=form, auth=("sandbox", "wrong"), timeout=10)
    assert (answer.status_code, answer.json()["errorCode"]) == (401, 1)
    answer = requests.post(address + "/", data=form, auth=("sandbox", "sandbox"), timeout=10, allow_redirects=False)
    assert (answer.status_code, json.loads(answer.text)["errorCode"]) == (404, 10)
