"""Every operation of LANCK's documentation: the parameters it accepts and refuses, and the keys of its answer."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest

from django_lanck.sandbox.api.errors import ERRORS
from django_lanck.sandbox.models import SandboxMessage, SandboxRequest, SandboxSecond, SandboxVerification
from django_lanck.sandbox.operations import OPERATIONS
from tests.sandbox.conftest import BASIC, FORM, Api

PHONE = "+12015550123"
CALLBACK = "http://127.0.0.1:9/receipts/"
ID, CODE = "the id of a verification", "its code"
JSON = "application/json"
WRONG_TOKEN = "Basic c2FuZGJveDp3cm9uZw=="  # sandbox:wrong


@dataclass(frozen=True)
class Case:
    """An operation: its required and optional parameters, and the keys of its answer."""

    path: str
    required: dict[str, Any]
    optional: dict[str, Any] = field(default_factory=dict)
    answer: frozenset[str] = frozenset(["requestId"])
    verb: str = "POST"
    json_only: bool = False

    def __str__(self) -> str:
        return f"{self.verb} {self.path}"


TO = {"number": PHONE}
TEXT = TO | {"text": "Your order has arrived"}
IDENTITY = frozenset(["id", "product", "number", "mccmnc", "network", "country", "status", "createdAt"])
FLOW = [
    {"type": "push", "message": {"text": "Hi"}, "failover": {"wait": 30, "condition": "delivered"}},
    {"type": "sms", "message": {"text": "Hi", "from": "ACME"}},
]
CASES = [
    Case(
        "verify",
        TO | {"method": "sms"},
        {"from": "ACME", "language": "de", "codeLength": "6", "ip": "203.0.113.7", "codeExpiry": "60",
         "checkAttemptsAllowed": "3"},
    ),
    Case(
        "verify/check",
        {"requestId": ID, "code": CODE},
        answer=frozenset(["requestId", "number", "method", "verifiedAt"]),
    ),
    Case(
        "verify/info",
        {"requestId": ID},
        answer=frozenset(["status", "number", "method", "verifiedAt", "verificationRequestedAt", "checkAttempts"]),
    ),
    Case("requests/{id}", {}, answer=IDENTITY | {"payload", "rate", "sender", "goals"}, verb="GET"),
    Case("requests/{id}", {"goal": "NUMBER_VERIFIED"}, answer=frozenset()),
    Case("sms", TEXT, {"from": "ACME"}),
    Case(
        "messaging/push",
        TEXT,
        {"title": "Hi!", "target": "shop", "ttl": "3600", "priority": "high", "collapseKey": "order",
         "android": '{"color": "#ff0000"}', "ios": '{"badge": 1}'},
    ),
    Case(
        "messaging/viber",
        TEXT,
        {"from": "ACME", "buttonCaption": "Open", "buttonActionUrl": "https://www.example.com/o?id=1",
         "imageUrl": "https://www.example.com/o.png"},
    ),
    Case("messaging/rcs", TEXT),
    Case("messaging/failover", TO | {"flow": FLOW}, json_only=True),
    Case("calls/flash", TO, {"from": "+12065550100", "code": "471100"}, answer=frozenset(["requestId", "from"])),
    Case("calls/p2s", TO | {"code": "4711"}, {"from": "12065550100", "language": "ru"}),
    Case("calls/t2s", TEXT, {"from": "12065550100", "language": "ru"}),
    Case("insight/hlr", TO, answer=IDENTITY | {"imsi", "ported", "roaming"}),
    Case("insight/fraudcheck", TO, answer=frozenset(["status", "mobilePrefix"])),
]  # fmt: skip
WITH_NUMBER = [case for case in CASES if "number" in case.required]

# An invalid value of each parameter, and its error code. test_fields has the other invalid values.
WRONG: dict[str, tuple[int, str]] = {
    "number": (11, "12015550123"),
    "text": (10, " "),
    "from": (16, "TwelveLetter"),
    "method": (10, "fax"),
    "language": (10, "nl"),
    "codeLength": (10, "7"),
    "ip": (10, "300.1.1.1"),
    "codeExpiry": (10, "0"),
    "checkAttemptsAllowed": (10, "0"),
    "callbackUrl": (10, "ftp://www.example.com/"),
    "requestId": (10, ""),
    "code": (10, "1" * 101),
    "goal": (10, "with space"),
    "title": (10, " "),
    "target": (10, " "),
    "priority": (10, " "),
    "collapseKey": (10, " "),
    "ttl": (10, "2419201"),
    "android": (10, "[]"),
    "ios": (10, "[]"),
    "buttonCaption": (10, " "),
    "buttonActionUrl": (10, "javascript:alert(1)"),
    "imageUrl": (10, "/o"),
    "flow": (10, json.dumps(FLOW)),
}
WRONG_FOR_CALLS = {
    "calls/t2s": WRONG | {"language": (10, "de"), "from": (16, "ACME")},
    "calls/p2s": WRONG | {"code": (10, "123"), "from": (16, "ACME")},
    "calls/flash": WRONG | {"code": (10, "1234567"), "from": (16, "ACME")},
}


class Provider:
    """Calls the operations of the table, with the id and the code of a new verification where they stand for one."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def call(
        self,
        case: Case,
        parameters: dict[str, Any],
        *,
        as_json: bool = False,
        verb: str = "",
        token: str | None = BASIC,
    ):
        request_id, code = self._verification(case)
        values = {
            name: {ID: request_id, CODE: code}.get(value, value) if isinstance(value, str) else value
            for name, value in parameters.items()
        }
        verb = verb or case.verb
        path = case.path.format(id=request_id)
        if verb == "GET":
            return self.api.send(f"{path}?{urlencode(values)}", method=verb, token=token)
        if as_json or case.json_only:
            return self.api.send(path, json.dumps(values), method=verb, content_type=JSON, token=token)
        return self.api.send(path, urlencode(values), method=verb, content_type=FORM, token=token)

    def _verification(self, case: Case) -> tuple[str, str]:
        if "{id}" not in case.path and ID not in case.required.values():
            return "", ""
        request_id = self.api.start()
        return request_id, SandboxVerification.objects.get(request__request_id=request_id).code


