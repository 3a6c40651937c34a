"""Attacks on checks: guessed codes, concurrent checks, foreign verifications and invalid codes."""

from __future__ import annotations

import json
import socket
import threading
import uuid

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from django_lanck import signals
from django_lanck.exceptions import Refusal
from django_lanck.guard import admit
from django_lanck.models import Verification
from django_lanck.sandbox.models import SandboxMessage
from django_lanck.services import binding_for, check_verification, redeem_proof, start_verification
from django_lanck.services.verifications import attempts
from tests.client.scripted import says, scripted
from tests.helpers import wrong_code
from tests.hostile.conftest import Person, binding_of, check
from tests.parallel import call_concurrently
from tests.urls import urlpatterns as demo_urls

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/api/phone/verifications/"
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


@csrf_exempt
def check_and_raise(request: HttpRequest, verification_id: str) -> HttpResponse:
    check_verification(verification_id=verification_id, code=request.POST["code"], binding=binding_for(request))
    raise ZeroDivisionError


@csrf_exempt
@transaction.non_atomic_requests
def check_and_raise_outside_of_a_transaction(request: HttpRequest, verification_id: str) -> HttpResponse:
    return check_and_raise(request, verification_id)


urlpatterns = [
    *demo_urls,
    path("own/<str:verification_id>/", check_and_raise_outside_of_a_transaction),
    path("own/atomic/<str:verification_id>/", check_and_raise),
]


def code_on_phone(number: str) -> str:
    message = SandboxMessage.objects.filter(number=number).order_by("-pk")[0]
    return message.code or message.text.split()[-1].strip(".")


def start(client: Client, number: str, **more: object) -> str:
    """Start a verification and return its URL."""
    started = client.post(URL, {"number": number, **more}, "application/json")
    assert started.status_code == 201, started.content
    return f"{URL}{started.json()['id']}/"


def test_attack_01_concurrent_wrong_codes_spend_the_allowed_attempts_only(
    person, use_lanck_at, record_signal, monkeypatch
):
    """Of 200 concurrent wrong codes with 5 attempts allowed, at most 5 reach the provider. The right code is refused
    afterwards."""
    failed, verified = record_signal(signals.verification_failed), record_signal(signals.number_verified)
    spellings = (str, lambda digits: digits.translate(ARABIC), lambda digits: f"{digits[:3]}-{digits[3:]}")
    others_answered, answered = threading.Event(), []
    all_have_read, waiting = threading.Barrier(25), []

    def spend_when_all_have_read(*arguments: object) -> object:
        waiting.append(1)
        if len(waiting) <= 25:
            all_have_read.wait(20)
        return admit(*arguments)

    monkeypatch.setattr(attempts, "admit", spend_when_all_have_read)

    def check_wrong_code(number: int) -> None:
        answered.append(check(someone, spellings[number % 3](wrong_code("123456", number + 1))))
        if len(answered) == 20:
            others_answered.set()

    def wrong_code_at_last(connection: socket.socket) -> None:
        others_answered.wait(20)
        says('{"errorCode": 21}', "400 Bad Request")(connection)

    with scripted(says('{"requestId": "r1"}'), wrong_code_at_last) as server:
        use_lanck_at(server.url, READ_TIMEOUT=60, TOTAL_TIMEOUT=60)
        someone = person()
        assert someone.start().status_code == 201
        assert call_concurrently(check_wrong_code, 200) == [None] * 200
        refusals = {(answer.status_code, answer.json()["code"]) for answer in answered}
        assert refusals == {(400, "invalid_code"), (400, "exhausted")}
        assert [request.path for request in server.requests] == ["/v1/verify", *["/v1/verify/check"] * 5]
        assert check(someone, "123456").json()["code"] == "exhausted"
        assert len(server.requests) == 6
    stored = Verification.objects.get()
    assert (stored.state, stored.attempts, stored.failures) == ("exhausted", 5, 5)
    assert [sent["reason"] for sent in failed] == ["exhausted"]
    assert not verified


