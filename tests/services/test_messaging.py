"""Sending messages on every channel: what is stored, sent, raised and signaled."""

import json

import pytest
from django.core import serializers
from django.db import transaction
from django.db.transaction import TransactionManagementError
from django.views.debug import ExceptionReporter

from django_lanck import services, signals
from django_lanck.client import Flash, PinToSpeech
from django_lanck.exceptions import APIError, InsufficientFunds, InvalidArgument, NotSent, Refusal
from django_lanck.models import Message, OptOut, Receipt
from django_lanck.services import RCS, SMS, Flow, Push, Step, Viber
from django_lanck.services.messages.outgoing import Outgoing
from tests.helpers import statements_around_call, with_lanck

pytestmark = pytest.mark.django_db

FLOW = (
    Push("Your order has arrived.", title="Shop")
    .then(Viber("Your order has arrived."), wait=30, unless="delivered")
    .then(Step("whatsapp", {"text": "Your order has arrived."}), wait=60, unless="read")
    .then(SMS("Your order has arrived."), wait=60, unless="delivered")
)
# Channel → the call, the parameters that LANCK receives, the content that is stored.
CASES = {
    "sms": (
        lambda number: services.send_sms(number=number, text="Hi", sender="ACME"),
        {"text": "Hi", "from": "ACME"},
        {"text": "Hi", "from": "ACME"},
    ),
    "push": (
        lambda number: services.send_push(number=number, text="Hi", title="News", ttl=60, collapse_key="k"),
        {"text": "Hi", "title": "News", "ttl": "60", "collapseKey": "k"},
        {"text": "Hi", "title": "News", "ttl": 60, "collapseKey": "k"},
    ),
    "viber": (
        lambda number: services.send_viber(
            number=number, text="Hi", button_caption="Open", button_action_url="https://example.com"
        ),
        {"text": "Hi", "buttonCaption": "Open", "buttonActionUrl": "https://example.com"},
        {"text": "Hi", "buttonCaption": "Open", "buttonActionUrl": "https://example.com"},
    ),
    "rcs": (lambda number: services.send_rcs(number=number, text="Hi"), {"text": "Hi"}, {"text": "Hi"}),
    "failover": (
        lambda number: services.send_failover(number=number, flow=FLOW),
        FLOW.parameters(),
        FLOW.parameters(),
    ),
    "flash": (lambda number: services.flash_call(number=number, code="8823"), {"code": "8823"}, {}),
    "p2s": (
        lambda number: services.speak_code(number=number, code="012345", language="de"),
        {"code": "012345", "language": "de"},
        {"language": "de"},
    ),
    "t2s": (
        lambda number: services.speak_text(number=number, text="Hi", language="ru"),
        {"text": "Hi", "language": "ru"},
        {"text": "Hi", "language": "ru"},
    ),
}
every_channel = pytest.mark.parametrize("channel", CASES)


@every_channel
def test_message_is_sent_and_stored(lanck, phone, channel):
    send, expected, stored_content = CASES[channel]
    message = send(phone)
    (sent,) = lanck.sent
    params = dict(sent.params)
    assert params.pop("callbackUrl").startswith("http://testserver/lanck/receipts/")
    assert params == {"number": phone, **expected}
    stored = Message.objects.get()
    assert (stored.channel, stored.number, stored.country, stored.category) == (channel, phone, "US", "transactional")
    assert stored.content == stored_content
    for each in (message, stored):
        assert (each.status, each.request_id) == ("accepted", sent.request_id)


@every_channel
def test_send_takes_one_statement_before_the_call_and_one_after(lanck, phone, channel, monkeypatch):
    assert statements_around_call(lanck, monkeypatch, lambda: CASES[channel][0](phone)) == (1, 1)


@every_channel
def test_receipts_move_the_message_to_its_final_status(lanck, phone, record_signal, channel):
    CASES[channel][0](phone)
    changed = record_signal(signals.message_status_changed)
    for status in ("SENT", "QUEUED_AT_NETWORK", "DELIVERED", "UNDELIVERED"):
        assert lanck.report(lanck.sent[-1], status).status_code == 204
    assert Message.objects.get().status == "DELIVERED"
    assert [(change["old_status"], change["new_status"]) for change in changed] == [
        ("accepted", "SENT"),
        ("SENT", "DELIVERED"),
    ]
    assert list(Receipt.objects.values_list("status", flat=True)) == [
        "SENT",
        "QUEUED_AT_NETWORK",
        "DELIVERED",
        "UNDELIVERED",
    ]


@every_channel
def test_refusal_by_lanck_is_raised_and_stored(lanck, phone, channel):
    lanck.refuse(6, http_status=403, reason="Insufficient funds")
    with pytest.raises(InsufficientFunds):
        CASES[channel][0](phone)
    message = Message.objects.get()
    assert (message.status, message.error_code, message.request_id) == ("refused", 6, None)
    assert "Insufficient funds" in message.error_reason
    assert not lanck.sent


