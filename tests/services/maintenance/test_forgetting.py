"""Forgetting a number: what is deleted, what stays, and what happens when something arrives later."""

from dataclasses import replace

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_lanck.exceptions import Refusal
from django_lanck.models import (
    InboundMessage,
    LimitCounter,
    Message,
    NumberInsight,
    OptOut,
    Receipt,
    Verification,
    VerifiedNumber,
)
from django_lanck.services import (
    batches,
    check_fraud,
    check_verification,
    claim_number,
    forget_number,
    lift_opt_out,
    look_up,
    open_link,
    opt_out,
    record_receipt,
    redeem_proof,
    request_info,
    resend_verification,
    send_sms,
    start_verification,
)
from django_lanck.services.messages import outgoing as sending
from django_lanck.services.messages.refresh import apply_request_info
from tests.helpers import prove

pytestmark = pytest.mark.django_db
OTHER = "+12015550187"


@pytest.fixture
def known_number(lanck, phone):
    """Rows of every kind for a number, and the same for another number."""
    for number in (OTHER, phone):
        user = get_user_model().objects.create_user(f"user {number}")
        proof = prove(lanck, number, user=user)
        lanck.report(lanck.sent[-1], "DELIVERED")
        claim_number(user=user, proof=proof if redeem_proof(proof=proof) else "")
        send_sms(number=number, text=f"For {number}: {{link}}", link=f"https://acme.example/?n={number}")
        lanck.report(lanck.sent[-1], "SENT")
        lanck.inbound(number, "STOP", messageId=f"text-{number[-2:]}")
        look_up(number=number)
        check_fraud(number=number)
        start_verification(number=number, code_source="site")


def stored_values():
    """Return (model, column, text of the value) for each value in the app's tables."""
    models = (InboundMessage, Message, NumberInsight, OptOut, Receipt, Verification, VerifiedNumber)
    return [
        (model, column, str(value))
        for model in models
        for row in model.objects.values()
        for column, value in row.items()
    ]


def columns_with(number):
    digits = number.removeprefix("+")
    return {(model.__name__, column) for model, column, text in stored_values() if digits in text}


def test_forgotten_number_is_stored_only_in_the_list_of_opt_outs(known_number, phone):
    before = columns_with(OTHER)
    done = forget_number(number=" 001 (201) 555-0123 ")
    assert columns_with(phone) == {("OptOut", "number")}
    assert columns_with(OTHER) == before
    assert (done.verifications, done.messages, done.receipts, done.inbound) == (2, 3, 2, 1)
    assert (done.insights, done.lifted_opt_outs, done.verified_numbers, done.opted_out) == (2, 0, 1, True)


def test_columns_for_the_figures_stay(known_number, phone):
    columns = ("country", "channel", "status", "status_rank", "price", "network", "created_at", "status_at", "goal")
    rows = Message.objects.filter(number=phone).order_by("pk")
    pks = [row.pk for row in rows]
    before = list(rows.values_list(*columns, "verification"))
    states = list(Verification.objects.filter(number=phone, state="verified").values_list("state", "ended_at"))
    forget_number(number=phone)
    assert list(Message.objects.filter(pk__in=pks).order_by("pk").values_list(*columns, "verification")) == before
    assert list(Verification.objects.filter(number="", state="verified").values_list("state", "ended_at")) == states


def test_columns_that_identify_the_person_are_cleared(known_number, phone):
    Verification.objects.update(binding_hash="x", language="de")
    Message.objects.update(error_reason=f"No such {phone}", code_hash="x", lost_check="x")
    forget_number(number=phone)
    for row in Verification.objects.filter(number=""):
        assert (row.user, row.binding_hash, row.proof_hash, row.language) == (None, "", None, "")
    for row in Message.objects.filter(number=""):
        assert (row.request_id, row.content, row.link, row.error_reason, row.code_hash) == (None, {}, "", "", "")
        assert row.lost_check == ""
        assert row.receipts.count() == 0
    row = InboundMessage.objects.get(sender="")
    assert (row.text, row.payload) == ("", {})
    assert OptOut.objects.get(number=phone).inbound is None


def test_erase_deletes_all_rows_but_the_opt_out_and_recent_inbound_messages(known_number, lanck, phone):
    done = forget_number(number=phone, erase=True)
    assert (done.verifications, done.messages, done.receipts, done.inbound) == (2, 3, 2, 1)
    assert columns_with(phone) == {("OptOut", "number")}
    for model in (Verification, Message):
        assert not model.objects.exclude(number=OTHER).exists()
    assert InboundMessage.objects.filter(sender="").count() == 1
    lanck.inbound(phone, "STOP", messageId="text-23")
    assert InboundMessage.objects.filter(sender=phone).count() == 0


