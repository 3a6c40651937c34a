"""What is too old goes, in batches; what still protects something stays."""

import time
import tracemalloc
from dataclasses import asdict
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import F
from django.db.models.signals import post_delete
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_lanck.models import (
    InboundMessage,
    LimitCounter,
    Message,
    NumberInsight,
    OptOut,
    Receipt,
    RefusalCount,
    Verification,
    VerifiedNumber,
)
from django_lanck.services import (
    batches,
    check_verification,
    claim_number,
    prune,
    redeem_proof,
    send_sms,
    start_verification,
)
from django_lanck.services.maintenance import retention
from tests.parallel import call_concurrently

pytestmark = pytest.mark.django_db


def ago(days):
    return timezone.now() - timedelta(days=days)


@pytest.fixture
def keep(lanck, settings):
    def keep(**days):
        settings.LANCK = {**lanck.settings, "RETENTION": days}

    return keep


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(retention, "MAX_PAUSE", 0)


def make(model, days, count=1, **facts):
    age = {"InboundMessage": "received_at", "Receipt": "received_at", "LimitCounter": "ends_at", "RefusalCount": "day"}
    rows = []
    for number in range(count):
        own = {name: value(number) if callable(value) else value for name, value in facts.items()}
        at = ago(days).date() if model is RefusalCount else ago(days)
        rows.append(model(**{age.get(model.__name__, "created_at"): at}, **own))
    return model.objects.bulk_create(rows, batch_size=500)


def verification(days, **facts):
    own = {"number": "+12015550123", "purpose": "signup", "method": "sms", "code_length": 6, "max_attempts": 5}
    return make(Verification, days, **{**own, "expires_at": ago(days), "state": "expired", **facts})[0]


def message(days, **facts):
    return make(Message, days, **{"channel": "sms", "number": "+12015550123", **facts})[0]


@pytest.mark.parametrize(
    ("kind", "model", "facts", "default"),
    [
        ("messages", Message, {"channel": "sms", "number": "+12015550123"}, 365),
        ("inbound", InboundMessage, {"sender": "ACME", "message_id": lambda _n: str(time.perf_counter_ns())}, 365),
        ("insights", NumberInsight, {"number": "+12015550123", "kind": "hlr"}, 90),
        ("counters", LimitCounter, {"key": lambda _n: str(time.perf_counter_ns()), "not_before": ago(1)}, 1),
        ("refusals", RefusalCount, {"rule": lambda _n: str(time.perf_counter_ns())}, 365),
    ],
)
def test_what_is_older_than_its_kind_is_kept_goes(keep, kind, model, facts, default):
    young, old = make(model, default - 1, **facts)[0], make(model, default + 2, **facts)[0]
    keep(**{kind: None})
    assert not any(asdict(prune()).values())
    keep(**{kind: default + 10})
    assert not any(asdict(prune()).values())
    keep()
    assert {name: count for name, count in asdict(prune()).items() if count} == {kind: 1}
    assert list(model.objects.all()) == [young]
    assert old.pk != young.pk


def test_receipts_go_before_their_messages_and_with_them(keep):
    for days in (400, 100, 10):
        row = message(days)
        make(Receipt, days, message=row, digest="x", status="SENT")
    keep(receipts=None)
    done = prune()
    assert (done.messages, done.receipts) == (1, 1)
    keep()
    done = prune()
    assert (done.messages, done.receipts) == (0, 1)
    assert Message.objects.count() == 2
    assert Receipt.objects.count() == 1


def test_young_receipts_after_old_ones_stay(keep, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 3)
    row = message(1)
    for number, days in enumerate([100, 100, 1, 100, 1, 1, 1, 1]):
        make(Receipt, days, message=row, digest=str(number), status="SENT")
    keep()
    assert prune().receipts == 3
    assert Receipt.objects.count() == 5


def test_young_receipts_are_not_read_to_their_end(keep, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 3)
    row = message(1)
    for number in range(30):
        make(Receipt, 100 if number < 3 else 1, message=row, digest=str(number), status="SENT")
    keep()
    with CaptureQueriesContext(connection) as captured:
        assert prune().receipts == 3
    reads = [each for each in captured if each["sql"].startswith("SELECT") and "lanck_receipt" in each["sql"]]
    assert len(reads) <= 5


