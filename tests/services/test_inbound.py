"""SMS that people send: kept once, whoever sent them; a word that says stop keeps marketing away."""

import pytest
from django.test import override_settings

from django_lanck import signals
from django_lanck.exceptions import Refusal
from django_lanck.models import InboundMessage, OptOut
from django_lanck.services import record_inbound, send_sms
from django_lanck.testing.fake import INBOUND_SECRET
from tests.parallel import call_concurrently

pytestmark = pytest.mark.django_db
# As on LANCK's page.
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


def test_the_message_of_lancks_page_is_kept(lanck, record_signal):
    received = record_signal(signals.inbound_message_received)
    record(extra={"a": 1})
    message = InboundMessage.objects.get()
    assert (message.sender, message.recipient, message.text) == ("+447700900001", "+447700900000", "Hello world")
    assert (message.message_id, message.parts, message.provider_at.year) == (PAGE["messageId"], 1, 2020)
    assert message.payload == {"timestamp": 1578787200, "parts": 1, "extra": {"a": 1}}
    assert [said["message"].pk for said in received] == [message.pk]


def test_the_same_message_again_is_one_message(lanck, record_signal):
    received = record_signal(signals.inbound_message_received)
    for text in ("Hello world", "Hello world", "changed"):
        record(text=text)
    assert InboundMessage.objects.get().text == "Hello world"
    assert len(received) == 1


def test_ids_that_differ_in_case_are_two(lanck):
    record(messageId="aB3x")
    record(messageId="Ab3X", text="STOP")
    assert InboundMessage.objects.count() == 2
    assert OptOut.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_message_many_times_at_once_is_one_message(lanck, record_signal):
    received = record_signal(signals.inbound_message_received)
    assert call_concurrently(lambda number: record(text="STOP"), 30) == [None] * 30
    assert (InboundMessage.objects.count(), OptOut.objects.count(), len(received)) == (1, 1, 1)


def test_a_receiver_that_raises_hurts_nobody(lanck, record_signal):
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
    ("told", "kept"),
    [
        ("ACME", "ACME"),
        ("12345", "+12345"),
        (447700900001, "+447700900001"),
        ("+18800000000", "+18800000000"),
        ("0018800000000", "+18800000000"),
        ("x" * 100, "x" * 64),
    ],
)
def test_any_sender_is_kept(lanck, told, kept):
    record(**{"from": told})
    message = InboundMessage.objects.get()
    assert message.sender == kept
    if len(str(told)) > 64:
        assert message.payload["from"] == told


@pytest.mark.parametrize(
    "changes",
    [
        *[{"text": text} for text in (None, 7, ["a"], "x" * 50_000, "🙂 <script>")],
        *[{"parts": parts} for parts in ("many", -1, 10**9)],
        *[{"timestamp": time} for time in ("soon", 1578787200000)],
        {"to": None},
    ],
)
def test_nothing_that_is_received_is_lost(lanck, changes):
    record(**changes)
    message = InboundMessage.objects.get()
    (name, told) = next(iter(changes.items()))
    assert told is None or message.payload.get(name) == told or getattr(message, name) == told


@pytest.mark.parametrize(
    "payload",
    [
        *[None, [], "x", 7, {}],
        *[{**PAGE, "messageId": message_id} for message_id in ("", None, {}, "x" * 129)],
        *[{**PAGE, "from": sender} for sender in ("", None, True)],
    ],
)
def test_what_is_no_message_is_refused(lanck, payload):
    with pytest.raises(Refusal) as refused:
        record_inbound(secret=INBOUND_SECRET, payload=payload)
    assert refused.value.code == "invalid_inbound"
    assert not InboundMessage.objects.exists()


def test_two_secrets_hold_while_one_takes_the_others_place(lanck):
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
def test_a_word_that_says_stop_keeps_marketing_away(lanck, text):
    record(text=text, **{"from": "12015550123"})
    opt_out = OptOut.objects.get()
    assert (opt_out.number, opt_out.inbound) == ("+12015550123", InboundMessage.objects.get())
    with pytest.raises(Refusal):
        send_sms(number="+12015550123", text="Sale!", category="marketing")


@pytest.mark.parametrize("text", ["Please do not stop", "STOP IT", "", "Hello", "stopp"])
def test_other_texts_do_not(lanck, text):
    record(text=text)
    assert not OptOut.objects.exists()


def test_a_name_cannot_opt_out(lanck):
    record(text="STOP", **{"from": "ACME"})
    assert not OptOut.objects.exists()


def test_the_words_are_the_sites(lanck):
    with override_settings(LANCK={**lanck.settings, "STOP_WORDS": ["ALTO"]}):
        record(text="stop", messageId="1")
        record(text="alto", messageId="2")
    assert OptOut.objects.get().inbound.message_id == "2"


def test_stop_again_after_it_was_lifted_counts_again(lanck):
    record(text="STOP", messageId="1")
    OptOut.objects.all().lift()
    assert not OptOut.objects.standing().exists()
    record(text="STOP", messageId="1")  # LANCK repeats itself: that is no new wish
    assert not OptOut.objects.standing().exists()
    record(text="STOP", messageId="2")
    assert OptOut.objects.standing().get().inbound.message_id == "2"
