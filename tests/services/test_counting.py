"""Days are counted once they are over, exactly, and again when something of them changes."""

import threading
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, connections, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from django_lanck.models import CountedDay, DayCount, DeliveryDay, Message, NumberInsight, Verification
from django_lanck.models.time import site_day, start_of_day
from django_lanck.services import (
    check_verification,
    count_days,
    forget_number,
    prune,
    reconcile,
    refresh_message,
    resend_verification,
    send_sms,
    start_verification,
)
from django_lanck.services.figures import days as counting
from django_lanck.services.figures.aggregate import aggregate_days
from django_lanck.services.figures.totals import COUNTS, Dimensions
from django_lanck.services.maintenance import retention
from tests.helpers import statements
from tests.parallel import call_concurrently
from tests.services import naive

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
AGO = 10
DAY = timedelta(days=1)


def long_ago(days=AGO):
    return site_day() - days * DAY


def kept():
    """What is kept, as :func:`naive.counted` has it."""
    sums = {}
    for row in DeliveryDay.objects.all():
        counts = Counter({name: getattr(row, name) for name in COUNTS if getattr(row, name)})
        counts.update({f"delivery {bucket}": count for bucket, count in row.delivery_seconds.items()})
        counts.update({f"proof {bucket}": count for bucket, count in row.proof_seconds.items()})
        sums[row.day, row.purpose, row.channel, row.country, row.mccmnc] = counts
    return sums


def on(day):
    """All that is kept of one day."""
    return sum((counts for (when, *_), counts in kept().items() if when == day), Counter())


def is_dirty(day):
    return CountedDay.objects.filter(day=day, is_dirty=True, counted_at__isnull=False).exists()


@pytest.fixture
def old(lanck, phone, backdate):
    """A verification of ten days ago whose day was counted, with its message."""
    verification = start_verification(number=phone)
    backdate(verification, AGO * 86_400)
    # So old, and still open: the time to check is the person's.
    Verification.objects.update(expires_at=F("expires_at") + timedelta(days=AGO), resend_at=F("created_at"))
    assert count_days().counted == 1
    return verification


@pytest.mark.parametrize("seed", range(5))
def test_days_are_counted_as_one_after_the_other_would(seed):
    naive.fill(long_ago(4), 4, seed)
    assert count_days().counted == 4
    assert kept() == naive.counted()


def test_counting_again_changes_nothing_and_costs_little():
    naive.fill(long_ago(4), 3, 1)
    count_days()
    before = kept()
    with CaptureQueriesContext(connection) as captured:
        assert count_days().due == 0
    assert len(statements(captured)) <= 8
    assert kept() == before


def test_what_else_happened_is_counted():
    day = long_ago()
    naive.fill(day, 1, 3, each_day=80)
    count_days()
    checks = NumberInsight.objects.filter(kind="fraud")
    fraud = dict(DayCount.objects.filter(kind="fraud").values_list("word", "count"))
    assert fraud == Counter(checks.values_list("status", flat=True))
    refused = Message.objects.filter(status="refused", error_code__isnull=False, is_test=False)
    errors = Counter((str(each.error_code), each.country, naive.local(each.created_at).hour) for each in refused)
    rows = DayCount.objects.filter(kind="error", day=day).values_list("word", "country", "hour", "count")
    assert {tuple(which): count for *which, count in rows} == errors
    named = {network: f"Network {network}" for network in ("310260", "311480", "23415")}
    assert dict(DeliveryDay.objects.exclude(network="").values_list("mccmnc", "network")) == named


def test_a_day_is_counted_an_hour_after_its_end(monkeypatch):
    naive.fill(site_day() - 2 * DAY, 3, 1)
    hours = datetime.now(UTC) - start_of_day(site_day())
    monkeypatch.setattr(counting, "GRACE", hours + timedelta(minutes=1))
    assert count_days().counted == 1
    monkeypatch.setattr(counting, "GRACE", hours - timedelta(minutes=1))
    assert count_days().counted == 1
    assert {day for day, *_ in kept()} == {site_day() - 2 * DAY, site_day() - DAY}


def test_days_without_anything_are_counted_at_once():
    naive.fill(long_ago(300), 1, 1)
    naive.fill(long_ago(5), 1, 1)
    with CaptureQueriesContext(connection) as captured:
        assert count_days().counted == 2
    assert len(statements(captured)) < 50
    assert CountedDay.objects.filter(is_dirty=False, counted_at__isnull=False).count() >= 299