def test_a_verification_goes_after_its_last_message(keep):
    row = verification(400)
    message(360, verification=row)
    keep()
    assert (prune().verifications, Verification.objects.count()) == (0, 1)
    Message.objects.update(created_at=ago(400))
    done = prune()
    assert (done.verifications, done.messages) == (1, 1)


def test_what_protects_something_stays_however_old(keep, lanck, phone, django_user_model):
    started = start_verification(number=phone)
    proof = check_verification(verification_id=started.pk, code=lanck.sent[-1].code).proof
    claim_number(user=django_user_model.objects.create_user("owner"), proof=proof if redeem_proof(proof=proof) else "")
    Message.objects.all().delete()
    Verification.objects.update(created_at=ago(999), proof_expires_at=ago(998))
    tomorrow = ago(-1)
    is_open = verification(999, state="pending", expires_at=tomorrow)
    has_proof = verification(999, state="verified", proof_hash="x", proof_expires_at=tomorrow)
    OptOut.objects.create(number=phone, opted_out_at=ago(999))
    make(LimitCounter, 5, key="in force", not_before=tomorrow)
    make(LimitCounter, -1, key="running", not_before=ago(5))
    over = [
        verification(999),
        verification(999, state="pending"),
        verification(999, state="verified", proof_hash="y", proof_expires_at=ago(998)),
        verification(999, state="verified", proof_hash="z", proof_expires_at=tomorrow, proof_redeemed_at=ago(998)),
    ]
    keep()
    assert {name: count for name, count in asdict(prune()).items() if count} == {"verifications": len(over)}
    assert set(Verification.objects.values_list("pk", flat=True)) == {started.pk, is_open.pk, has_proof.pk}
    assert VerifiedNumber.objects.get().verification_id == started.pk
    assert OptOut.objects.count() == 1
    assert LimitCounter.objects.count() == 2


def test_a_counter_that_is_used_meanwhile_stays(keep):
    make(LimitCounter, 5, key="x", not_before=ago(5))
    reads = []

    def use(execute, sql, params, many, context):
        answer = execute(sql, params, many, context)
        if sql.startswith("SELECT") and "lanck_limitcounter" in sql and not reads:
            reads.append(sql)
            LimitCounter.objects.update(ends_at=ago(-1), used=1)
        return answer

    keep()
    with connection.execute_wrapper(use):
        assert prune().counters == 0
    assert (len(reads), LimitCounter.objects.get().used) == (1, 1)


def test_what_has_no_batch_left_is_read_once(keep, monkeypatch):
    """Rows that stay are not read again for each batch."""
    monkeypatch.setattr("django_lanck.services.batches.BATCH", 5)
    for _ in range(20):
        verification(400, state="verified", proof_hash=None, expires_at=ago(400))
    first = Verification.objects.order_by("created_at").first()
    Verification.objects.update(created_at=first.created_at)
    for row in Verification.objects.all()[:10]:
        message(1, verification=row)
    keep()
    with CaptureQueriesContext(connection) as captured:
        assert prune().verifications == 10
    assert Verification.objects.count() == 10
    reads = [each["sql"] for each in captured if "ORDER BY" in each["sql"] and "LIMIT 5" in each["sql"]]
    assert len([sql for sql in reads if "lanck_verification" in sql]) == 5


def statements_for(rows):
    Message.objects.bulk_create(Message(channel="sms", number="+12015550123", created_at=ago(400)) for _ in range(rows))
    Receipt.objects.bulk_create(
        Receipt(message=row, digest="x", status="SENT", received_at=ago(400)) for row in Message.objects.all()
    )
    Verification.objects.bulk_create(
        Verification(
            number="+12015550123",
            purpose="signup",
            method="sms",
            code_length=6,
            max_attempts=5,
            created_at=ago(400),
            expires_at=ago(400),
        )
        for _ in range(rows)
    )
    tracemalloc.start()
    with CaptureQueriesContext(connection) as captured:
        done = prune()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (done.messages, done.receipts, done.verifications) == (rows, rows, rows)
    return len(captured), peak


def test_each_batch_takes_the_same_statements(keep):
    keep()
    statements_for(500)  # the day is counted once
    one, two, four = (statements_for(rows)[0] for rows in (500, 1000, 2000))
    assert four - two == 2 * (two - one)


