"""Retention: old rows are deleted in batches, and rows that are still needed stay."""

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
def set_retention(lanck, settings):
    """Set ``RETENTION``: ``set_retention(messages=30)``; without arguments, to the default."""

    def set_retention(**days):
        settings.LANCK = {**lanck.settings, "RETENTION": days}

    return set_retention


@pytest.fixture(autouse=True)
def no_pause_between_batches(monkeypatch):
    monkeypatch.setattr(retention, "MAX_PAUSE", 0)


def create(model, days, count=1, **fields):
    age = {"InboundMessage": "received_at", "Receipt": "received_at", "LimitCounter": "ends_at", "RefusalCount": "day"}
    rows = []
    for number in range(count):
        values = {name: value(number) if callable(value) else value for name, value in fields.items()}
        at = ago(days).date() if model is RefusalCount else ago(days)
        rows.append(model(**{age.get(model.__name__, "created_at"): at}, **values))
    return model.objects.bulk_create(rows, batch_size=500)


def create_verification(days, count=1, **fields):
    values = {"number": "+12015550123", "purpose": "signup", "method": "sms", "code_length": 6, "max_attempts": 5}
    return create(Verification, days, count, **{**values, "expires_at": ago(days), "state": "expired", **fields})[0]


def create_message(days, **fields):
    return create(Message, days, **{"channel": "sms", "number": "+12015550123", **fields})[0]


@pytest.mark.parametrize(
    ("kind", "model", "fields", "default"),
    [
        ("messages", Message, {"channel": "sms", "number": "+12015550123"}, 365),
        ("inbound", InboundMessage, {"sender": "ACME", "message_id": lambda _n: str(time.perf_counter_ns())}, 365),
        ("insights", NumberInsight, {"number": "+12015550123", "kind": "hlr"}, 90),
        ("counters", LimitCounter, {"key": lambda _n: str(time.perf_counter_ns()), "not_before": ago(1)}, 1),
        ("refusals", RefusalCount, {"rule": lambda _n: str(time.perf_counter_ns())}, 365),
    ],
)
def test_rows_older_than_their_retention_are_deleted(set_retention, kind, model, fields, default):
    recent, old = create(model, default - 1, **fields)[0], create(model, default + 2, **fields)[0]
    set_retention(**{kind: None})
    assert not any(asdict(prune()).values())
    set_retention(**{kind: default + 10})
    assert not any(asdict(prune()).values())
    set_retention()
    assert {name: count for name, count in asdict(prune()).items() if count} == {kind: 1}
    assert list(model.objects.all()) == [recent]
    assert old.pk != recent.pk


def test_receipts_are_deleted_with_their_messages_or_earlier(set_retention):
    for days in (400, 100, 10):
        row = create_message(days)
        create(Receipt, days, message=row, digest="x", status="SENT")
    set_retention(receipts=None)
    done = prune()
    assert (done.messages, done.receipts) == (1, 1)
    set_retention()
    done = prune()
    assert (done.messages, done.receipts) == (0, 1)
    assert Message.objects.count() == 2
    assert Receipt.objects.count() == 1


def test_recent_receipts_between_old_ones_stay(set_retention, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 3)
    row = create_message(1)
    for number, days in enumerate([100, 100, 1, 100, 1, 1, 1, 1]):
        create(Receipt, days, message=row, digest=str(number), status="SENT")
    set_retention()
    assert prune().receipts == 3
    assert Receipt.objects.count() == 5


def test_receipts_after_the_first_recent_batch_are_not_read(set_retention, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 3)
    row = create_message(1)
    for number in range(30):
        create(Receipt, 100 if number < 3 else 1, message=row, digest=str(number), status="SENT")
    set_retention()
    with CaptureQueriesContext(connection) as captured:
        assert prune().receipts == 3
    reads = [each for each in captured if each["sql"].startswith("SELECT") and "lanck_receipt" in each["sql"]]
    assert len(reads) <= 5


def test_verification_is_deleted_after_its_last_message(set_retention):
    row = create_verification(400)
    create_message(360, verification=row)
    set_retention()
    assert (prune().verifications, Verification.objects.count()) == (0, 1)
    Message.objects.update(created_at=ago(400))
    done = prune()
    assert (done.verifications, done.messages) == (1, 1)


