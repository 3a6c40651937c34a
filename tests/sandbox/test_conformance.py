"""Every call of LANCK's page, by plain HTTP: what it takes, what it refuses, and what it answers."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from django_lanck.sandbox.api.errors import ERRORS
from django_lanck.sandbox.models import SandboxMessage, SandboxRequest, SandboxSecond, SandboxVerification
from django_lanck.sandbox.operations import OPERATIONS
from tests.sandbox.conftest import TOKEN

PHONE = "+12015550123"
CALLBACK = "http://127.0.0.1:9/receipts/"
ID, CODE = "the id of a verification", "its code"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Case:
    """One call: its required parameters, the optional ones, and the keys of its answer."""

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

# One value that is wrong, and its error; what else is wrong is in test_fields.
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
    """Makes the calls of the table, with an id and a code where they stand for one."""

    def __init__(self, live) -> None:
        self.live = live

    def call(self, case: Case, parameters: dict[str, Any], *, as_json: bool = False, **changes: Any):
        request_id, code = self._verification(case)
        values = {
            name: {ID: request_id, CODE: code}.get(value, value) if isinstance(value, str) else value
            for name, value in parameters.items()
        }
        options: dict[str, Any] = {"auth": TOKEN, "timeout": 10} | changes
        verb = options.pop("verb", case.verb)
        if verb == "GET":
            options["params"] = values
        elif as_json or case.json_only:
            options["json"] = values
        else:
            options |= {"data": urlencode(values), "headers": FORM}
        url = f"{self.live.origin}/sandbox/v1/{case.path.format(id=request_id)}"
        return requests.request(verb, url, **options)

    def _verification(self, case: Case) -> tuple[str, str]:
        if "{id}" not in case.path and ID not in case.required.values():
            return "", ""
        request_id = self.live.start()
        return request_id, SandboxVerification.objects.get(request__request_id=request_id).code


@pytest.fixture
def provider(live, settings) -> Provider:
    settings.LANCK_SANDBOX |= {"REQUESTS_PER_SECOND": 100_000, "RECEIPT_DELAY": 60}
    return Provider(live)


def error(answer) -> tuple[int, int]:
    body = answer.json()
    assert set(body) == {"errorCode", "errorReason"}, body
    assert answer.headers["Content-Type"] == "application/json"
    return answer.status_code, body["errorCode"]


def carried_out() -> int:
    return SandboxRequest.objects.exclude(product="verify.sms", payload={"number": PHONE, "method": "sms"}).count()


def test_the_table_has_every_call_with_every_parameter():
    assert {str(case) for case in CASES} == {f"{operation.verb} {operation.path}" for operation in OPERATIONS}
    for operation in OPERATIONS:
        [case] = [case for case in CASES if (case.verb, case.path) == (operation.verb, operation.path)]
        assert {*case.required, *case.optional, "callbackUrl"} == set(operation.fields)
        assert set(case.required) == {name for name, each in operation.fields.items() if each.required}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_least_and_all_are_accepted_as_form_and_as_json(provider, case):
    for parameters in (case.required, case.required | case.optional | {"callbackUrl": CALLBACK}):
        for as_json in (False, True):
            answer = provider.call(case, parameters, as_json=as_json)
            assert answer.status_code == 200, answer.text
            assert answer.headers["Content-Type"] == "application/json"
            assert set(answer.json()) == case.answer


# What is refused leaves nothing behind, so all calls can share one server.


def test_what_is_required_may_not_be_missing(provider):
    for case in CASES:
        for name in case.required:
            answer = provider.call(case, {key: value for key, value in case.required.items() if key != name})
            assert error(answer) == (400, 10), (case, name)
            assert f"{name} is missing" in answer.json()["errorReason"]
    assert not carried_out()


def test_a_wrong_value_is_refused_by_name(provider):
    for case in CASES:
        for name in [*case.required, *case.optional, "callbackUrl"]:
            code, value = WRONG_FOR_CALLS.get(case.path, WRONG)[name]
            answer = provider.call(case, case.required | case.optional | {name: value})
            assert error(answer) == (400, code), (case, name)
            assert name in answer.json()["errorReason"]
    assert not carried_out()


def test_a_value_of_the_wrong_type_is_refused(provider):
    for case in CASES:
        for name in [*case.required, *case.optional]:
            code, _value = WRONG_FOR_CALLS.get(case.path, WRONG)[name]
            for value in (None, [1]):
                answer = provider.call(case, case.required | case.optional | {name: value}, as_json=True)
                assert error(answer) == (400, code), (case, name)
    assert not carried_out()


def test_a_parameter_that_the_call_does_not_have_is_refused(provider):
    for case in CASES:
        for name in ("texts", "Number", "callbackURL", "sender"):
            answer = provider.call(case, case.required | {name: "x"})
            assert error(answer) == (400, 10), (case, name)
            assert f"unknown parameter {name}" in answer.json()["errorReason"]
    assert not carried_out()


def test_another_verb_is_refused(provider):
    for case in CASES:
        taken = {other.verb for other in CASES if other.path == case.path}
        for verb in {"GET", "POST", "PUT", "PATCH", "DELETE"} - taken:
            answer = provider.call(case, case.required, verb=verb)
            assert error(answer) == (405, 10), (case, verb)
            assert "this call takes" in answer.json()["errorReason"]
    assert not carried_out()


def test_without_the_token_nothing_is_done(provider):
    for case in CASES:
        for token in (None, ("sandbox", "wrong")):
            assert error(provider.call(case, case.required, auth=token)) == (401, 1), (case, token)
    assert not carried_out()


def test_beyond_the_rate_limit_nothing_is_done(live):
    now = int(time.time())
    SandboxSecond.objects.bulk_create([SandboxSecond(second=now + later, requests=30) for later in range(60)])
    for case in CASES:
        url = f"{live.origin}/sandbox/v1/{case.path.format(id='x')}"
        answer = requests.request(case.verb, url, data=case.required or None, auth=TOKEN, timeout=10)
        assert error(answer) == (429, 4), case
    assert not SandboxRequest.objects.exists()


def test_a_refusal_can_be_had_by_number(provider):
    """By the first and the last; test_magic has them all."""
    for case in WITH_NUMBER:
        for code in (min(ERRORS), max(ERRORS)):
            answer = provider.call(case, case.required | {"number": f"+120255501{code:02}"})
            assert error(answer) == (ERRORS[code][0], code), case
    assert not carried_out()
    assert not SandboxMessage.objects.exists()


def test_parameters_are_looked_at_before_the_number_is_magic(provider):
    for case in WITH_NUMBER:
        name = next(reversed({**case.required, **case.optional}))
        code, value = WRONG_FOR_CALLS.get(case.path, WRONG)[name]
        parameters = case.required | {"number": "+12025550106"} | {name: value}
        assert error(provider.call(case, parameters)) == (400, code), case


PAGE_FLOW = """{
"number": "+18800000000%s",
"flow": [
{"type": "push", "message": {"title": "Hello", "text": "Your order #29211 received"},
 "failover": {"wait": 30, "condition": "delivered"}},
{"type": "viber", "message": {"from": "Hello", "text": "Your order #29211 received"},
 "failover": {"wait": 120, "condition": "read"}},
{"type": "sms", "message": {"from": "Hello", "text": "Your order #29211 received"}}
]
}"""


def as_curl_sends_it(provider, path: str, body: str):
    """``curl -d``: nothing is encoded, the content type is that of a form."""
    address = f"{provider.live.origin}/sandbox/v1/{path}"
    return requests.post(address, data=body.encode(), headers=FORM, auth=TOKEN, timeout=10)


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
        ("messaging/failover", PAGE_FLOW % ""),
    ],
)
def test_the_examples_of_the_page_are_accepted(provider, path, body):
    answer = as_curl_sends_it(provider, path, body)
    assert answer.status_code == 200, answer.text
    numbers = set(SandboxRequest.objects.values_list("number", flat=True))
    assert numbers <= {"+18800000000", "+47463562200"}


def test_the_space_after_a_number_in_one_example_is_no_e164(provider):
    answer = as_curl_sends_it(provider, "messaging/failover", PAGE_FLOW % " ")
    assert error(answer) == (400, 11)
    assert not carried_out()