@pytest.fixture
def provider(api, settings) -> Provider:
    settings.LANCK_SANDBOX = {"ALLOW_WITHOUT_DEBUG": True, "REQUESTS_PER_SECOND": 100_000}
    return Provider(api)


def error(response) -> tuple[int, int]:
    body = response.json()
    assert set(body) == {"errorCode", "errorReason"}, body
    assert response.headers["Content-Type"] == JSON
    return response.status_code, body["errorCode"]


def accepted() -> int:
    """Return the number of accepted requests, without the verifications that ``Provider`` starts."""
    return SandboxRequest.objects.exclude(product="verify.sms", payload={"number": PHONE, "method": "sms"}).count()


def test_table_has_every_operation_with_every_parameter():
    assert {str(case) for case in CASES} == {f"{operation.verb} {operation.path}" for operation in OPERATIONS}
    for operation in OPERATIONS:
        [case] = [case for case in CASES if (case.verb, case.path) == (operation.verb, operation.path)]
        assert {*case.required, *case.optional, "callbackUrl"} == set(operation.fields)
        assert set(case.required) == {name for name, each in operation.fields.items() if each.required}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_required_and_all_parameters_are_accepted_as_form_and_as_json(provider, case):
    for parameters in (case.required, case.required | case.optional | {"callbackUrl": CALLBACK}):
        for as_json in (False, True):
            response = provider.call(case, parameters, as_json=as_json)
            assert response.status_code == 200, response.content
            assert response.headers["Content-Type"] == JSON
            assert set(response.json()) == case.answer


def test_missing_required_parameter_is_refused(provider):
    for case in CASES:
        for name in case.required:
            response = provider.call(case, {key: value for key, value in case.required.items() if key != name})
            assert error(response) == (400, 10), (case, name)
            assert f"{name} is missing" in response.json()["errorReason"]
    assert not accepted()


def test_invalid_value_is_refused_with_the_name_of_its_parameter(provider):
    for case in CASES:
        for name in [*case.required, *case.optional, "callbackUrl"]:
            code, value = WRONG_FOR_CALLS.get(case.path, WRONG)[name]
            response = provider.call(case, case.required | case.optional | {name: value})
            assert error(response) == (400, code), (case, name)
            assert name in response.json()["errorReason"]
    assert not accepted()


def test_value_of_the_wrong_type_is_refused(provider):
    for case in CASES:
        for name in [*case.required, *case.optional]:
            code, _value = WRONG_FOR_CALLS.get(case.path, WRONG)[name]
            for value in (None, [1]):
                response = provider.call(case, case.required | case.optional | {name: value}, as_json=True)
                assert error(response) == (400, code), (case, name)
    assert not accepted()


