"""The demo's made-up traffic: the same each time, and with everything in it that the pages are to show."""

from __future__ import annotations

from datetime import date, timedelta
from io import StringIO

import phonenumbers
import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db.models import Count, F, Q
from django.test import override_settings
from django.utils import timezone

from django_lanck import services
from django_lanck.models import (
    Channel,
    InboundMessage,
    Message,
    NumberInsight,
    OptOut,
    Receipt,
    RefusalCount,
    Status,
    Verification,
    VerifiedNumber,
)
from testproject.traffic import ATTACK, FAILURE, OUT_OF_FUNDS, PROBE, PROBES, SILENCE, rows_of_day
from testproject.traffic.world import COUNTRIES

pytestmark = pytest.mark.django_db

UNTIL = date(2026, 3, 31)
ARRIVED = Q(status__in=[Status.DELIVERED, Status.ANSWERED])
TABLES = (Verification, Message, Receipt, NumberInsight, InboundMessage, OptOut, RefusalCount, VerifiedNumber)


def make(**options) -> str:
    out = StringIO()
    call_command("demo_data", **{"days": 15, "messages": 1500, "until": UNTIL, **options}, stdout=out)
    return out.getvalue()


def kept() -> list[list[tuple]]:
    """Everything but the keys that the database gives."""
    lists = []
    for model in TABLES:
        names = [
            field.attname
            for field in model._meta.concrete_fields
            if field.get_internal_type() != "BigAutoField"
            and not (field.is_relation and field.related_model is not Verification)
        ]
        lists.append(sorted(model.objects.order_by().values_list(*names), key=repr))
    return lists


def on(days_ago: int):
    day = UNTIL - timedelta(days=days_ago)
    return Q(created_at__date=day)


def test_the_same_seed_and_day_make_the_same_rows():
    make()
    first = kept()
    assert all(first)
    make(replace=True)
    assert kept() == first
    make(replace=True, seed=2)
    assert kept() != first


def test_other_days_around_it_do_not_change_a_day():
    rows = rows_of_day(UNTIL, days_ago=0, messages=50, seed=1)
    again = rows_of_day(UNTIL, days_ago=0, messages=50, seed=1)
    assert [message.request_id for message in rows.messages] == [message.request_id for message in again.messages]


def test_it_refuses_to_add_to_what_is_there():
    make(messages=100)
    with pytest.raises(CommandError, match="--replace"):
        make(messages=100)


def test_replacing_removes_its_users_and_no_others():
    get_user_model().objects.create_user("demo-of-mine", password="own")
    make(messages=200)
    users = get_user_model().objects.count()
    make(messages=200, replace=True)
    assert get_user_model().objects.count() == users
    assert get_user_model().objects.filter(username="demo-of-mine").exists()


def test_nothing_is_made_up_next_to_real_rows(settings):
    with (
        override_settings(LANCK={**settings.LANCK, "BASE_URL": "https://api.example.com/v1"}),
        pytest.raises(CommandError, match="not the sandbox"),
    ):
        make(replace=True)
    assert not Message.objects.exists()


def test_a_day_to_come_is_refused():
    with pytest.raises(CommandError, match="today or a day before"):
        call_command("demo_data", f"--until={timezone.localdate() + timedelta(days=2)}")


def test_nothing_of_today_is_still_to_come():
    make(until=timezone.localdate(), days=1, messages=500)
    assert not Verification.objects.filter(ended_at__gt=timezone.now()).exists()
    assert not Message.objects.filter(created_at__gt=timezone.now()).exists()


def test_numbers_are_nobodys():
    """Kept for fiction by a regulator, or valid by their form and nothing but zeros."""
    make()
    fiction = (
        "+447700900",
        "+33639980",
        "+35320915",
        "+35320911",
        "+35320914",
        "+467017406",
        "+49171392",
        "+491760406",
    )
    for number in Message.objects.values_list("number", flat=True).distinct():
        is_american = number.startswith("+1") and number[5:10] == "55501"
        is_zeros = phonenumbers.is_valid_number(phonenumbers.parse(number)) and "00000" in number
        assert number.startswith(fiction) or is_american or is_zeros, number
    assert {country.code for country in COUNTRIES} == set(Message.objects.values_list("country", flat=True))


def test_nights_are_quiet_and_weekends_quieter_than_weekdays():
    make(messages=3000)
    starts = Verification.objects.exclude(number__startswith="+35320911").exclude(number__startswith="+35320914")
    gb = starts.filter(number__startswith="+44")
    hours = dict(gb.order_by().values_list("created_at__hour").annotate(Count("pk")))
    assert sum(hours.get(hour, 0) for hour in range(1, 5)) * 5 < sum(hours.get(hour, 0) for hour in range(17, 21))
    by_day = dict(starts.order_by().values_list("created_at__date").annotate(Count("pk")))
    weekend = [count for day, count in by_day.items() if day.weekday() >= 5]
    weekdays = [count for day, count in by_day.items() if day.weekday() < 5]
    assert max(weekend) < min(weekdays)