def test_rows_that_are_still_needed_stay_at_any_age(set_retention, lanck, phone, django_user_model):
    started = start_verification(number=phone)
    proof = check_verification(verification_id=started.pk, code=lanck.sent[-1].code).proof
    claim_number(user=django_user_model.objects.create_user("owner"), proof=proof if redeem_proof(proof=proof) else "")
    Message.objects.all().delete()
    Verification.objects.update(created_at=ago(999), proof_expires_at=ago(998))
    tomorrow = ago(-1)
    is_open = create_verification(999, state="pending", expires_at=tomorrow)
    has_proof = create_verification(999, state="verified", proof_hash="x", proof_expires_at=tomorrow)
    OptOut.objects.create(number=phone, opted_out_at=ago(999))
    create(LimitCounter, 5, key="in force", not_before=tomorrow)
    create(LimitCounter, -1, key="running", not_before=ago(5))
    redeemed = {"proof_hash": "z", "proof_expires_at": tomorrow, "proof_redeemed_at": ago(998)}
    closed = [
        create_verification(999),
        create_verification(999, state="pending"),
        create_verification(999, state="verified", proof_hash="y", proof_expires_at=ago(998)),
        create_verification(999, state="verified", **redeemed),
    ]
    set_retention()
    assert {name: count for name, count in asdict(prune()).items() if count} == {"verifications": len(closed)}
    assert set(Verification.objects.values_list("pk", flat=True)) == {started.pk, is_open.pk, has_proof.pk}
    assert VerifiedNumber.objects.get().verification_id == started.pk
    assert OptOut.objects.count() == 1
    assert LimitCounter.objects.count() == 2


def test_counter_used_between_read_and_delete_stays(set_retention):
    create(LimitCounter, 5, key="x", not_before=ago(5))
    reads = []

    def use(execute, sql, params, many, context):
        answer = execute(sql, params, many, context)
        if sql.startswith("SELECT") and "lanck_limitcounter" in sql and not reads:
            reads.append(sql)
            LimitCounter.objects.update(ends_at=ago(-1), used=1)
        return answer

    set_retention()
    with connection.execute_wrapper(use):
        assert prune().counters == 0
    assert (len(reads), LimitCounter.objects.get().used) == (1, 1)


def test_rows_that_stay_are_read_once_per_run(set_retention, monkeypatch):
    monkeypatch.setattr("django_lanck.services.batches.BATCH", 5)
    for _ in range(20):
        create_verification(400, state="verified", proof_hash=None)
    first = Verification.objects.order_by("created_at").first()
    Verification.objects.update(created_at=first.created_at)
    for row in Verification.objects.all()[:10]:
        create_message(1, verification=row)
    set_retention()
    with CaptureQueriesContext(connection) as captured:
        assert prune().verifications == 10
    assert Verification.objects.count() == 10
    reads = [each["sql"] for each in captured if "ORDER BY" in each["sql"] and "LIMIT 5" in each["sql"]]
    assert len([sql for sql in reads if "lanck_verification" in sql]) == 5


@pytest.fixture
def small_batches(monkeypatch):
    """Set the size of a batch to 50 rows."""
    monkeypatch.setattr(batches, "BATCH", 50)
    monkeypatch.setattr(retention, "BATCH", 50)


def fill(rows):
    """Create so many old messages with receipts, and as many old verifications."""
    create(Message, 400, rows, channel="sms", number="+12015550123")
    Receipt.objects.bulk_create(
        Receipt(message=row, digest="x", status="SENT", received_at=ago(400)) for row in Message.objects.all()
    )
    create_verification(400, count=rows)


def statements_of_prune(rows):
    fill(rows)
    with CaptureQueriesContext(connection) as captured:
        assert prune().messages == rows
    return len(captured)


def peak_memory_of_prune(rows):
    fill(rows)
    tracemalloc.start()
    done = prune()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (done.messages, done.receipts, done.verifications) == (rows, rows, rows)
    return peak


def test_each_batch_takes_the_same_number_of_statements(set_retention, small_batches):
    set_retention()
    statements_of_prune(50)  # counts the day, which happens once
    one, two, four = (statements_of_prune(rows) for rows in (50, 100, 200))
    assert four - two == 2 * (two - one)


