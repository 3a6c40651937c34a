"""What is left of a number when its owner wants to be forgotten, and what may come later."""

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

pytestmark = pytest.mark.django_db
OTHER = "+12015550187"


def proof_of(lanck, **more):
    verification = start_verification(number=lanck.phone, **more)
    return check_verification(verification_id=verification.pk, code=lanck.sent[-1].code).proof


@pytest.fixture
def life(lanck, phone):
    """All that a site can know of a number, and of another one the same."""
    for number in (OTHER, phone):
        lanck.phone = number
        user = get_user_model().objects.create_user(f"user {number}")
        proof = proof_of(lanck, user=user)
        lanck.report(lanck.sent[-1], "DELIVERED")
        claim_number(user=user, proof=proof if redeem_proof(proof=proof) else "")
        send_sms(number=number, text=f"For {number}: {{link}}", link=f"https://acme.example/?n={number}")
        lanck.report(lanck.sent[-1], "SENT")
        lanck.inbound(number, "STOP", messageId=f"text-{number[-2:]}")
        look_up(number=number)
        check_fraud(number=number)
        start_verification(number=number, code_source="site")


def texts_of_database():
    """Every value of every row of this app, as text."""
    models = (InboundMessage, Message, NumberInsight, OptOut, Receipt, Verification, VerifiedNumber)
    return [
        (model, name, str(value)) for model in models for row in model.objects.values() for name, value in row.items()
    ]


def where_it_stands(number):
    digits = number.removeprefix("+")
    return {(model.__name__, name) for model, name, text in texts_of_database() if digits in text}


def test_the_number_is_nowhere_but_on_the_list_of_opt_outs(life, phone):
    before = where_it_stands(OTHER)
    done = forget_number(number=" 001 (201) 555-0123 ")
    assert where_it_stands(phone) == {("OptOut", "number")}
    assert where_it_stands(OTHER) == before
    assert (done.verifications, done.messages, done.receipts, done.inbound) == (2, 3, 2, 1)
    assert (done.insights, done.lifted_opt_outs, done.verified_numbers, done.opted_out) == (2, 0, 1, True)


def test_what_the_figures_need_stays(life, phone):
    kept = ("country", "channel", "status", "status_rank", "price", "network", "created_at", "status_at", "goal")
    rows = Message.objects.filter(number=phone).order_by("pk")
    pks = [row.pk for row in rows]
    before = list(rows.values_list(*kept, "verification"))
    states = list(Verification.objects.filter(number=phone, state="verified").values_list("state", "ended_at"))
    forget_number(number=phone)
    assert list(Message.objects.filter(pk__in=pks).order_by("pk").values_list(*kept, "verification")) == before
    assert list(Verification.objects.filter(number="", state="verified").values_list("state", "ended_at")) == states


def test_nothing_that_leads_to_the_person_stays(life, phone):
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


def test_erasing_leaves_no_row_but_the_opt_out_and_what_lanck_may_repeat(life, lanck, phone):
    done = forget_number(number=phone, erase=True)
    assert (done.verifications, done.messages, done.receipts, done.inbound) == (2, 3, 2, 1)
    assert where_it_stands(phone) == {("OptOut", "number")}
    for model in (Verification, Message):
        assert not model.objects.exclude(number=OTHER).exists()
    assert InboundMessage.objects.filter(sender="").count() == 1
    lanck.inbound(phone, "STOP", messageId="text-23")
    assert InboundMessage.objects.filter(sender=phone).count() == 0


def test_erasing_takes_inbound_texts_that_lanck_repeats_no_more(life, phone):
    InboundMessage.objects.update(received_at=F("received_at") - timezone.timedelta(days=3))
    assert forget_number(number=phone, erase=True).inbound == 1
    assert [row.sender for row in InboundMessage.objects.all()] == [OTHER]


@pytest.mark.parametrize("erase", [False, True])
def test_a_second_time_there_is_nothing_to_forget(life, phone, erase):
    forget_number(number=phone, erase=erase)
    done = forget_number(number=phone, erase=erase)
    done.opted_out = False
    assert not any(getattr(done, name) for name in done.__dataclass_fields__)


def test_a_dry_run_counts_and_changes_nothing(life, phone):
    before = sorted(map(str, texts_of_database()))
    with CaptureQueriesContext(connection) as captured:
        counted = forget_number(number=phone, dry_run=True)
    assert all(each["sql"].startswith("SELECT") for each in captured)
    assert sorted(map(str, texts_of_database())) == before
    assert counted == forget_number(number=phone)


def test_a_pending_verification_is_canceled_and_its_code_is_no_longer_right(lanck, phone):
    verification = start_verification(number=phone)
    forget_number(number=phone)
    assert Verification.objects.get().state == "canceled"
    assert check_verification(verification_id=verification.pk, code=lanck.sent[-1].code).refusal == "canceled"
    with pytest.raises(Refusal, match="canceled"):
        resend_verification(verification_id=verification.pk)


def test_one_whose_time_was_over_expired(phone, lanck, backdate):
    backdate(start_verification(number=phone), 700)
    forget_number(number=phone)
    assert Verification.objects.get().state == "expired"


def test_a_proof_of_a_forgotten_number_proves_nothing(lanck, phone):
    lanck.phone = phone
    proof = proof_of(lanck)
    forget_number(number=phone)
    with pytest.raises(Refusal, match="invalid_proof"):
        redeem_proof(proof=proof)


