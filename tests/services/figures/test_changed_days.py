"""Changes to the rows of a counted day mark it, and the next run counts it again."""

import threading
from collections import Counter

import pytest
from django.db import connection, connections, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from django_lanck.models import CountedDay, DeliveryDay, Message
from django_lanck.models.time import start_of_day
from django_lanck.services import (
    check_verification,
    count_days,
    forget_number,
    reconcile,
    refresh_message,
    resend_verification,
    send_sms,
    start_verification,
)
from django_lanck.services.figures import days as counting
from django_lanck.services.figures.aggregate import aggregate_days
from tests.helpers import statements
from tests.parallel import call_concurrently
from tests.services.figures.stored import DAY, OLD, days_ago, is_dirty, stored, stored_on

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


def test_late_receipt_marks_its_day(lanck, old_verification):
    before = stored_on(days_ago())
    assert (before["accepted"], before["delivered"]) == (1, 0)
    lanck.report(lanck.sent[-1], "DELIVERED")
    assert is_dirty(days_ago())
    assert stored_on(days_ago()) == before
    assert count_days().counted == 1
    assert (stored_on(days_ago())["delivered"], stored_on(days_ago())["reached_phone"]) == (1, 1)
    assert not is_dirty(days_ago())


def test_late_refresh_marks_the_day(lanck, old_verification):
    lanck.sent[-1].status = "UNDELIVERED"
    assert refresh_message(message=Message.objects.get())
    assert is_dirty(days_ago())
    count_days()
    assert stored_on(days_ago())["undelivered"] == 1


def test_late_proof_marks_the_day(lanck, old_verification):
    assert check_verification(verification_id=old_verification.pk, code=lanck.sent[-1].code).proof
    assert is_dirty(days_ago())
    count_days()
    assert (stored_on(days_ago())["verified"], stored_on(days_ago())["reached_phone"]) == (1, 1)


def test_late_resend_and_its_receipt_mark_the_day(lanck, old_verification):
    resend_verification(verification_id=old_verification.pk, method="voice")
    assert is_dirty(days_ago())
    count_days()
    voice = DeliveryDay.objects.get(day=days_ago(), channel="voice")
    assert (voice.started, voice.reached_phone, voice.messages) == (1, 0, 0)
    lanck.report(lanck.sent[-1], "DELIVERED")
    assert is_dirty(days_ago())
    count_days()
    assert DeliveryDay.objects.get(day=days_ago(), channel="voice").reached_phone == 1


@pytest.mark.django_db(transaction=True)
def test_response_to_a_resend_marks_the_day_again(lanck, old_verification, monkeypatch):
    """A count that ran in between has removed the mark of the resend itself."""
    handle, counted = lanck.handle, []

    def count_meanwhile(*arguments):
        counted.append(count_days().counted)
        connections.close_all()  # the client calls LANCK in a thread of its own
        return handle(*arguments)

    monkeypatch.setattr(lanck, "handle", count_meanwhile)
    resend_verification(verification_id=old_verification.pk)
    assert counted == [1]
    assert is_dirty(days_ago())


def test_abandoned_message_marks_its_day(lanck, phone, settings):
    settings.LANCK = {**lanck.settings, "BACKGROUND_RATE": 10_000, "RECONCILE_DAYS": 7}
    at = start_of_day(days_ago(3))
    Message.objects.create(number=phone, channel="sms", created_at=at)
    count_days()
    done = reconcile()
    assert (done.lost, done.days) == (1, 1)
    assert stored_on(days_ago(3)) == Counter(messages=1, unknown=1)


def test_forgotten_number_stays_in_the_figures(old_verification, phone):
    before = stored_on(days_ago())
    forget_number(number=phone)
    assert count_days().counted == 0
    assert stored_on(days_ago()) == before


def test_erased_number_is_removed_from_the_figures(old_verification, phone):
    forget_number(number=phone, erase=True)
    assert count_days().counted == 1
    assert stored_on(days_ago()) == Counter()


def test_changes_of_today_mark_no_day(lanck, phone):
    verification = start_verification(number=phone)
    with CaptureQueriesContext(connection) as captured:
        lanck.report(lanck.sent[-1], "DELIVERED")
    assert len(statements(captured)) == 2
    check_verification(verification_id=verification.pk, code=lanck.sent[-1].code)
    send_sms(number=phone, text="Hi")
    refresh_message(message=Message.objects.last())
    assert not CountedDay.objects.exists()


def test_interrupted_count_leaves_the_mark_and_the_figures(lanck, old_verification, monkeypatch):
    lanck.report(lanck.sent[-1], "DELIVERED")
    before = stored()

    def interrupt(days):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(counting, "aggregate_days", interrupt)
        with pytest.raises(KeyboardInterrupt):
            count_days()
    assert is_dirty(days_ago())
    assert stored() == before
    count_days()
    assert stored_on(days_ago())["delivered"] == 1


@pytest.mark.django_db(transaction=True)
def test_receipt_during_the_count_of_its_day_marks_it_again(lanck, old_verification, monkeypatch):
    """The count has read the rows before the receipt, so the mark must stay."""
    sent, receipts = lanck.sent[-1], []
    CountedDay.objects.mark([days_ago()])

    def aggregate_then_receive(days):
        result = aggregate_days(days)
        thread = threading.Thread(target=call_concurrently, args=[lambda number: lanck.report(sent, "DELIVERED"), 1, 1])
        thread.start()
        receipts.append(thread)
        thread.join(0.5)  # until it is done, or waits for the lock of the count
        return result

    with monkeypatch.context() as patched:
        patched.setattr(counting, "aggregate_days", aggregate_then_receive)
        count_days()
    receipts[0].join(30)
    assert stored_on(days_ago())["delivered"] == 0
    assert is_dirty(days_ago())
    count_days()
    assert stored_on(days_ago())["delivered"] == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("before", ["never counted", "counted", "marked"])
def test_count_waits_for_an_uncommitted_change(old_verification, before):
    """In each state of the day, the change is in the figures or the day is marked."""
    if before == "never counted":
        CountedDay.objects.all().delete()
        DeliveryDay.objects.all().delete()
    elif before == "marked":
        CountedDay.objects.mark([days_ago()])
    changed, may_commit = threading.Event(), threading.Event()

    def work(number):
        if number == 1:
            changed.wait(10)
            may_commit.set()
            return count_days()
        with transaction.atomic():
            Message.objects.update(status="DELIVERED", status_rank=7)
            counting.mark_changed_days(Message.objects.get().created_at)
            changed.set()
            may_commit.wait(10)
            connection.cursor().execute("SELECT 1")
            threading.Event().wait(0.3)  # until the count waits for the lock
        return None

    results = call_concurrently(work, 2, threads=2)
    assert not [result for result in results if isinstance(result, Exception)]
    count_days()
    assert stored_on(days_ago())["delivered"] == 1


def test_late_receipt_of_a_message_without_verification_marks_its_day(lanck, phone):
    send_sms(number=phone, text="Hi")
    Message.objects.update(created_at=F("created_at") - OLD * DAY)
    count_days()
    lanck.report(lanck.sent[-1], "DELIVERED")
    assert is_dirty(days_ago())