def test_progress_is_told_after_each_day():
    naive.fill(long_ago(4), 3, 1)
    told = []
    count_days(progress=lambda done: told.append((done.counted, done.due)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_counting_inside_a_transaction_is_a_mistake():
    with transaction.atomic(), pytest.raises(RuntimeError, match="Counting inside a transaction"):
        count_days()


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2025, 3, 30), 23),
        ("Europe/Berlin", date(2025, 10, 26), 25),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),  # at midnight, so that the day begins at one
        ("America/Havana", date(2025, 11, 2), 25),  # at one, so that midnight comes twice
        ("Asia/Kolkata", date(2025, 6, 1), 24),
    ],
)
def test_a_day_is_as_long_as_it_is_where_the_site_is(settings, zone, day, hours):
    settings.TIME_ZONE = zone
    start = start_of_day(day)
    assert start_of_day(day + DAY) - start == timedelta(hours=hours)
    for quarter in range(-8, 27 * 4):
        Message.objects.create(
            number="+12015550123",
            channel="sms",
            status="refused",
            status_rank=1,
            error_code=402,
            created_at=start + timedelta(minutes=15 * quarter, seconds=1),
        )
    count_days()
    assert kept() == naive.counted()
    assert on(day)["messages"] == hours * 4
    times = [naive.local(row.created_at) for row in Message.objects.all()]
    shown = Counter(at.hour for at in times if at.date() == day)
    assert dict(DayCount.objects.filter(day=day).values_list("hour", "count")) == shown


def test_too_many_networks_are_merged_and_nothing_is_lost():
    at = start_of_day(long_ago())
    Message.objects.bulk_create(
        Message(number="+12015550123", channel="sms", country="US", mccmnc=str(n), created_at=at) for n in range(500)
    )
    Message.objects.bulk_create(
        Message(number="+12015550123", channel="sms", country="GB", mccmnc="23415", created_at=at) for _ in range(20)
    )
    count_days()
    assert DeliveryDay.objects.count() <= counting.MAX_ROWS
    assert on(long_ago())["messages"] == 520
    assert DeliveryDay.objects.get(mccmnc="23415").messages == 20