@every_channel
def test_message_that_did_not_reach_lanck_raises_and_is_stored_as_refused(lanck, phone, channel, unused_port):
    with with_lanck(lanck, BASE_URL=f"http://127.0.0.1:{unused_port}/v1"), pytest.raises(NotSent):
        CASES[channel][0](phone)
    assert Message.objects.get().status == "refused"


@every_channel
def test_lost_answer_is_stored_as_unknown_and_not_repeated(lanck, phone, channel):
    lanck.lose_answer()
    message = CASES[channel][0](phone)
    assert (message.status, Message.objects.get().status) == ("unknown", "unknown")
    assert len(lanck.requests) == 1
    lanck.report(lanck.sent[-1], "DELIVERED")
    message.refresh_from_db()
    assert (message.status, message.request_id) == ("DELIVERED", lanck.sent[-1].request_id)


def test_answer_without_request_id_is_stored_as_unknown(lanck, phone):
    lanck.answer({"ok": True})
    assert services.send_sms(number=phone, text="Hi").status == "unknown"


@pytest.mark.parametrize(
    ("send", "field"),
    [
        (lambda number: services.send_sms(number=number, text=" "), "text"),
        (lambda number: services.send_sms(number=number, text="Hi", sender="x" * 21), "sender"),
        (lambda number: services.send_sms(number=number, text="Hi", category="spam"), "category"),
        (lambda number: services.send_push(number=number, text="Hi", ttl=0), "ttl"),
        (lambda number: services.send_viber(number=number, text="Hi", button_caption="Open"), "button_action_url"),
        (lambda number: services.send_rcs(number=number, text=""), "text"),
        (lambda number: services.send_failover(number=number, flow=[]), "flow"),
        (lambda number: services.send_failover(number=number, flow=SMS("Hi")), "flow"),
        (lambda number: services.flash_call(number=number, code="123"), "code"),
        (lambda number: services.speak_code(number=number, code="12"), "code"),
        (lambda number: services.speak_code(number=number, code="1234", language="xx"), "language"),
        (lambda number: services.speak_text(number=number, text="Hi", language="de"), "language"),
    ],
)
def test_invalid_argument_raises_without_storing_or_sending(lanck, phone, send, field):
    with pytest.raises(InvalidArgument) as refused:
        send(phone)
    assert refused.value.field == field
    assert not lanck.requests
    assert not Message.objects.exists()


@every_channel
def test_invalid_number_is_refused_without_storing_or_sending(lanck, channel):
    for number in ("", "12", "+1 201 555", "hello"):
        with pytest.raises(Refusal) as refused:
            CASES[channel][0](number)
        assert refused.value.code == "invalid_number"
    assert not lanck.requests
    assert not Message.objects.exists()


def test_spellings_of_a_number_are_normalized(lanck):
    for number in ("+1 201 555 0123", "0012015550123", "+1 (201) 555-0123", "+١٢٠١٥٥٥٠١٢٣"):
        assert services.send_sms(number=number, text="Hi").number == "+12015550123"


# Senders


def test_default_sender_is_used_where_the_content_has_none(lanck, phone):
    with with_lanck(lanck, SENDERS={"sms": "ACME", "viber": "Acme Ltd", "p2s": "12015550100"}):
        assert services.send_sms(number=phone, text="Hi").sender == "ACME"
        assert services.send_sms(number=phone, text="Hi", sender="Other").sender == "Other"
        services.send_failover(number=phone, flow=FLOW)
        services.speak_code(number=phone, code="1234")
        services.speak_text(number=phone, text="Hi")
        services.send_rcs(number=phone, text="Hi")
    senders = [sent.params.get("from") for sent in lanck.sent]
    assert senders == ["ACME", "Other", None, "12015550100", None, None]
    assert [step["message"].get("from") for step in lanck.sent[2].params["flow"]] == [None, "Acme Ltd", None, "ACME"]


# Inside a transaction


@pytest.mark.django_db(transaction=True)
def test_send_inside_a_transaction_waits_for_the_commit(lanck, phone):
    with transaction.atomic():
        message = services.send_sms(number=phone, text="Hi")
        assert (message.status, lanck.requests) == ("sending", [])
    assert len(lanck.sent) == 1
    assert (message.status, message.request_id) == ("accepted", lanck.sent[-1].request_id)
    message.refresh_from_db()
    assert message.status == "accepted"


@pytest.mark.django_db(transaction=True)
def test_rollback_sends_nothing(lanck, phone):
    with transaction.atomic():
        services.send_sms(number=phone, text="Hi")
        transaction.set_rollback(True)
    assert not lanck.requests
    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_refusal_after_the_commit_is_signaled_and_not_raised(lanck, phone, record_signal):
    changed, after = record_signal(signals.message_status_changed), []
    lanck.refuse(10)
    with transaction.atomic():
        message = services.send_sms(number=phone, text="Hi")
        services.send_rcs(number=phone, text="Hi")
        transaction.on_commit(lambda: after.append("ran"))
    assert (message.status, message.error_code, after) == ("refused", 10, ["ran"])
    assert [(sent["message"].pk, sent["old_status"], sent["new_status"]) for sent in changed] == [
        (message.pk, "sending", "refused")
    ]
    assert [sent.channel for sent in lanck.sent] == ["rcs"]