def test_unknown_parameter_is_refused(provider):
    for case in CASES:
        for name in ("texts", "Number", "callbackURL", "sender"):
            response = provider.call(case, case.required | {name: "x"})
            assert error(response) == (400, 10), (case, name)
            assert f"unknown parameter {name}" in response.json()["errorReason"]
    assert not accepted()


def test_wrong_verb_is_refused(provider):
    for case in CASES:
        accepted_verbs = {other.verb for other in CASES if other.path == case.path}
        for verb in {"GET", "POST", "PUT", "PATCH", "DELETE"} - accepted_verbs:
            response = provider.call(case, case.required, verb=verb)
            assert error(response) == (405, 10), (case, verb)
            assert "the path accepts only" in response.json()["errorReason"]
    assert not accepted()


def test_request_without_the_token_is_refused(provider):
    for case in CASES:
        for token in (None, WRONG_TOKEN):
            assert error(provider.call(case, case.required, token=token)) == (401, 1), (case, token)
    assert not accepted()


def test_request_beyond_the_rate_limit_is_refused(api):
    now = int(time.time())
    SandboxSecond.objects.bulk_create([SandboxSecond(second=now + later, requests=30) for later in range(60)])
    for case in CASES:
        response = api.send(case.path.format(id="x"), urlencode(case.required), method=case.verb)
        assert error(response) == (429, 4), case
    assert not SandboxRequest.objects.exists()


def test_refusal_numbers_are_refused_by_every_operation_that_has_a_number(provider):
    """Only the first and the last error code; test_magic has all of them."""
    for case in WITH_NUMBER:
        for code in (min(ERRORS), max(ERRORS)):
            response = provider.call(case, case.required | {"number": f"+120255501{code:02}"})
            assert error(response) == (ERRORS[code][0], code), case
    assert not accepted()
    assert not SandboxMessage.objects.exists()


def test_parameters_are_validated_before_a_magic_number_has_its_effect(provider):
    for case in WITH_NUMBER:
        name = next(reversed({**case.required, **case.optional}))
        code, value = WRONG_FOR_CALLS.get(case.path, WRONG)[name]
        parameters = case.required | {"number": "+12025550106"} | {name: value}
        assert error(provider.call(case, parameters)) == (400, code), case


DOCUMENTED_FLOW = """{
"number": "+18800000000%s",
"flow": [
{"type": "push", "message": {"title": "Hello", "text": "Your order #29211 received"},
 "failover": {"wait": 30, "condition": "delivered"}},
{"type": "viber", "message": {"from": "Hello", "text": "Your order #29211 received"},
 "failover": {"wait": 120, "condition": "read"}},
{"type": "sms", "message": {"from": "Hello", "text": "Your order #29211 received"}}
]
}"""


def send_like_curl(provider, path: str, body: str):
    """Send the body as ``curl -d`` does: not encoded, with the content type of a form."""
    return provider.api.send(path, body.encode(), content_type=FORM)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("verify", "number=+18800000000&method=sms"),
        ("insight/hlr", "number=+47463562200"),
        ("insight/fraudcheck", "number=+18800000000"),
        ("sms", "number=+18800000000&text=Your order #29211 received"),
        ("messaging/push", "number=+18800000000&text=Your order #29211 received&title=Hi!"),
        ("messaging/viber", "number=+18800000000&text=Your order #29211 received"),
        ("messaging/rcs", "number=+18800000000&text=Your order #29211 received"),
        ("calls/flash", "number=+18800000000"),
        ("calls/p2s", "number=+18800000000&code=1234"),
        ("calls/t2s", "number=+18800000000&text=Hi, i'm using API!"),
        ("messaging/failover", DOCUMENTED_FLOW % ""),
    ],
)
def test_examples_of_the_documentation_are_accepted(provider, path, body):
    response = send_like_curl(provider, path, body)
    assert response.status_code == 200, response.content
    numbers = set(SandboxRequest.objects.values_list("number", flat=True))
    assert numbers <= {"+18800000000", "+47463562200"}


def test_space_after_the_number_in_one_example_is_refused(provider):
    response = send_like_curl(provider, "messaging/failover", DOCUMENTED_FLOW % " ")
    assert error(response) == (400, 11)
    assert not accepted()