def test_so_are_too_many_countries():
    at = start_of_day(long_ago())
    Message.objects.bulk_create(
        Message(number="+12015550123", channel="sms", country=chr(65 + n // 26) + chr(65 + n % 26), created_at=at)
        for n in range(500)
    )
    count_days()
    assert DeliveryDay.objects.count() <= counting.MAX_ROWS
    assert on(long_ago())["messages"] == 500


def test_a_late_receipt_marks_its_day_which_is_counted_again(lanck, old):
    before = on(long_ago())
    assert (before["accepted"], before["delivered"]) == (1, 0)
    lanck.report(lanck.sent[-1], "DELIVERED")
    assert is_dirty(long_ago())
    assert on(long_ago()) == before
    assert count_days().counted == 1
    assert (on(long_ago())["delivered"], on(long_ago())["reached_phone"]) == (1, 1)
    assert not is_dirty(long_ago())


def test_a_late_answer_of_lancks_does_so_too(lanck, old):
    lanck.sent[-1].status = "UNDELIVERED"
    assert refresh_message(message=Message.objects.get())
    assert is_dirty(long_ago())
    count_days()
    assert on(long_ago())["undelivered"] == 1


def test_so_does_a_late_proof(lanck, old):
    assert check_verification(verification_id=old.pk, code=lanck.sent[-1].code).proof
    assert is_dirty(long_ago())
    count_days()
    assert (on(long_ago())["verified"], on(long_ago())["reached_phone"]) == (1, 1)


def test_so_does_a_resend_on_a_later_day_and_its_receipt(lanck, old):
    resend_verification(verification_id=old.pk, method="voice")
    assert is_dirty(long_ago())
    count_days()
    voice = DeliveryDay.objects.get(day=long_ago(), channel="voice")
    assert (voice.started, voice.reached_phone, voice.messages) == (1, 0, 0)
    lanck.report(lanck.sent[-1], "DELIVERED")
    assert is_dirty(long_ago())
    count_days()
    assert DeliveryDay.objects.get(day=long_ago(), channel="voice").reached_phone == 1


@pytest.mark.django_db(transaction=True)
def test_so_does_what_lanck_answers_to_a_resend(lanck, old, monkeypatch):
    """The mark of the resend itself may be gone by then."""
    handle, counted = lanck.handle, []

    def count_meanwhile(*arguments):
        counted.append(count_days().counted)
        connections.close_all()  # LANCK is asked in a thread of its own
        return handle(*arguments)

    monkeypatch.setattr(lanck, "handle", count_meanwhile)
    resend_verification(verification_id=old.pk)
    assert counted == [1]
    assert is_dirty(long_ago())


def test_so_does_a_message_that_is_given_up(lanck, phone, settings):
    settings.LANCK = {**lanck.settings, "BACKGROUND_RATE": 10_000, "RECONCILE_DAYS": 7}
    at = start_of_day(long_ago(3))
    Message.objects.create(number=phone, channel="sms", created_at=at)
    count_days()
    done = reconcile()
    assert (done.lost, done.days) == (1, 1)
    assert on(long_ago(3)) == Counter(messages=1, unknown=1)


def test_a_forgotten_number_stays_in_the_figures_and_an_erased_one_leaves_them(old, phone):
    before = on(long_ago())
    forget_number(number=phone)
    assert count_days().counted == 0
    assert on(long_ago()) == before


def test_an_erased_number_leaves_the_figures(old, phone):
    forget_number(number=phone, erase=True)
    assert count_days().counted == 1
    assert on(long_ago()) == Counter()


def test_what_happens_today_marks_nothing(lanck, phone):
    verification = start_verification(number=phone)
    with CaptureQueriesContext(connection) as captured:
        lanck.report(lanck.sent[-1], "DELIVERED")
    assert len(statements(captured)) == 2
    check_verification(verification_id=verification.pk, code=lanck.sent[-1].code)
    send_sms(number=phone, text="Hi")
    refresh_message(message=Message.objects.last())
    assert not CountedDay.objects.exists()


def test_a_count_that_dies_leaves_the_mark_and_the_figures(lanck, old, monkeypatch):
    lanck.report(lanck.sent[-1], "DELIVERED")
    before = kept()

    def die(days):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(counting, "aggregate_days", die)
        with pytest.raises(KeyboardInterrupt):
            count_days()
    assert is_dirty(long_ago())
    assert kept() == before
    count_days()
    assert on(long_ago())["delivered"] == 1


@pytest.fixture
def pruned(lanck, settings, monkeypatch):
    """Prune, keeping messages for 30 days, and other kinds for as long as it is said."""

    def run(**days):
        settings.LANCK = {**lanck.settings, "RETENTION": {"messages": 30, "verifications": 30, **days}}
        return prune()

    monkeypatch.setattr(retention, "MAX_PAUSE", 0)
    return run


def test_days_are_counted_before_their_rows_are_erased_and_never_from_what_is_left(lanck, pruned):
    naive.fill(long_ago(40), 20, 1, each_day=5)
    expected = naive.counted()
    pruned()
    assert 0 < Message.objects.count() < 100
    assert kept() == expected
    CountedDay.objects.mark([long_ago(30), long_ago(29)])
    count_days()
    assert kept() == expected
    assert CountedDay.objects.filter(is_closed=True, day__lte=long_ago(30)).count() == 11
    assert not CountedDay.objects.filter(is_closed=True, day__gt=long_ago(29)).exists()


def test_the_day_of_which_rows_are_old_soon_is_closed_too(monkeypatch):
    """Pruning goes on while the clock does."""
    left = start_of_day(site_day() + DAY) - datetime.now(UTC)
    monkeypatch.setattr(counting, "GRACE", left - timedelta(minutes=1))
    assert counting.horizon(30) == long_ago(30)
    monkeypatch.setattr(counting, "GRACE", left + timedelta(minutes=1))
    assert counting.horizon(30) == long_ago(29)


def test_a_day_that_was_not_counted_is_not_closed():
    naive.fill(long_ago(), 1, 1)
    CountedDay.objects.mark([long_ago()])
    CountedDay.objects.close(long_ago())
    assert count_days().counted == 1
    assert kept() == naive.counted()


def test_a_closed_day_is_not_said_for_ever_to_have_changed(lanck, old):
    CountedDay.objects.close(long_ago())
    before = kept()
    lanck.report(lanck.sent[-1], "DELIVERED")
    assert is_dirty(long_ago())
    count_days()
    assert not is_dirty(long_ago())
    assert kept() == before
    assert count_days().due == 0


def test_fraud_checks_that_went_before_their_messages_stay_counted(lanck, pruned):
    naive.fill(long_ago(20), 2, 1)
    fraud = Counter(NumberInsight.objects.filter(kind="fraud").values_list("status", flat=True))
    assert pruned(insights=10).insights
    CountedDay.objects.mark([long_ago(20), long_ago(19)])
    assert count_days().counted == 2
    counts = Counter()
    for word, count in DayCount.objects.filter(kind="fraud").values_list("word", "count"):
        counts[word] += count
    assert counts == fraud


def test_fraud_checks_that_are_kept_for_ever_are_counted_again(lanck, settings):
    settings.LANCK = {**lanck.settings, "RETENTION": {"insights": None}}
    naive.fill(long_ago(), 1, 1)
    count_days()
    at = start_of_day(long_ago())
    NumberInsight.objects.create(number="+12015550123", kind="fraud", status="FRAUDULENT", created_at=at)
    CountedDay.objects.mark([long_ago()])
    count_days()
    assert DayCount.objects.get(kind="fraud", word="FRAUDULENT").count == 1


def test_figures_are_erased_after_their_own_time(lanck, pruned):
    naive.fill(long_ago(200), 1, 1)
    naive.fill(long_ago(120), 1, 1)
    assert pruned(figures=150).figures > 0
    assert {day for day, *_ in kept()} == {long_ago(120)}
    assert not DayCount.objects.filter(day__lt=long_ago(150)).exists()
    assert pruned(figures=150).figures == 0


def test_days_that_are_kept_shorter_than_their_rows_are_not_counted_again(lanck, pruned):
    naive.fill(long_ago(200), 1, 1)
    pruned(messages=None, verifications=None, figures=150)
    assert not kept()
    assert count_days().counted == 0
    assert not kept()


@pytest.mark.django_db(transaction=True)
def test_of_many_counters_at_once_none_doubles_anything():
    naive.fill(long_ago(5), 5, 1)
    results = call_concurrently(lambda number: count_days(), 6, threads=6)
    assert not [result for result in results if isinstance(result, Exception)]
    assert kept() == naive.counted()
    assert CountedDay.objects.filter(is_dirty=True).count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_receipt_that_comes_while_its_day_is_counted_marks_it_again(lanck, old, monkeypatch):
    """The count has read the rows already: the receipt is not in the figures, so its mark has to stay."""
    sent, receipts = lanck.sent[-1], []
    CountedDay.objects.mark([long_ago()])

    def tally_then_receipt(days):
        tally = aggregate_days(days)
        thread = threading.Thread(target=call_concurrently, args=[lambda number: lanck.report(sent, "DELIVERED"), 1, 1])
        thread.start()
        receipts.append(thread)
        thread.join(0.5)  # it waits for the count, or is done
        return tally

    with monkeypatch.context() as patched:
        patched.setattr(counting, "aggregate_days", tally_then_receipt)
        count_days()
    receipts[0].join(30)
    assert on(long_ago())["delivered"] == 0
    assert is_dirty(long_ago())
    count_days()
    assert on(long_ago())["delivered"] == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("before", ["never counted", "counted", "marked"])
def test_a_count_waits_for_a_change_that_is_not_committed_yet(old, before):
    """Whatever state the day was in: the change is in the figures, or the day is marked."""
    if before == "never counted":
        CountedDay.objects.all().delete()
        DeliveryDay.objects.all().delete()
    elif before == "marked":
        CountedDay.objects.mark([long_ago()])
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
            threading.Event().wait(0.3)  # meanwhile the count begins
        return None

    results = call_concurrently(work, 2, threads=2)
    assert not [result for result in results if isinstance(result, Exception)]
    count_days()
    assert on(long_ago())["delivered"] == 1


def test_keys_are_the_columns_that_figures_are_kept_apart_by():
    assert Dimensions._fields == DeliveryDay._meta.constraints[0].fields[1:]


def test_a_day_that_is_closed_while_it_waits_to_be_counted_stays(lanck, old, monkeypatch):
    before = kept()
    monkeypatch.setattr(counting, "_days_to_count", lambda: [long_ago()])
    CountedDay.objects.close(long_ago())
    Message.objects.all().delete()
    count_days()
    assert kept() == before


def test_a_late_receipt_of_a_message_without_verification_marks_its_day_too(lanck, phone):
    send_sms(number=phone, text="Hi")
    Message.objects.update(created_at=F("created_at") - AGO * DAY)
    count_days()
    lanck.report(lanck.sent[-1], "DELIVERED")
    assert is_dirty(long_ago())