@pytest.mark.urls(__name__)
@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("code_source", ["lanck", "site"])
def test_attack_02_attempts_stay_spent_in_views_that_raise(phone, sandbox_requests, settings, code_source):
    """Attempts stay spent with ATOMIC_REQUESTS and in views of the site that raise after a wrong code."""
    settings.LANCK = {**settings.LANCK, "CODE_SOURCE": code_source}
    browser = Client(raise_request_exception=False)
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    try:
        address = start(browser, phone)
        code, verification_id = code_on_phone(phone), address.split("/")[-2]
        for step in (1, 2):
            answer = browser.post(f"{address}check/", {"code": wrong_code(code, step)}, "application/json")
            assert answer.json()["code"] == "invalid_code"
        for step in (3, 4):
            assert browser.post(f"/own/{verification_id}/", {"code": wrong_code(code, step)}).status_code == 500
        # Inside a transaction no code is compared, because the attempt could be rolled back.
        browser.raise_request_exception = True
        for step in range(10):
            with pytest.raises(RuntimeError, match="inside a transaction"):
                browser.post(f"/own/atomic/{verification_id}/", {"code": wrong_code(code, step)})
        assert Verification.objects.get().attempts == 4
        assert sandbox_requests.count("verify/check") == (4 if code_source == "lanck" else 0)
        for last in (wrong_code(code, 5), code):
            answer = browser.post(f"{address}check/", {"code": last}, "application/json")
            assert answer.json()["code"] == "exhausted"
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False
    assert sandbox_requests.count("verify/check") == (5 if code_source == "lanck" else 0)
    assert Verification.objects.get().state == "exhausted"


def unusual_ids(known: str) -> list[str]:
    unknown = str(uuid.uuid4())
    return [
        unknown,
        str(uuid.UUID(int=0)),
        known.replace("-", ""),
        known.upper(),
        f"{{{known}}}",
        "x",
        "%00",
        "1" * 500,
    ]


@pytest.mark.usefixtures("site")
def test_attack_12_verification_of_another_binding_is_not_found(phone, sandbox_requests, rf, settings):
    """The verification id of another binding, of another purpose and an unknown one get the same 404, byte for byte,
    without a call to the provider."""
    settings.LANCK = {**settings.LANCK, "PURPOSES": {"signup": {"PUBLIC": True}, "login": {}}}
    victim, customer, attacker, user = Client(), Client(), Client(), Client()
    users = [get_user_model().objects.create_user(name) for name in ("victim", "attacker")]
    customer.force_login(users[0])
    user.force_login(users[1])
    theirs = [start(client, phone).split("/")[-2] for client in (victim, customer)]
    start(attacker, "+12015550100")  # creates a binding for the attacker
    request = rf.get("/")
    request.user, request.session = users[1], attacker.session
    private = [
        str(start_verification(number="+12015550100", purpose="login", binding=binding).pk)
        for binding in binding_for(request)
    ]
    before, requests_before = list(Verification.objects.order_by("pk").values()), list(sandbox_requests)
    code = code_on_phone(phone)
    calls = [("get", "", {}), ("delete", "", {}), ("post", "check/", {"code": code}), ("post", "resend/", {})]
    for verb, end, body in calls:
        answers = {
            (answer.status_code, answer.content, tuple(sorted(set(answer.items()) - {("Expires", answer["Expires"])})))
            for client in (attacker, user, Client())
            for verification_id in [*theirs, *private, *unusual_ids(theirs[0])]
            for answer in [getattr(client, verb)(f"{URL}{verification_id}/{end}", body, "application/json")]
        }
        assert len(answers) == 1, answers
        assert next(iter(answers))[0] == 404
    assert list(Verification.objects.order_by("pk").values()) == before
    assert sandbox_requests == requests_before