def test_erase_deletes_inbound_messages_that_lanck_no_longer_repeats(known_number, phone):
    InboundMessage.objects.update(received_at=F("received_at") - timezone.timedelta(days=3))
    assert forget_number(number=phone, erase=True).inbound == 1
    assert [row.sender for row in InboundMessage.objects.all()] == [OTHER]


@pytest.mark.parametrize("erase", [False, True])
def test_second_run_finds_nothing(known_number, phone, erase):
    forget_number(number=phone, erase=erase)
    done = forget_number(number=phone, erase=erase)
    done.opted_out = False
    assert not any(getattr(done, name) for name in done.__dataclass_fields__)


def test_dry_run_counts_and_changes_nothing(known_number, phone):
    before = sorted(map(str, stored_values()))
    with CaptureQueriesContext(connection) as captured:
        counted = forget_number(number=phone, dry_run=True)
    assert all(each["sql"].startswith("SELECT") for each in captured)
    assert sorted(map(str, stored_values())) == before
    assert counted == forget_number(number=phone)


def test_pending_verification_is_canceled_and_its_code_is_refused(lanck, phone):
    verification = start_verification(number=phone)
    forget_number(number=phone)
    assert Verification.objects.get().state == "canceled"
    assert check_verification(verification_id=verification.pk, code=lanck.sent[-1].code).refusal == "canceled"
    with pytest.raises(Refusal, match="canceled"):
        resend_verification(verification_id=verification.pk)


def test_overdue_verification_becomes_expired(phone, lanck, backdate):
    backdate(start_verification(number=phone), 700)
    forget_number(number=phone)
    assert Verification.objects.get().state == "expired"


def test_proof_of_a_forgotten_number_is_invalid(lanck, phone):
    proof = prove(lanck, phone)
    forget_number(number=phone)
    with pytest.raises(Refusal, match="invalid_proof"):
        redeem_proof(proof=proof)


def test_number_cannot_be_claimed_with_a_forgotten_verification(lanck, phone, django_user_model):
    proof = prove(lanck, phone)
    redeem_proof(proof=proof)
    forget_number(number=phone)
    with pytest.raises(Refusal, match="invalid_proof"):
        claim_number(user=django_user_model.objects.create_user("late"), proof=proof)
    assert not VerifiedNumber.objects.exists()


@pytest.mark.parametrize("erase", [False, True])
def test_late_receipt_changes_nothing(lanck, phone, erase):
    message = send_sms(number=phone, text="Hi")
    forget_number(number=phone, erase=erase)
    before = list(Message.objects.values())
    for more in ({}, {"from": "ACME"}, {"number": ""}, {"requestId": "another", "number": ""}):
        assert lanck.report(lanck.sent[-1], "DELIVERED", **more).status_code == 204
    assert list(Message.objects.values()) == before
    assert not Receipt.objects.exists()
    assert message.pk


def test_refresh_that_began_before_changes_nothing(lanck, phone):
    message = send_sms(number=phone, text="Hi")
    info = replace(request_info(request_id=message.request_id), status="DELIVERED", network="Another")
    forget_number(number=phone)
    before = list(Message.objects.values())
    assert apply_request_info(message, info) is False
    assert list(Message.objects.values()) == before


def test_link_of_a_forgotten_message_is_not_found(lanck, phone):
    send_sms(number=phone, text="{link}", link="https://acme.example/")
    forget_number(number=phone)
    with pytest.raises(Refusal, match="not_found"):
        open_link(token=lanck.sent[-1].text.strip("/").rpartition("/")[2])


@pytest.mark.parametrize("erase", [False, True])
@pytest.mark.parametrize("refused", [False, True])
def test_message_that_is_being_sent_stays_forgotten(lanck, phone, monkeypatch, erase, refused):
    # In the same connection, because no other one sees the transaction of the test.
    call_provider = sending.call_provider

    def call_and_forget(call):
        response = call_provider(call) if not refused else None
        forget_number(number=phone, erase=erase)
        if refused:
            lanck.refuse(11, reason=f"Invalid number {phone}")
            return call_provider(call)
        return response

    monkeypatch.setattr(sending, "call_provider", call_and_forget)
    if refused:
        with pytest.raises(Exception, match="Invalid number"):
            send_sms(number=phone, text="Hi")
    else:
        send_sms(number=phone, text="Hi")
    assert columns_with(phone) == set()
    rows = list(Message.objects.values_list("number", "request_id", "status", "error_reason"))
    assert rows == ([] if erase else [("", None, "unknown", "")])


