"""Attacks by forged receipts."""

from __future__ import annotations

import json

import pytest
from django.core import signing
from django.test import Client, override_settings
from django.urls import reverse

from django_lanck.exceptions import Refusal
from django_lanck.models import Message, Receipt
from django_lanck.services import record_receipt, send_sms, start_verification
from django_lanck.services.messages.receipts import callback_url
from tests.client.scripted import says, scripted

pytestmark = pytest.mark.django_db(transaction=True)
NUMBER = "+12015550123"


def token_of(message: Message) -> str:
    return str(callback_url(message)).split("/")[-2]


def receipt(request_id: str, status: str = "DELIVERED", **more: object) -> dict[str, object]:
    return {"requestId": request_id, "number": NUMBER, "status": status, "timestamp": 1_700_000_000, **more}


def post(token: str, payload: dict[str, object]) -> tuple[int, bytes]:
    answer = Client().post(reverse("lanck:receipt", args=[token]), json.dumps(payload), "application/json")
    return answer.status_code, answer.content


def forged_tokens(message: Message, other: Message) -> list[str]:
    """Return tokens that can be made from the messages' ids, and other values that this site signs."""
    pk, signature = token_of(message).split(":")
    link = token_of_link()
    return [
        *(
            pk,
            f"{pk}:",
            f":{signature}",
            f"{pk}:{signature[:-1]}",
            f"{pk}:{signature}A",
            f"{pk}:A",
        ),
        *(
            f"{other.pk}:{signature}",
            f"0{pk}:{signature}",
            f"+{pk}:{signature}",
            f" {pk}:{signature}",
        ),
        *(
            f"-{pk}:{signature}",
            f"{pk}:{pk}:{signature}",
            f"{pk}:{signature.swapcase()}",
            f"{10**400}:x",
        ),
        *(signing.Signer().sign(pk), signing.Signer(salt="django_lanck.link").sign(pk)),
        *(signing.Signer(key="guessed", salt="django_lanck.receipt").sign(pk), signing.dumps(message.pk)),
        *(
            signing.TimestampSigner(salt="django_lanck.receipt").sign(pk),
            link,
            message.request_id or "",
            "%2e%2e",
        ),
        *("\x00", "é", "١:x", "x" * 5000, "None", "null", "1", "'--"),
    ]


def token_of_link() -> str:
    """Return the token of a short URL, which this site signs for another use."""
    send_sms(number=NUMBER, text="Look: {link}", link="https://www.example.com/")
    message = Message.objects.order_by("-pk")[0]
    message.delete()
    from django_lanck.services.messages.links import link_url

    message.pk = 1
    return link_url(message).rstrip("/").split("/")[-1]


def test_attack_19_forged_receipts_are_not_found(use_lanck_at, record_signal):
    """A receipt with a wrong token or for another request is refused with 404, also 10,000 of them, without a row or a
    call to the provider. After a rotation of the secret key the tokens of the previous key are accepted."""
    ids = (json.dumps({"requestId": name}) for name in ("first", "second", "link"))
    with scripted(*(says(answer) for answer in ids)) as server:
        use_lanck_at(server.url)
        first, second = (start_verification(number=NUMBER).newest_message for _ in range(2))
        tokens, before = forged_tokens(first, second), list(Message.objects.values())
        assert len(server.requests) == 3

        answers = {post(token, receipt("first")) for token in tokens}
        # Valid tokens with receipts for other requests: of another message, in other case, or unknown.
        for request_id in ("second", "First", "ﬁrst", "unknown", "1", "x" * 128):
            answers.add(post(token_of(first), receipt(request_id)))
        assert {status for status, _content in answers} == {404}
        assert len(answers) == 1
        assert post(token_of(first), receipt("first "))[0] == 400  # MariaDB ignores trailing spaces
        _post_many_guesses(first, second)

        assert list(Message.objects.values()) == before
        assert not Receipt.objects.exists()
        assert len(server.requests) == 3
        _rotate(first)
        assert len(server.requests) == 3


def _post_many_guesses(first: Message, second: Message) -> None:
    pk, signature = token_of(first).split(":")
    guesses = (f"{pk}:{signature[:-4]}{number:04}" for number in range(10_000))
    for token in guesses:
        if token != token_of(first):
            with pytest.raises(Refusal, match="not_found"):
                record_receipt(token=token, payload=receipt("first"))
    for number in range(100):
        assert post(token_of(second), receipt("first", number=number))[0] in (400, 404)
        assert post(token_of(second), receipt(f"guess-{number}"))[0] == 404


def _rotate(message: Message) -> None:
    token, old = token_of(message), "tests-only"
    with override_settings(SECRET_KEY="newest", SECRET_KEY_FALLBACKS=["newer", old]):
        assert post(token, receipt("first", "SENT"))[0] == 204
        assert post(token_of(message), receipt("first", "SENT"))[0] == 204
    with override_settings(SECRET_KEY="newest", SECRET_KEY_FALLBACKS=["newer"]):
        assert post(token, receipt("first", "DELIVERED"))[0] == 404
    assert Message.objects.get(pk=message.pk).status == "SENT"
    assert Receipt.objects.get().repeats == 1