def test_attack_13_concurrent_right_codes_verify_once(person, use_lanck_at, site, settings, record_signal):
    """Of 50 concurrent right codes one verifies, with one signal and one proof. A proof cannot be used twice."""
    verified, failed = record_signal(signals.number_verified), record_signal(signals.verification_failed)
    right = {"requestId": "r1", "number": "+12015550123", "method": "sms", "verifiedAt": 1_700_000_000_000}
    all_are_called = threading.Barrier(5)

    def right_code(connection: socket.socket) -> None:
        all_are_called.wait(20)  # none has verified yet
        says(json.dumps(right))(connection)

    with scripted(says('{"requestId": "r1"}'), right_code) as server:
        use_lanck_at(server.url, READ_TIMEOUT=60, TOTAL_TIMEOUT=60)
        someone = person()
        assert someone.start().status_code == 201
        _assert_one_check_verifies(someone, "123456")
        assert [request.path for request in server.requests] == ["/v1/verify", *["/v1/verify/check"] * 5]
    settings.LANCK = {**settings.LANCK, "BASE_URL": f"{site}/sandbox/v1", "CODE_SOURCE": "site", "MAX_ATTEMPTS": 50}
    someone = person()
    assert someone.start().status_code == 201
    _assert_one_check_verifies(someone, code_on_phone(someone.number))
    assert (len(verified), len(failed)) == (2, 0)


def _assert_one_check_verifies(someone: Person, code: str) -> None:
    answers = call_concurrently(lambda n: check(someone, code), 50)
    proofs = [answer.json()["proof"] for answer in answers if answer.status_code == 200]
    assert (len(answers), len(proofs)) == (50, 1)
    refusals = {answer.json()["code"] for answer in answers if answer.status_code != 200}
    assert refusals <= {"already_verified", "exhausted"}
    assert check(someone, code).json()["code"] == "already_verified"
    binding = binding_of(someone)
    results = call_concurrently(lambda n: redeem_proof(proof=proofs[0], binding=binding), 50)
    assert results.count(someone.number) == 1
    assert [result.code for result in results if isinstance(result, Refusal)] == ["invalid_proof"] * 49


INVALID_CODES = [
    *('""', "null", "true", "false", "0", "7", "-1", "1e400", "NaN", "Infinity", "-0.0", "1" * 5000, "9" * 400),
    *("[]", "{}", '["123456"]', '[["123456"]]', '{"code": "123456"}', json.dumps("1" * 10_000), '"12345"', '"1234567"'),
    *(
        '"\\u0000123456"',
        '"12345\\u0000"',
        '"\\ud800"',
        '"12345\\udfff"',
        '"１２３４５"',
        '"²³¹²³¹"',
        '"一二三四五六"',
        '"①②③④⑤⑥"',
    ),
    *(
        '"+12345"',
        '"0x1E24"',
        '"1e5000"',
        '"123456;"',
        '"123456\\n123456"',
        '"% % %"',
        '"\' OR 1=1"',
        '"12.456"',
        '"" ""',
    ),
    *("'123456'", "123456 1", "[" * 10_000, '{"a":' * 10_000),
]


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("code_source", ["lanck", "site"])
def test_attack_14_invalid_codes_are_refused_without_a_call(phone, sandbox_requests, settings, code_source):
    """A code that is empty, null, a boolean, a number, a list, an object, 10 kB long or has unusual characters is
    refused with 400 or normalized. It is never sent to the provider and never causes a 500."""
    settings.LANCK = {**settings.LANCK, "CODE_SOURCE": code_source}
    browser = Client()
    address = start(browser, phone)
    code = code_on_phone(phone)
    for value in INVALID_CODES:
        answer = browser.generic("POST", f"{address}check/", f'{{"code": {value}}}', "application/json")
        assert answer.status_code == 400, value
        assert answer.json()["code"] in {"invalid_code", "invalid_body"}, value
    for body in ("", "{}", "[]", '"123456"', "123456", '{"Code": "123456"}', '{"code": "x", "code": ""}', "\xff"):
        answer = browser.generic("POST", f"{address}check/", body.encode("latin-1"), "application/json")
        assert answer.status_code == 400, body
    for given in (None, True, 0, [], {}, b"123456", 1.5, "", "1" * 10_000_000, "\ud800"):
        result = check_verification(verification_id=address.split("/")[-2], code=given, binding=binding_in(browser))
        assert result.refusal == "invalid_code"
    assert "verify/check" not in sandbox_requests
    assert Verification.objects.get().attempts == 0
    twice = f'{{"code": "{wrong_code(code)}", "code": " {code[:3]}\\u00a0-{code[3:].translate(ARABIC)} "}}'
    answer = browser.generic("POST", f"{address}check/", twice, "application/json")
    assert answer.json()["status"] == "verified"


def binding_in(browser: Client) -> str:
    return f"session:{browser.session['lanck_binding']}"