def test_active_opt_out_still_blocks_marketing_and_lifted_one_is_deleted(lanck, phone):
    lanck.inbound(phone, "STOP")
    forget_number(number=phone)
    with pytest.raises(Refusal, match="opted_out"):
        send_sms(number=phone, text="Sale", category="marketing")
    lift_opt_out(number=phone)
    assert forget_number(number=phone).lifted_opt_outs == 1
    assert not OptOut.objects.exists()


def test_limit_counters_stay(phone, lanck):
    LimitCounter.objects.create(key="x" * 32, rule="number", used=5)
    forget_number(number=phone, erase=True)
    assert LimitCounter.objects.get().used == 5


@pytest.mark.parametrize("sender", ["+447700900000", "12345", "ACME"])
def test_sender_that_cannot_be_dialled_is_forgotten(lanck, sender):
    lanck.inbound(sender, "Hi")
    lanck.inbound("+12015550187", "Hi")
    assert forget_number(number=sender).inbound == 1
    assert InboundMessage.objects.exclude(sender="").count() == 1


@pytest.mark.parametrize("number", ["", "  ", "\0", "a\nb"])
def test_empty_number_is_refused(known_number, phone, number):
    forget_number(number=phone)
    before = sorted(map(str, stored_values()))
    with pytest.raises(Refusal, match="invalid_number"):
        forget_number(number=number, erase=True)
    assert sorted(map(str, stored_values())) == before


def test_log_entries_of_the_admin_lose_the_masked_number(lanck, phone, admin_user):
    for number in (phone, OTHER):
        opt_out(number=number)
        lift_opt_out(number=number)
    for row in OptOut.objects.all():
        kind = ContentType.objects.get_for_model(OptOut)
        LogEntry.objects.create(
            user=admin_user, content_type=kind, object_id=row.pk, object_repr=str(row), action_flag=CHANGE
        )
    forget_number(number=phone)
    assert sorted(LogEntry.objects.values_list("object_repr", flat=True)) == ["+1201•••0187", "•••"]


def test_each_batch_takes_the_same_number_of_statements(lanck, phone, monkeypatch):
    monkeypatch.setattr("django_lanck.services.maintenance.forget.BATCH", 10)
    counts = []
    for rows in (10, 30):
        Message.objects.bulk_create(Message(channel="sms", number=phone) for _ in range(rows))
        with CaptureQueriesContext(connection) as captured:
            assert forget_number(number=phone).messages == rows
        counts.append(len(captured))
    per_batch = (counts[1] - counts[0]) / 2
    assert per_batch == int(per_batch)
    assert 0 < per_batch < 12
    assert batches.BATCH == 500


def test_interrupted_run_is_completed_by_the_next(lanck, phone, monkeypatch):
    monkeypatch.setattr("django_lanck.services.maintenance.forget.BATCH", 10)
    Message.objects.bulk_create(Message(channel="sms", number=phone) for _ in range(25))
    updates = iter(range(99))

    def interrupt(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and "lanck_message" in sql and next(updates) == 1:
            raise KeyboardInterrupt
        return execute(sql, params, many, context)

    with connection.execute_wrapper(interrupt), pytest.raises(KeyboardInterrupt):
        forget_number(number=phone)
    assert Message.objects.filter(number=phone).count() == 15
    assert forget_number(number=phone).messages == 15


def test_request_id_of_a_receipt_is_not_stored_on_a_forgotten_message(lanck, phone):
    """Both numbers are empty, so they are equal."""
    lanck.lose_answer()
    message = send_sms(number=phone, text="Hi")
    forget_number(number=phone)
    token = lanck.sent[-1].params["callbackUrl"].strip("/").rpartition("/")[2]
    record_receipt(token=token, payload={"requestId": "x", "number": "", "status": "DELIVERED"})
    assert Message.objects.get(pk=message.pk).request_id is None


@pytest.mark.parametrize("source", ["lanck", "site"])
@pytest.mark.parametrize(("erase", "refusal"), [(False, "canceled"), (True, "not_found")])
def test_check_that_runs_meanwhile_proves_nothing(lanck, phone, source, erase, refusal):
    verification = start_verification(number=phone, code_source=source)
    done = []

    def forget(execute, sql, params, many, context):
        if sql.startswith("SAVEPOINT") and not done:  # before the attempt is spent
            done.append(sql)
            forget_number(number=phone, erase=erase)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(forget):
        try:
            ended = check_verification(verification_id=verification.pk, code=lanck.sent[-1].code).refusal
        except Refusal as refused:
            ended = refused.code
    assert ended == refusal
    assert not Verification.objects.filter(state="verified").exists()