def test_repr_of_an_outgoing_message_masks_number_text_code_and_token(phone):
    message = Message(channel="sms", number=phone, pk=7)
    for content in (SMS("The code is 739155."), Flash(code="739155"), PinToSpeech("739155")):
        outgoing = Outgoing.create(message, content)
        token = outgoing.callback_url.rstrip("/").rsplit("/")[-1]
        assert not [secret for secret in ("739155", phone.removeprefix("+"), token) if secret in repr(outgoing)]


def test_send_in_a_test_case_is_not_taken_for_a_transaction(lanck, phone, django_capture_on_commit_callbacks):
    services.send_sms(number=phone, text="now")
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        services.send_sms(number=phone, text="later")
        assert [sent.text for sent in lanck.sent] == ["now"]
    assert [sent.text for sent in lanck.sent] == ["now", "later"]


# Marketing


def test_marketing_to_an_opted_out_number_is_refused(lanck, phone):
    OptOut.objects.record(phone)
    for send in (
        lambda category: services.send_sms(number=phone, text="Sale!", category=category),
        lambda category: services.send_failover(number=phone, flow=Flow(RCS("Sale!")), category=category),
        lambda category: services.speak_text(number=phone, text="Sale!", category=category),
    ):
        with pytest.raises(Refusal) as refused:
            send("marketing")
        assert (refused.value.code, refused.value.http_status) == ("opted_out", 409)
        assert send("transactional").status == "accepted"
    assert len(lanck.sent) == Message.objects.count() == 3
    OptOut.objects.filter(number=phone).lift()
    assert services.send_sms(number=phone, text="Sale!", category="marketing").category == "marketing"


# What is not stored


def test_caller_of_a_flash_call_is_returned_and_not_stored(lanck, phone, caplog):
    caplog.set_level("DEBUG", "django_lanck")
    message = services.flash_call(number=phone)
    digits = lanck.sent[-1].code
    assert message.caller == f"+3728232{digits}"
    lanck.report(lanck.sent[-1], "DELIVERED", **{"from": message.caller, "code": digits, "duration": 0})
    assert digits not in stored_rows()
    assert digits not in caplog.text


def test_dictated_digits_are_not_stored(lanck, phone, caplog):
    caplog.set_level("DEBUG", "django_lanck")
    services.speak_code(number=phone, code="739155")
    lanck.report(lanck.sent[-1], "ANSWERED", payload={"code": "739155"}, duration=17)
    lanck.refuse(10, reason="The code 739155 is invalid")
    with pytest.raises(APIError):
        services.speak_code(number=phone, code="739155")
    assert "739155" not in stored_rows()
    assert "739155" not in caplog.text


def stored_rows() -> str:
    rows = [*Message.objects.all(), *Receipt.objects.all()]
    return json.dumps(
        [{**row["fields"], "request_id": "", "digest": ""} for row in serializers.serialize("python", rows)],
        default=str,
    )


@pytest.mark.parametrize("in_transaction", [False, True])
@every_channel
def test_error_report_contains_no_text_and_no_code(
    lanck, phone, channel, in_transaction, rf, monkeypatch, transactional_db, caplog
):
    monkeypatch.setattr("django_lanck.client.transport._answer", len)
    if in_transaction:
        with transaction.atomic():
            CASES[channel][0](phone)
        (trace,) = (record.exc_info[2] for record in caplog.records if record.exc_info)
    else:
        with pytest.raises(TypeError) as failed:
            CASES[channel][0](phone)
        trace = failed.tb.tb_next.tb_next  # without the frames of the test
    frames = ExceptionReporter(rf.get("/"), TypeError, TypeError(), trace).get_traceback_frames()
    shown = [repr(value) for frame in frames for _name, value in frame["vars"]]
    assert len(shown) > 10
    for secret in ("8823", "012345", "'Hi'", "order has arrived"):
        assert not [value for value in shown if secret in value]


def test_marketing_is_not_sent_after_an_opt_out_before_the_commit(lanck, phone, record_signal, transactional_db):
    changed = record_signal(signals.message_status_changed)
    with transaction.atomic():
        send_marketing = services.send_sms(number=phone, text="Buy", category="marketing")
        services.send_sms(number=phone, text="Your order has arrived.")
        OptOut.objects.record(phone)
    assert [sent.params["text"] for sent in lanck.sent] == ["Your order has arrived."]
    message = Message.objects.get(pk=send_marketing.pk)
    assert (message.status, message.category) == ("refused", "marketing")
    assert "opted out" in message.error_reason
    assert [(sent["message"], sent["new_status"]) for sent in changed] == [(message, "refused")]


def test_send_without_autocommit_raises(lanck, phone, transactional_db):
    transaction.set_autocommit(False)
    try:
        with pytest.raises(TransactionManagementError):
            services.send_sms(number=phone, text="Hi")
        for call in (services.start_verification, services.look_up):
            with pytest.raises(RuntimeError, match="inside a transaction"):
                call(number=phone)
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)
    assert not lanck.requests
    assert not Message.objects.exists()