def test_memory_does_not_grow_with_the_number_of_rows(set_retention, small_batches):
    set_retention()
    peak_memory_of_prune(50)  # includes what is imported and compiled once
    small, large = (peak_memory_of_prune(rows) for rows in (100, 600))
    assert large < 1.4 * small  # six times as many rows


def test_batches_have_at_most_500_rows(set_retention):
    create(Message, 400, 1200, channel="sms", number="+12015550123")
    counts = []
    set_retention()
    prune(progress=lambda done: counts.append(done.messages))
    assert counts == [500, 1000, 1200]


def test_interrupted_run_is_completed_by_the_next(set_retention):
    create(Message, 400, 1200, channel="sms", number="+12015550123")

    def interrupt(done):
        raise KeyboardInterrupt

    set_retention()
    with pytest.raises(KeyboardInterrupt):
        prune(progress=interrupt)
    assert Message.objects.count() == 700
    assert prune().messages == 700


def test_prune_inside_a_transaction_raises(set_retention):
    create_message(400)
    set_retention()
    with transaction.atomic(), pytest.raises(RuntimeError):
        prune()
    assert Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_concurrent_runs_delete_each_row_once_and_receipts_are_answered(lanck, phone, set_retention, small_batches):
    set_retention()
    create(Message, 400, 600, channel="sms", number=phone)
    old = Message.objects.all()[:200]
    Receipt.objects.bulk_create(Receipt(message=row, digest="x", status="SENT", received_at=ago(400)) for row in old)
    recent = [send_sms(number=phone, text="Hi") for _ in range(20)]

    def work(number):
        return prune() if number < 3 else lanck.report(lanck.sent[number - 3], "DELIVERED").status_code

    results = call_concurrently(work, 20, threads=20)
    ran = [each for each in results if not isinstance(each, int)]
    assert [each for each in ran if isinstance(each, Exception)] == []
    assert sum(each.messages for each in ran) == 600
    assert sum(each.receipts for each in ran) == 200
    assert [each for each in results if isinstance(each, int)] == [204] * 17
    assert Message.objects.count() == len(recent)


@pytest.mark.django_db(transaction=True)
def test_receipts_for_messages_that_are_being_deleted_are_answered(lanck, phone, set_retention):
    set_retention()
    for _ in range(60):
        send_sms(number=phone, text="Hi")
    Message.objects.update(created_at=ago(400))

    def work(number):
        return prune() if number % 10 == 9 else lanck.report(lanck.sent[number], "DELIVERED").status_code

    results = call_concurrently(work, 60, threads=20)
    assert [each for each in results if isinstance(each, Exception)] == []
    # MariaDB may roll the receipt back in favour of the deletion, which locks by another index. LANCK repeats it.
    allowed = {204, 503} if connection.vendor == "mysql" else {204}
    assert {each for each in results if isinstance(each, int)} <= allowed
    assert not Message.objects.exists()
    assert not Receipt.objects.exists()


def test_deletion_signals_are_sent_to_receivers_of_the_site(set_retention):
    received = []

    def receive(sender, instance, **kwargs):
        received.append(instance.pk)

    create(Message, 400, 3, channel="sms", number="+12015550123")
    set_retention()
    post_delete.connect(receive, Message)
    try:
        assert prune().messages == 3
    finally:
        post_delete.disconnect(receive, Message)
    assert len(received) == 3


def test_batch_rolled_back_by_the_database_is_retried(set_retention, monkeypatch):
    create(Message, 400, 10, channel="sms", number="+12015550123")
    monkeypatch.setattr(batches, "RETRY_DELAY", 0)
    errors = iter([OperationalError("Deadlock found")] * 2)

    def roll_back(execute, sql, params, many, context):
        if sql.startswith("DELETE") and (error := next(errors, None)):
            raise error
        return execute(sql, params, many, context)

    set_retention()
    with connection.execute_wrapper(roll_back):
        assert prune().messages == 10
    create(Message, 400, 10, channel="sms", number="+12015550123")
    errors = iter([OperationalError("The server is gone")] * 99)
    with connection.execute_wrapper(roll_back), pytest.raises(OperationalError):
        prune()


def test_ages_are_measured_by_the_clock_of_the_database(set_retention, monkeypatch):
    create_message(364)
    monkeypatch.setattr(timezone, "now", lambda: ago(-500))
    Message.objects.update(created_at=F("created_at"))
    set_retention()
    assert prune().messages == 0
