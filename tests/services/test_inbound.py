"""Inbound SMS: stored once, and stop words opt out of marketing."""

import pytest
from django.test import override_settings

from django_lanck import signals
from django_lanck.exceptions import Refusal
from django_lanck.models import InboundMessage, OptOut
from django_lanck.services import record_inbound, send_sms
from django_lanck.testing.fake import INBOUND_SECRET
from tests.parallel import call_concurrently

pytestmark = pytest.mark.django_db
# The example of LANCK's documentation.
PAGE = {
    "from": "447700900001",
    "to": "447700900000",
    "messageId": "fffeee-qqdqqq-gfrgrgr-vvvvvvv",
    "text": "Hello world",
    "timestamp": 1578787200,
    "parts": 1,
}


def record(secret=INBOUND_SECRET, **changes):
    record_inbound(secret=secret, payload={**PAGE, **changes})


def test_documented_message_is_stored(lanck, record_signal):
    received = record_signal(signals.inbound_message_received)
    record(extra={"a": 1})
    message = InboundMessage.objects.get()
    assert (message.sender, message.recipient, message.text) == ("+447700900001", "+447700900000", "Hello world")
    assert (message.message_id, message.parts, message.provider_at.year) == (PAGE["messageId"], 1, 2020)
    assert message.payload == {"timestamp": 1578787200, "parts": 1, "extra": {"a": 1}}
    assert [sent["message"].pk for sent in received] == [message.pk]


def test_repeated_message_is_stored_and_signaled_once(lanck, record_signal):
    received = record_signal(signals.inbound_message_received)
    for text in ("Hello world", "Hello world", "changed"):
        record(text=text)
    assert InboundMessage.objects.get().text == "Hello world"
    assert len(received) == 1


def test_message_id_is_case_sensitive(lanck):
    record(messageId="aB3x")
    record(messageId="Ab3X", text="STOP")
    assert InboundMessage.objects.count() == 2
    assert OptOut.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_concurrent_repeats_are_stored_and_signaled_once(lanck, record_signal):
    received = record_signal(signals.inbound_message_received)
    assert call_concurrently(lambda number: record(text="STOP"), 30) == [None] * 30
    assert (InboundMessage.objects.count(), OptOut.objects.count(), len(received)) == (1, 1, 1)


def test_receiver_that_raises_does_not_fail_the_service(lanck, record_signal):
    def raises(sender, message, **arguments):
        raise RuntimeError(message)

    signals.inbound_message_received.connect(raises)
    received = record_signal(signals.inbound_message_received)
    try:
        record()
    finally:
        signals.inbound_message_received.disconnect(raises)
    assert len(received) == InboundMessage.objects.count() == 1


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("ACME", "ACME"),
        ("12345", "+12345"),
        (447700900001, "+447700900001"),
        ("+18800000000", "+18800000000"),
        ("0018800000000", "+18800000000"),
        ("x" * 100, "x" * 64),
    ],
)
def test_sender_is_stored_in_e164_or_as_received(lanck, value, stored):
    record(**{"from": value})
    message = InboundMessage.objects.get()
    assert message.sender == stored
    if len(str(value)) > 64:
        assert message.payload["from"] == value


@pytest.mark.parametrize(
    "changes",
    [
        *[{"text": text} for text in (None, 7, ["a"], "x" * 50_000, "🙂 <script>")],
        *[{"parts": parts} for parts in ("many", -1, 10**9)],
        *[{"timestamp": time} for time in ("soon", 1578787200000)],
        {"to": None},
    ],
)
def test_value_that_fits_no_column_is_stored_in_the_payload(lanck, changes):
    record(**changes)
    message = InboundMessage.objects.get()
    (name, value) = next(iter(changes.items()))
    assert value is None or message.payload.get(name) == value or getattr(message, name) == value


@pytest.mark.parametrize(
    "payload",
    [
        *[None, [], "x", 7, {}],
        *[{**PAGE, "messageId": message_id} for message_id in ("", None, {}, "x" * 129)],
        *[{**PAGE, "from": sender} for sender in ("", None, True)],
    ],
)
def test_invalid_payload_is_refused(lanck, payload):
    with pytest.raises(Refusal) as refused:
        record_inbound(secret=INBOUND_SECRET, payload=payload)
    assert refused.value.code == "invalid_inbound"
    assert not InboundMessage.objects.exists()


def test_each_of_several_secrets_is_accepted(lanck):
    keys = {**lanck.settings, "INBOUND_SECRETS": ["new-secret-of-the-site-1", "old-secret-of-the-site-1"]}
    with override_settings(LANCK=keys):
        for number, secret in enumerate(keys["INBOUND_SECRETS"]):
            record(secret, messageId=str(number))
        for secret in (INBOUND_SECRET, "", "new-secret-of-the-site-", "é"):
            with pytest.raises(Refusal) as refused:
                record(secret, messageId="other")
            assert refused.value.code == "not_found"
    assert InboundMessage.objects.count() == 2
    with override_settings(LANCK={**lanck.settings, "INBOUND_SECRETS": []}), pytest.raises(Refusal):
        record("")


@pytest.mark.parametrize("text", ["STOP", "stop", " Stop. ", "“Unsubscribe”", "СТОП", "Стоп!", "stop\n"])
def test_stop_word_opts_the_sender_out_of_marketing(lanck, text):
    record(text=text, **{"from": "12015550123"})
    opt_out = OptOut.objects.get()
    assert (opt_out.number, opt_out.inbound) == ("+12015550123", InboundMessage.objects.get())
    with pytest.raises(Refusal):
        send_sms(number="+12015550123", text="Sale!", category="marketing")


@pytest.mark.parametrize("text", ["Please do not stop", "STOP IT", "", "Hello", "stopp"])
def test_other_text_does_not_opt_out(lanck, text):
    record(text=text)
    assert not OptOut.objects.exists()


def test_stop_word_of_an_alphanumeric_sender_does_not_opt_out(lanck):
    record(text="STOP", **{"from": "ACME"})
    assert not OptOut.objects.exists()


def test_stop_words_follow_the_settings(lanck):
    with override_settings(LANCK={**lanck.settings, "STOP_WORDS": ["ALTO"]}):
        record(text="stop", messageId="1")
        record(text="alto", messageId="2")
    assert OptOut.objects.get().inbound.message_id == "2"


def test_new_stop_word_after_a_lift_opts_out_again(lanck):
    record(text="STOP", messageId="1")
    OptOut.objects.all().lift()
    assert not OptOut.objects.standing().exists()
    record(text="STOP", messageId="1")  # a repeat by LANCK is not a new opt-out
    assert not OptOut.objects.standing().exists()
    record(text="STOP", messageId="2")
    assert OptOut.objects.standing().get().inbound.message_id == "2"