def test_memory_does_not_grow_with_the_rows(keep, monkeypatch):
    """The statements themselves are what a test keeps; they are left out by not capturing them."""
    keep()
    monkeypatch.setattr(CaptureQueriesContext, "__enter__", lambda self: self)
    monkeypatch.setattr(CaptureQueriesContext, "__exit__", lambda self, *args: None)
    monkeypatch.setattr(CaptureQueriesContext, "__len__", lambda self: 0)
    statements_for(500)  # what is imported and compiled once
    small, large = (statements_for(rows)[1] for rows in (1000, 4000))
    assert large < 2 * small  # four times as many rows


def test_no_batch_is_larger_than_500_rows(keep):
    make(Message, 400, 1200, channel="sms", number="+12015550123")
    counts = []
    keep()
    prune(progress=lambda done: counts.append(done.messages))
    assert counts == [500, 1000, 1200]


def test_an_interrupted_run_keeps_what_it_did_and_the_next_does_the_rest(keep):
    make(Message, 400, 1200, channel="sms", number="+12015550123")

    def interrupt(done):
        raise KeyboardInterrupt

    keep()
    with pytest.raises(KeyboardInterrupt):
        prune(progress=interrupt)
    assert Message.objects.count() == 700
    assert prune().messages == 700


def test_a_transaction_is_refused(keep):
    message(400)
    keep()
    with transaction.atomic(), pytest.raises(RuntimeError):
        prune()
    assert Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_twice_at_once_each_row_goes_once_and_others_are_let_through(lanck, phone, keep):
    keep()
    make(Message, 400, 3000, channel="sms", number=phone)
    for row in Message.objects.all()[:1000]:
        make(Receipt, 400, message=row, digest="x", status="SENT")
    fresh = [send_sms(number=phone, text="Hi") for _ in range(20)]

    def work(number):
        return prune() if number < 3 else lanck.report(lanck.sent[number - 3], "DELIVERED").status_code

    results = call_concurrently(work, 20, threads=20)
    ran = [each for each in results if not isinstance(each, int)]
    assert [each for each in ran if isinstance(each, Exception)] == []
    assert sum(each.messages for each in ran) == 3000
    assert sum(each.receipts for each in ran) == 1000
    assert [each for each in results if isinstance(each, int)] == [204] * 17
    assert Message.objects.count() == len(fresh)


@pytest.mark.django_db(transaction=True)
def test_receipts_that_come_for_what_is_erased_just_now_are_answered(lanck, phone, keep):
    keep()
    for _ in range(60):
        send_sms(number=phone, text="Hi")
    Message.objects.update(created_at=ago(400))

    def work(number):
        return prune() if number % 10 == 9 else lanck.report(lanck.sent[number], "DELIVERED").status_code

    results = call_concurrently(work, 60, threads=20)
    assert [each for each in results if isinstance(each, Exception)] == []
    # MariaDB may undo the receipt for the erasing: it finds its message by another index. LANCK repeats it.
    allowed = {204, 503} if connection.vendor == "mysql" else {204}
    assert {each for each in results if isinstance(each, int)} <= allowed
    assert not Message.objects.exists()
    assert not Receipt.objects.exists()


def test_what_the_site_hangs_on_the_deletion_of_a_row_happens(keep):
    heard = []

    def hear(sender, instance, **kwargs):
        heard.append(instance.pk)

    make(Message, 400, 3, channel="sms", number="+12015550123")
    keep()
    post_delete.connect(hear, Message)
    try:
        assert prune().messages == 3
    finally:
        post_delete.disconnect(hear, Message)
    assert len(heard) == 3


def test_a_batch_that_the_database_undoes_is_tried_again(keep, monkeypatch):
    make(Message, 400, 10, channel="sms", number="+12015550123")
    monkeypatch.setattr(batches, "RETRY_DELAY", 0)
    trouble = iter([OperationalError("Deadlock found")] * 2)

    def undo(execute, sql, params, many, context):
        if sql.startswith("DELETE") and (error := next(trouble, None)):
            raise error
        return execute(sql, params, many, context)

    keep()
    with connection.execute_wrapper(undo):
        assert prune().messages == 10
    make(Message, 400, 10, channel="sms", number="+12015550123")
    trouble = iter([OperationalError("The server is gone")] * 99)
    with connection.execute_wrapper(undo), pytest.raises(OperationalError):
        prune()


def test_times_are_compared_by_the_databases_clock(keep, monkeypatch):
    message(364)
    monkeypatch.setattr(timezone, "now", lambda: ago(-500))
    Message.objects.update(created_at=F("created_at"))
    keep()
    assert prune().messages == 0
