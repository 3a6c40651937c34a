"""Every call of LANCK's API in one table: the call, the request that the client sends, and the parsed answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django_lanck.client import (
    RCS,
    SMS,
    Accepted,
    Flash,
    LanckClient,
    PinToSpeech,
    Push,
    Step,
    TextToSpeech,
    Verify,
    Viber,
)

NUMBER = "+12015550123"
CALLBACK = "https://www.example.com/lanck/receipts/1:x/"
AT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
R1 = {"requestId": "r1"}


@dataclass(frozen=True)
class Case:
    """One call. ``body`` is a dict for JSON, or the bytes of a form; ``parsed`` are attributes of the answer."""

    name: str
    call: Callable[[LanckClient], Any]
    body: bytes | dict[str, Any]
    answer: Mapping[str, Any] = field(default_factory=lambda: R1)
    parsed: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""

    @property
    def verb(self) -> str:
        return self.name.split()[0]

    @property
    def request_path(self) -> str:
        return "/v1" + (self.path or self.name.split()[1])


def sends(content: Any, **more: Any) -> Callable[[LanckClient], Accepted]:
    return lambda client: client.send(content, number=NUMBER, **more)


ACCEPTED = {"request_id": "r1", "caller": ""}
FLOW = (
    Push("Your order #29211 received", title="Hello")
    .then(Viber("Your order #29211 received", sender="Hello"), wait=30, unless="delivered")
    .then(Step("whatsapp", {"text": "Your order", "template": {"id": 7}}), wait=120, unless="read")
    .then(SMS("Your order #29211 received", sender="Hello"), wait=60, unless="delivered")
)

CASES = [
    Case(
        "POST /verify",
        sends(Verify("sms")),
        b"number=%2B12015550123&method=sms",
        parsed=ACCEPTED,
    ),
    Case(
        "POST /verify",
        sends(
            Verify(
                "voice",
                sender="ACME",
                language="de",
                code_length=6,
                ip="192.0.2.1",
                code_expiry=300,
                check_attempts_allowed=3,
            ),
            callback_url=CALLBACK,
        ),
        b"number=%2B12015550123&method=voice&from=ACME&language=de&codeLength=6&ip=192.0.2.1&codeExpiry=300"
        b"&checkAttemptsAllowed=3&callbackUrl=https%3A%2F%2Fwww.example.com%2Flanck%2Freceipts%2F1%3Ax%2F",
        parsed=ACCEPTED,
    ),
    Case(
        "POST /verify/check",
        lambda client: client.verify_check(request_id="r1", code="012345"),
        b"requestId=r1&code=012345",
        {**R1, "number": "12015550123", "method": "sms", "verifiedAt": 1700000000000},
        {"request_id": "r1", "number": NUMBER, "method": "sms", "verified_at": AT},
    ),
    Case(
        "POST /verify/info",
        lambda client: client.verify_info(request_id="r1"),
        b"requestId=r1",
        {"status": "processing", "number": NUMBER, "verificationRequestedAt": 1700000000000, "checkAttempts": 2},
        {"status": "processing", "number": NUMBER, "requested_at": AT, "check_attempts": 2, "verified_at": None},
    ),
    Case(
        "GET /requests/{id}",
        lambda client: client.request_info(request_id="a/b ?#"),
        b"",
        {
            "id": "a/b ?#",
            "product": "verify.sms",
            "number": "+91638651000",
            "mccmnc": "405871",
            "network": "Jio",
            "country": "IN",
            "status": "DELIVERED",
            "createdAt": 1700000000000,
            "rate": 0.025,
            "sender": "ACME",
            "goals": ["NUMBER_VERIFIED"],
            "payload": {"number": "+916386535610", "method": "sms"},
        },
        {
            "request_id": "a/b ?#",
            "product": "verify.sms",
            "mccmnc": "405871",
            "network": "Jio",
            "country": "IN",
            "status": "DELIVERED",
            "created_at": AT,
            "rate": "0.025",
            "sender": "ACME",
            "goals": ("NUMBER_VERIFIED",),
            "payload": {"number": "+916386535610", "method": "sms"},
        },
        path="/requests/a%2Fb%20%3F%23",
    ),
    Case(
        "POST /requests/{id}",
        lambda client: client.set_goal(request_id="r1", goal="NUMBER_VERIFIED"),
        b"goal=NUMBER_VERIFIED",
        {},
        path="/requests/r1",
    ),
    Case(
        "POST /insight/hlr",
        lambda client: client.hlr(number="+4746356220"),
        b"number=%2B4746356220",
        {
            "id": "A82f",
            "product": "insight.hlr",
            "number": "+4746356220",
            "mccmnc": "242005",
            "network": "Mobile Norway",
            "country": "NO",
            "status": "DELIVERED",
            "createdAt": 1700000000000,
            "imsi": "242050000000001",
            "ported": True,
            "roaming": False,
        },
        {
            "request_id": "A82f",
            "number": "+4746356220",
            "mccmnc": "242005",
            "network": "Mobile Norway",
            "country": "NO",
            "status": "DELIVERED",
            "created_at": AT,
            "imsi": "242050000000001",
            "ported": True,
            "roaming": False,
        },
    ),
    Case(
        "POST /insight/fraudcheck",
        lambda client: client.fraud_check(number=NUMBER),
        b"number=%2B12015550123",
        {"status": "FRAUDLENT", "mobilePrefix": False},
        {"status": "FRAUDULENT", "mobile_prefix": False},
    ),
    Case("POST /sms", sends(SMS("Hi & bye")), b"number=%2B12015550123&text=Hi+%26+bye", parsed=ACCEPTED),
    Case(
        "POST /sms",
        sends(SMS("Здравствуй", sender="ACME"), callback_url=CALLBACK),
        b"number=%2B12015550123&text=%D0%97%D0%B4%D1%80%D0%B0%D0%B2%D1%81%D1%82%D0%B2%D1%83%D0%B9&from=ACME"
        b"&callbackUrl=https%3A%2F%2Fwww.example.com%2Flanck%2Freceipts%2F1%3Ax%2F",
    ),
    Case("POST /messaging/push", sends(Push("Hi", title="News")), b"number=%2B12015550123&text=Hi&title=News"),
    Case(
        "POST /messaging/push",
        sends(
            Push("Hi", target="app", ttl=60, priority="high", collapse_key="k", android={"icon": "x"}, ios={"badge": 1})
        ),
        {
            "number": NUMBER,
            "text": "Hi",
            "target": "app",
            "ttl": 60,
            "priority": "high",
            "collapseKey": "k",
            "android": {"icon": "x"},
            "ios": {"badge": 1},
        },
    ),
    Case(
        "POST /messaging/viber",
        sends(
            Viber(
                "Hi",
                sender="ACME",
                button_caption="Open",
                button_action_url="https://example.com/a",
                image_url="https://example.com/i.png",
            )
        ),
        b"number=%2B12015550123&text=Hi&from=ACME&buttonCaption=Open&buttonActionUrl=https%3A%2F%2Fexample.com%2Fa"
        b"&imageUrl=https%3A%2F%2Fexample.com%2Fi.png",
    ),
    Case("POST /messaging/rcs", sends(RCS("Hi")), b"number=%2B12015550123&text=Hi"),
    Case(
        "POST /messaging/failover",
        sends(FLOW, callback_url=CALLBACK),
        {
            "number": NUMBER,
            "flow": [
                {
                    "type": "push",
                    "message": {"text": "Your order #29211 received", "title": "Hello"},
                    "failover": {"wait": 30, "condition": "delivered"},
                },
                {
                    "type": "viber",
                    "message": {"text": "Your order #29211 received", "from": "Hello"},
                    "failover": {"wait": 120, "condition": "read"},
                },
                {
                    "type": "whatsapp",
                    "message": {"text": "Your order", "template": {"id": 7}},
                    "failover": {"wait": 60, "condition": "delivered"},
                },
                {"type": "sms", "message": {"text": "Your order #29211 received", "from": "Hello"}},
            ],
            "callbackUrl": CALLBACK,
        },
    ),
    Case(
        "POST /calls/flash",
        sends(Flash(code="8823")),
        b"number=%2B12015550123&code=8823",
        {**R1, "from": "37282328823"},
        {"request_id": "r1", "caller": "+37282328823"},
    ),
    Case("POST /calls/flash", sends(Flash(sender="37282329823")), b"number=%2B12015550123&from=37282329823"),
    Case(
        "POST /calls/p2s",
        sends(PinToSpeech("0123", language="fr", sender="37282329823")),
        b"number=%2B12015550123&code=0123&from=37282329823&language=fr",
    ),
    Case(
        "POST /calls/t2s",
        sends(TextToSpeech("Hi, I'm using API!", language="ru")),
        b"number=%2B12015550123&text=Hi%2C+I%27m+using+API%21&language=ru",
    ),
]
