"""Today's metrics: the counts, their labels and the number of statements."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.db.models import F
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from phonenumbers import SUPPORTED_REGIONS
from prometheus_client.parser import text_string_to_metric_families

from django_lanck.conf import conf
from django_lanck.exceptions import ERRORS_BY_CODE, Refusal
from django_lanck.models import Channel, CountedDay, LimitCounter, Message, RefusalCount, Status, Verification
from django_lanck.models.status import RANKS
from django_lanck.models.time import site_day
from django_lanck.prometheus import as_prometheus
from django_lanck.services import (
    Metrics,
    check_verification,
    current_metrics,
    pause_prefix,
    resend_verification,
    send_sms,
    start_verification,
)
from django_lanck.services.figures.metrics import MAX_COUNTRIES, REPORTED_RULES, RefusedPurpose
from tests.helpers import statements, with_lanck

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


def create_message(channel: str = "sms", country: str = "US", status: str = "DELIVERED", **fields) -> Message:
    rank = RANKS[status]
    return Message.objects.create(
        channel=channel, number="+12015550123", country=country, status=status, status_rank=rank, **fields
    )


def verifications(metrics: Metrics, purpose: str = "signup") -> tuple[int, int, int, int]:
    totals = metrics.started[purpose]
    return totals.started, totals.reached_lanck, totals.reached_phone, totals.verified


def messages(metrics: Metrics, purpose: str = "signup", channel: str = "sms") -> tuple[int, int, int]:
    totals = metrics.sent[purpose, channel]
    return totals.messages, totals.accepted, totals.delivered


def test_verification_is_counted_at_each_step(lanck, phone):
    assert verifications(current_metrics()) == (0, 0, 0, 0)
    verification = start_verification(number=phone)
    assert verifications(current_metrics()) == (1, 1, 0, 0)
    lanck.report(lanck.sent[-1], "DELIVERED")
    assert verifications(current_metrics()) == (1, 1, 1, 0)
    check_verification(verification_id=verification.pk, code=lanck.sent[-1].code)
    found = current_metrics()
    assert verifications(found) == (1, 1, 1, 1)
    assert messages(found) == (1, 1, 1)
    assert sum(found.started["signup"].proof_seconds.values()) == 1


def test_counters_never_decrease(lanck, phone):
    """Neither after a resend by another channel, nor a higher status, nor a country that LANCK corrects."""

    def counted() -> dict[str, list[float]]:
        found = current_metrics()
        both = [verifications(found), messages(found), messages(found, channel="voice")]
        return [count for counts in both for count in counts]

    with with_lanck(lanck, RESEND_WAITS=[0]):
        verification = start_verification(number=phone)
        seen = [counted()]
        lanck.report(lanck.sent[-1], "UNDELIVERED")
        seen.append(counted())
        resend_verification(verification_id=verification.pk, method="voice")
    seen.append(counted())
    lanck.report(lanck.sent[-2], "DELIVERED")
    Message.objects.update(country="CA")
    seen.append(counted())
    assert all(later >= before for first, second in pairwise(seen) for before, later in zip(first, second, strict=True))
    assert seen[-1] == [1, 1, 1, 0, 1, 1, 1, 1, 1, 0]


def test_metrics_exclude_yesterday_and_test_numbers(lanck, phone):
    start_verification(number=phone)
    Message.objects.update(created_at=F("created_at") - timedelta(days=1))
    Verification.objects.update(created_at=F("created_at") - timedelta(days=1))
    create_message(is_test=True)
    found = current_metrics()
    assert sum(totals.messages for totals in found.sent.values()) == 0
    assert sum(totals.started for totals in found.started.values()) == 0
    assert not found.countries


def test_messages_without_verification_have_an_empty_purpose(lanck, phone):
    send_sms(number=phone, text="Hello")
    found = current_metrics()
    assert messages(found, purpose="") == (1, 1, 0)
    assert messages(found) == (0, 0, 0)
    assert found.countries["US", "sms"].accepted == 1


def test_all_labels_exist_without_any_rows(lanck):
    with with_lanck(lanck, PURPOSES={"signup": {}, "payout": {}}):
        found = current_metrics()
    assert list(found.started) == ["signup", "payout", "other"]
    assert {purpose for purpose, _ in found.sent} == {"", "signup", "payout", "other"}
    assert {channel for _, channel in found.sent} > {"sms", "voice", "call", "push", "viber"}
    assert RefusedPurpose("number", "signup", False) in found.refusals
    assert found.errors["6"] == 0
    assert found.paused == {"prefix": 0, "country": 0}


def test_unknown_values_are_labelled_other(lanck, phone):
    """Countries come from LANCK, and purposes and rules of stored rows may have been removed from the settings."""
    values = ['"}', "\n#", "12", "☠", "zz", "", "us"]
    for number, value in enumerate(values):
        create_message(country=value, network=phone, mccmnc=f"{number}", channel=value or "sms")
        RefusalCount.objects.create(
            day=site_day(), rule=f"{value} {phone}", action="start", purpose=f"{value}{phone}", country=value, count=1
        )
        Verification.objects.create(
            number=phone,
            purpose=f"{value}{phone}",
            method="sms",
            code_length=6,
            max_attempts=5,
            expires_at=timezone.now(),
        ).messages.create(channel="sms", number=phone, country=value)
    LimitCounter.objects.create(
        key="x", rule="prefix_conversion", label=phone[:-4], refused=1, ends_at=timezone.now() + timedelta(hours=1)
    )
    create_message(status="refused", error_code=4711)
    found = current_metrics()
    assert {country for country, _ in found.countries} == {"US", "other"}
    assert found.started["other"].started == len(values)
    assert found.errors["other"] == 1
    assert found.refusals[RefusedPurpose("other", "other", False)] == len(values)
    text = as_prometheus(found, "")[0].decode()
    assert phone.removeprefix("+")[:-4] not in text
    labels: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            for name, value in sample.labels.items():
                labels.setdefault(name, set()).add(value)
    del labels["le"], labels["outcome"], labels["step"], labels["watched"]
    assert labels == {
        "purpose": {"", *conf.purposes, "other"},
        "channel": {*Channel, "other"},
        "country": {"US", "other"},
        "rule": {*REPORTED_RULES, "other"},
        "code": {*map(str, ERRORS_BY_CODE), "other"},
        "of": {"prefix", "country"},
    }


def test_countries_beyond_the_largest_50_are_other(lanck):
    for country in sorted(SUPPORTED_REGIONS):
        create_message(country=country)
    create_message(country="ZW")
    found = current_metrics()
    assert len(found.countries) == MAX_COUNTRIES + 1
    assert found.countries["ZW", "sms"].messages == 2
    assert sum(totals.messages for totals in found.countries.values()) == len(SUPPORTED_REGIONS) + 1


def test_refusals_of_today_and_current_pauses_are_counted(lanck, enable_limits, phone):
    enable_limits(LIMITS={"number": ["1/day"]}, RESEND_WAITS=[0], WATCH=[])
    start_verification(number=phone)
    for _ in range(2):
        with pytest.raises(Refusal):
            start_verification(number=phone)
    yesterday = site_day() - timedelta(days=1)
    RefusalCount.objects.create(day=yesterday, rule="number", action="start", purpose="signup", count=7)
    assert current_metrics().refusals[RefusedPurpose("number", "signup", False)] == 2
    pause_prefix(prefix="+3532091")
    assert current_metrics().paused == {"prefix": 1, "country": 0}
    LimitCounter.objects.update(
        ends_at=F("ends_at") - timedelta(days=1), not_before=F("not_before") - timedelta(days=1)
    )
    assert current_metrics().paused == {"prefix": 0, "country": 0}


def test_prefixes_of_a_watched_rule_are_not_paused(lanck, enable_limits):
    in_an_hour = timezone.now() + timedelta(hours=1)
    LimitCounter.objects.create(key="x", rule="country_conversion", label="IE", refused=5, ends_at=in_an_hour)
    enable_limits(WATCH=["country_conversion"])
    assert current_metrics().paused["country"] == 0
    enable_limits(WATCH=[])
    assert current_metrics().paused["country"] == 1


def test_pause_by_hand_counts_although_the_rule_is_watched(lanck, enable_limits):
    enable_limits(WATCH=["prefix_conversion"])
    pause_prefix(prefix="+3532091")
    assert current_metrics().paused["prefix"] == 1


def test_recent_unsettled_and_unknown_messages_are_counted(lanck, phone):
    assert (current_metrics().unsettled, current_metrics().oldest_unsettled) == (0, 0)
    for status in ("accepted", "SENT", "unknown", "DELIVERED", "UNDELIVERED", "refused"):
        create_message(status=status, created_at=timezone.now() - timedelta(hours=30))
    create_message(status="accepted")
    create_message(status="accepted", is_test=True)
    create_message(status="accepted", created_at=timezone.now() - timedelta(days=4))
    found = current_metrics()
    assert (found.unsettled, found.unknown) == (3, 1)
    assert found.oldest_unsettled == pytest.approx(30 * 3600, abs=60)


def test_uncounted_and_dirty_days_are_counted(lanck):
    today = site_day()
    assert (current_metrics().uncounted_days, current_metrics().dirty_days) == (0, 0)
    create_message(created_at=timezone.now() - timedelta(days=2))
    assert current_metrics().uncounted_days == 2
    CountedDay.objects.create(day=today - timedelta(days=1), counted_at=timezone.now())
    CountedDay.objects.create(day=today - timedelta(days=2), counted_at=timezone.now(), is_dirty=True)
    CountedDay.objects.create(day=today, is_dirty=True)  # dirty, but not counted
    found = current_metrics()
    assert found.uncounted_days == 0
    assert found.dirty_days == 1


def test_metrics_take_five_statements_for_any_number_of_rows(lanck, phone):
    for counted in (0, 20):
        for _ in range(counted):
            start_verification(number=phone)
            create_message(country="DE", status=Status.REFUSED, error_code=6)
        with CaptureQueriesContext(connection) as captured:
            current_metrics()
        assert len(statements(captured)) == 5


def test_today_is_the_day_in_the_sites_time_zone(lanck):
    now = timezone.now()
    with override_settings(TIME_ZONE="Pacific/Kiritimati"):  # 14 hours ahead
        start = timezone.localtime(now, timezone.get_default_timezone()).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        create_message(created_at=start - timedelta(seconds=1))
        create_message(created_at=start + timedelta(seconds=1))
        assert messages(current_metrics(), purpose="") == (1, 1, 1)
