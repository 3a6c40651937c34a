"""``/verify``, ``/verify/check`` and ``/verify/info``."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from django_lanck.sandbox.api.fields import LANGUAGES
from django_lanck.sandbox.models import SandboxVerification
from tests.helpers import wrong_code
from tests.parallel import call_concurrently

PHONE = "+12015550123"


def status_and_error(response):
    return response.status_code, response.json().get("errorCode")


@pytest.mark.parametrize(
    "extra",
    [
        {"from": "My Shop"},
        {"from": "ACME"},
        {"from": "12015550100"},
        {"from": "+12015550100"},
        {"ip": "203.0.113.7"},
        {"ip": "2001:db8::1"},
        {"codeExpiry": "60"},
        {"checkAttemptsAllowed": "1"},
        {"callbackUrl": "https://www.example.com/lanck/?token=a:b"},
        {"callbackUrl": "http://[::1]:8000/x"},
    ],
)
def test_optional_parameters_are_accepted(api, extra):
    request_id = api.start(**extra)
    assert re.fullmatch(r"[A-Za-z0-9]{32}", request_id)
    [message] = api.messages()
    assert message["request_id"] == request_id
    assert message["sender"] == extra.get("from", "LANCK")


def test_code_has_four_digits_or_the_requested_number(api):
    api.start()
    for length in "456":
        api.start(codeLength=length)
    assert [len(message["code"]) for message in reversed(api.messages())] == [4, 4, 5, 6]
    assert all(message["code"].isdecimal() and message["code"] in message["text"] for message in api.messages())


def test_every_documented_language_is_accepted(api, settings):
    settings.LANCK_SANDBOX = {"ALLOW_WITHOUT_DEBUG": True, "REQUESTS_PER_SECOND": 1000}
    assert len(LANGUAGES) == 40
    for language in LANGUAGES:
        api.start(language=language)
    texts = {language: message["text"] for language, message in zip(LANGUAGES, reversed(api.messages()), strict=True)}
    assert texts["de"].startswith("Ihr Code lautet ")
    assert texts["ru"].startswith("Ваш код")
    assert texts["ar"].startswith("رمز")
    assert texts["sw"].startswith("Your code is ")


def test_voice_call_dictates_the_digits(api):
    api.start(method="voice", codeLength="6", language="fr")
    [message] = api.messages()
    assert message["channel"] == "voice"
    assert message["text"] == "Votre code est " + " ".join(message["code"])


@pytest.mark.parametrize("length", [4, 5, 6])
def test_flash_call_comes_from_a_number_that_ends_with_the_code(api, length):
    api.start(method="call", codeLength=str(length))
    [message] = api.messages()
    assert message["channel"] == "call"
    assert message["sender"].endswith(message["code"])
    assert (len(message["code"]), message["text"]) == (length, "")


def test_correct_code_returns_the_verified_number(api):
    request_id = api.start()
    before = timezone.now().timestamp() * 1000
    response = api.post("verify/check", requestId=request_id, code=api.messages()[0]["code"])
    assert response.status_code == 200
    body = response.json()
    verified_at = body.pop("verifiedAt")
    assert body == {"requestId": request_id, "number": PHONE, "method": "sms"}
    assert before - 1 <= verified_at <= timezone.now().timestamp() * 1000


@pytest.mark.parametrize("code", ["abcd", "1", "é", "٠١٢٣", "0" * 50])
def test_code_that_is_not_digits_is_a_wrong_code(api, code):
    assert status_and_error(api.post("verify/check", requestId=api.start(), code=code)) == (400, 21)


@pytest.mark.parametrize("path", ["verify/check", "verify/info"])
def test_unknown_request_is_error_20(api, path):
    known = api.start()
    for request_id in ("x", known.swapcase(), known + " "):
        extra = {"code": "1234"} if path == "verify/check" else {}
        assert status_and_error(api.post(path, requestId=request_id, **extra)) == (404, 20)


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("verify/check", {"code": "1234"}),
        ("verify/check", {"requestId": "x"}),
        ("verify/check", {"requestId": "x", "code": ""}),
        ("verify/info", {}),
        ("verify/info", {"requestId": ""}),
    ],
)
def test_missing_parameter_is_error_10(api, path, form):
    assert status_and_error(api.post(path, **form)) == (400, 10)


def test_correct_code_is_refused_after_too_many_wrong_codes(api):
    request_id = api.start(checkAttemptsAllowed="2")
    code = api.messages()[0]["code"]
    for expected in ((400, 21), (400, 21), (400, 23)):
        assert status_and_error(api.post("verify/check", requestId=request_id, code=wrong_code(code))) == expected
    assert status_and_error(api.post("verify/check", requestId=request_id, code=code)) == (400, 23)


def test_five_checks_are_allowed_by_default(api):
    request_id = api.start()
    code = api.messages()[0]["code"]
    for _ in range(4):
        assert status_and_error(api.post("verify/check", requestId=request_id, code=wrong_code(code))) == (400, 21)
    assert api.post("verify/check", requestId=request_id, code=code).status_code == 200


def test_expired_code_is_error_22(api):
    request_id = api.start(codeExpiry="60")
    rows = SandboxVerification.objects.filter(request__request_id=request_id)
    left = rows.get().expires_at - timezone.now()
    assert timedelta(seconds=50) < left <= timedelta(seconds=60)
    rows.update(expires_at=timezone.now())
    assert status_and_error(api.post("verify/check", requestId=request_id, code=api.messages()[0]["code"])) == (400, 22)


def test_code_can_be_verified_only_once(api):
    request_id = api.start()
    code = api.messages()[0]["code"]
    assert api.post("verify/check", requestId=request_id, code=code).status_code == 200
    assert status_and_error(api.post("verify/check", requestId=request_id, code=code)) == (400, 22)


def test_info_returns_status_and_attempts(api):
    request_id = api.start(method="voice")
    code = api.messages()[0]["code"]
    api.post("verify/check", requestId=request_id, code=wrong_code(code))
    info = api.post("verify/info", requestId=request_id).json()
    requested_at = info.pop("verificationRequestedAt")
    assert abs(requested_at / 1000 - timezone.now().timestamp()) < 30
    processing = {"status": "processing", "number": PHONE, "method": "voice", "verifiedAt": None, "checkAttempts": 1}
    assert info == processing
    verified_at = api.post("verify/check", requestId=request_id, code=code).json()["verifiedAt"]
    info = api.post("verify/info", requestId=request_id).json()
    assert (info["status"], info["verifiedAt"], info["checkAttempts"]) == ("verified", verified_at, 2)


@pytest.mark.django_db(transaction=True)
def test_three_of_20_concurrent_wrong_checks_are_counted(api):
    request_id = api.start(checkAttemptsAllowed="3")
    bad = wrong_code(api.messages()[0]["code"])
    results = call_concurrently(
        lambda _: status_and_error(api.post("verify/check", requestId=request_id, code=bad)), 20, threads=20
    )
    assert sorted(results) == [(400, 21)] * 3 + [(400, 23)] * 17
    assert SandboxVerification.objects.get().checks == 3


@pytest.mark.django_db(transaction=True)
def test_one_of_10_concurrent_correct_checks_succeeds(api):
    request_id = api.start(checkAttemptsAllowed="10")
    code = api.messages()[0]["code"]
    results = call_concurrently(
        lambda _: api.post("verify/check", requestId=request_id, code=code).status_code, 10, threads=10
    )
    assert sorted(results) == [200] + [400] * 9