def test_one_country_fails_for_a_day():
    make(messages=3000)
    messages = Message.objects.filter(country=FAILURE.where, status_rank__gte=2)
    arrived = {
        days: messages.filter(on(days) & ARRIVED).count() / messages.filter(on(days)).count() for days in (11, 12)
    }
    assert arrived[FAILURE.days_ago] < 0.4
    assert arrived[FAILURE.days_ago - 1] > 0.7


def test_a_prefix_is_pumped_and_then_paused():
    make()
    attack = Verification.objects.filter(number__startswith=ATTACK.where)
    assert attack.count() >= 60
    assert not attack.filter(state=Verification.State.VERIFIED).exists()
    assert attack.filter(on(ATTACK.days_ago)).count() == attack.count()
    assert Message.objects.filter(ARRIVED, number__startswith=ATTACK.where).count() > attack.count() / 2
    paused = RefusalCount.objects.get(rule="prefix_conversion", watched=False)
    assert (paused.day, paused.country) == (UNTIL - timedelta(days=ATTACK.days_ago), "IE")
    assert paused.count > attack.count()
    probe = Verification.objects.filter(number__startswith=PROBE.where)
    assert probe.count() == PROBES
    assert not probe.filter(state=Verification.State.VERIFIED).exists()


def test_prefixes_are_paused_and_waited_for(settings):
    with override_settings(LANCK={**settings.LANCK, "CONVERSION": {"prefix": (20, 10)}}):
        make(until=timezone.localdate(), days=2, messages=200)
        shown = {each.prefix: (each.sent, each.paused_until is not None) for each in services.suspicious_prefixes()}
    assert shown == {ATTACK.where: (0, True), PROBE.where: (PROBES, False)}


def test_its_days_are_counted():
    yesterday = timezone.localdate() - timedelta(days=1)
    make(until=yesterday)
    scope = services.Scope(yesterday - timedelta(days=14), yesterday)
    figures = services.delivery_figures(scope)
    assert figures.total.messages == Message.objects.count()
    assert (figures.uncounted_days, figures.dirty_days) == ([], [])
    assert all(totals.messages for totals in figures.by_day.values())
    assert figures.total.conversion < 0.9
    assert sum(figures.fraud.values()) == NumberInsight.objects.filter(kind=NumberInsight.Kind.FRAUD).count()


def test_lanck_refuses_for_two_hours():
    make(messages=3000)
    hours = Q(created_at__hour__gte=OUT_OF_FUNDS.begins, created_at__hour__lt=OUT_OF_FUNDS.ends)
    then = Message.objects.filter(on(OUT_OF_FUNDS.days_ago) & hours)
    assert then.exists()
    assert set(then.values_list("status", "error_code")) == {(Status.REFUSED, 6)}
    assert not Message.objects.filter(error_code=6).exclude(pk__in=then).exists()
    canceled = Verification.objects.filter(messages__in=then)
    assert set(canceled.values_list("state", flat=True)) == {Verification.State.CANCELED}


def test_answers_of_lanck_get_lost_for_an_hour():
    rows = rows_of_day(UNTIL, days_ago=SILENCE.days_ago, messages=2000, seed=1)
    lost = [message for message in rows.messages if message.status == Status.UNKNOWN]
    then = [message for message in lost if message.created_at.hour == SILENCE.begins]
    assert len(then) > len(lost) / 2
    assert not any(message.request_id for message in lost)


def test_everything_that_the_pages_tell_apart_is_there():
    make(messages=3000)
    assert set(Message.objects.values_list("status", flat=True)) == {*Status} - {Status.SENDING}
    assert {"sms", "voice", "call", "viber", "push", "failover"} <= set(
        Message.objects.values_list("channel", flat=True)
    )
    assert set(Message.objects.values_list("channel", flat=True)) <= set(Channel)
    assert set(Verification.objects.values_list("purpose", flat=True)) == {"signup", "login", "change_number"}
    by_voice = Verification.objects.filter(messages__status=Status.UNDELIVERED, method="voice", resends=1)
    assert by_voice.filter(state=Verification.State.VERIFIED).exists()
    assert Verification.objects.filter(state=Verification.State.EXHAUSTED).exists()
    frauds = NumberInsight.objects.filter(kind=NumberInsight.Kind.FRAUD)
    assert {"PASSED", "SUSPICIOUS", "FRAUDULENT"} <= set(frauds.values_list("status", flat=True))
    assert Message.objects.filter(price=None, status_rank__gte=2).exists()
    assert RefusalCount.objects.values("rule").distinct().count() >= 5


def test_its_rows_agree_with_each_other():
    make()
    assert not Message.objects.filter(request_id=None, status_rank__gte=2).exists()
    assert not Message.objects.filter(verification__isnull=False).exclude(number=F("verification__number")).exists()
    for verification in Verification.objects.filter(state=Verification.State.VERIFIED).prefetch_related("messages"):
        assert any(message.status in (Status.DELIVERED, Status.ANSWERED) for message in verification.messages.all())
        assert verification.created_at < verification.ended_at <= verification.expires_at
        assert verification.proof_hash
    for claim in VerifiedNumber.objects.select_related("verification"):
        assert claim.number == claim.verification.number
        assert claim.verified_at == claim.verification.ended_at
    for receipt in Receipt.objects.select_related("message"):
        assert receipt.received_at > receipt.message.created_at
        assert not {"number", "code", "text"} & set(receipt.payload)