def test_a_claim_cannot_rest_on_a_forgotten_verification(lanck, phone, django_user_model):
    lanck.phone = phone
    proof = proof_of(lanck)
    redeem_proof(proof=proof)
    forget_number(number=phone)
    with pytest.raises(Refusal, match="invalid_proof"):
        claim_number(user=django_user_model.objects.create_user("late"), proof=proof)
    assert not VerifiedNumber.objects.exists()


@pytest.mark.parametrize("erase", [False, True])
def test_a_late_receipt_changes_nothing(lanck, phone, erase):
    message = send_sms(number=phone, text="Hi")
    forget_number(number=phone, erase=erase)
    before = list(Message.objects.values())
    for more in ({}, {"from": "ACME"}, {"number": ""}, {"requestId": "another", "number": ""}):
        assert lanck.report(lanck.sent[-1], "DELIVERED", **more).status_code == 204
    assert list(Message.objects.values()) == before
    assert not Receipt.objects.exists()
    assert message.pk


def test_what_lanck_says_when_asked_meanwhile_changes_nothing(lanck, phone):
    message = send_sms(number=phone, text="Hi")
    info = replace(request_info(request_id=message.request_id), status="DELIVERED", network="Another")
    forget_number(number=phone)
    before = list(Message.objects.values())
    assert apply_request_info(message, info) is False
    assert list(Message.objects.values()) == before


def test_a_link_of_a_forgotten_message_leads_nowhere(lanck, phone):
    send_sms(number=phone, text="{link}", link="https://acme.example/")
    forget_number(number=phone)
    with pytest.raises(Refusal, match="not_found"):
        open_link(token=lanck.sent[-1].text.strip("/").rpartition("/")[2])


@pytest.mark.parametrize("erase", [False, True])
@pytest.mark.parametrize("refused", [False, True])
def test_a_message_that_is_being_sent_stays_forgotten(lanck, phone, monkeypatch, erase, refused):
    # In the same connection, as the tests' transaction is not seen by others.
    call_provider = sending.call_provider

    def asked(call):
        answered = call_provider(call) if not refused else None
        forget_number(number=phone, erase=erase)
        if refused:
            lanck.refuse(11, reason=f"Invalid number {phone}")
            return call_provider(call)
        return answered

    monkeypatch.setattr(sending, "call_provider", asked)
    if refused:
        with pytest.raises(Exception, match="Invalid number"):
            send_sms(number=phone, text="Hi")
    else:
        send_sms(number=phone, text="Hi")
    assert where_it_stands(phone) == set()
    rows = list(Message.objects.values_list("number", "request_id", "status", "error_reason"))
    assert rows == ([] if erase else [("", None, "unknown", "")])


def test_marketing_still_stays_away_and_a_lifted_opt_out_goes(lanck, phone):
    lanck.inbound(phone, "STOP")
    forget_number(number=phone)
    with pytest.raises(Refusal, match="opted_out"):
        send_sms(number=phone, text="Sale", category="marketing")
    lift_opt_out(number=phone)
    assert forget_number(number=phone).lifted_opt_outs == 1
    assert not OptOut.objects.exists()


def test_limits_stay_as_they_hold_no_number(phone, lanck):
    LimitCounter.objects.create(key="x" * 32, rule="number", used=5)
    forget_number(number=phone, erase=True)
    assert LimitCounter.objects.get().used == 5


@pytest.mark.parametrize("sender", ["+447700900000", "12345", "ACME"])
def test_who_cannot_be_dialled_is_forgotten_too(lanck, sender):
    lanck.inbound(sender, "Hi")
    lanck.inbound("+12015550187", "Hi")
    assert forget_number(number=sender).inbound == 1
    assert InboundMessage.objects.exclude(sender="").count() == 1


@pytest.mark.parametrize("number", ["", "  ", "\0", "a\nb"])
def test_nothing_at_all_is_not_a_number(life, phone, number):
    forget_number(number=phone)
    before = sorted(map(str, texts_of_database()))
    with pytest.raises(Refusal, match="invalid_number"):
        forget_number(number=number, erase=True)
    assert sorted(map(str, texts_of_database())) == before


def test_the_admins_log_says_who_did_what_without_the_number(lanck, phone, admin_user):
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


def test_many_rows_take_as_many_batches_and_each_the_same_statements(lanck, phone, monkeypatch):
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


def test_an_interrupted_run_is_finished_by_the_next(lanck, phone, monkeypatch):
    monkeypatch.setattr("django_lanck.services.maintenance.forget.BATCH", 10)
    Message.objects.bulk_create(Message(channel="sms", number=phone) for _ in range(25))
    rounds = iter(range(99))

    def interrupt(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and "lanck_message" in sql and next(rounds) == 1:
            raise KeyboardInterrupt
        return execute(sql, params, many, context)

    with connection.execute_wrapper(interrupt), pytest.raises(KeyboardInterrupt):
        forget_number(number=phone)
    assert Message.objects.filter(number=phone).count() == 15
    assert forget_number(number=phone).messages == 15


def test_a_receipt_for_a_forgotten_message_with_another_id_is_not_learned(lanck, phone):
    """Its number is empty now, and so may the receipt's be."""
    lanck.lose_answer()
    message = send_sms(number=phone, text="Hi")
    forget_number(number=phone)
    token = lanck.sent[-1].params["callbackUrl"].strip("/").rpartition("/")[2]
    record_receipt(token=token, payload={"requestId": "x", "number": "", "status": "DELIVERED"})
    assert Message.objects.get(pk=message.pk).request_id is None


@pytest.mark.parametrize("source", ["lanck", "site"])
@pytest.mark.parametrize(("erase", "refusal"), [(False, "canceled"), (True, "not_found")])
def test_a_check_that_is_under_way_proves_nothing(lanck, phone, source, erase, refusal):
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
