"""The figures of a period, from stored days and from rows."""

import math
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_lanck.guard import refusals
from django_lanck.models import CountedDay, DayCount, DeliveryDay, Message, NumberInsight, RefusalCount, Verification
from django_lanck.models.time import site_day, start_of_day
from django_lanck.services import (
    Scope,
    Totals,
    count_days,
    delivery_figures,
    send_sms,
    start_verification,
)
from django_lanck.services.figures.delivery import ErrorHour, Network, Refused
from django_lanck.services.figures.histogram import ERROR, percentile
from tests.helpers import statements
from tests.services.figures import reference

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
DAY = timedelta(days=1)


def last_days(days, **filters):
    return Scope(site_day() - (days - 1) * DAY, site_day(), **filters)


def counts_of(totals):
    """Return the totals in the form of :func:`reference.expected`."""
    names = (name for name in Totals.__dataclass_fields__ if not name.endswith("_seconds"))
    plain = Counter({name: getattr(totals, name) for name in names if getattr(totals, name)})
    plain.update({f"proof {bucket}": count for bucket, count in totals.proof_seconds.items()})
    plain.update({f"delivery {bucket}": count for bucket, count in totals.delivery_seconds.items()})
    return plain


def expected_by(by):
    """Return the expected counts, grouped by a function of (day, purpose, channel, country, network)."""
    sums = {}
    for key, own in reference.expected().items():
        sums.setdefault(by(*key), Counter()).update(own)
    return sums


@pytest.mark.parametrize("seed", range(4))
def test_figures_equal_those_of_the_reference_implementation(seed):
    """Past days are read from stored figures, today from its rows."""
    reference.fill(site_day() - 5 * DAY, 6, seed)
    count_days()
    figures = delivery_figures(last_days(6))
    assert counts_of(figures.total) == sum(reference.expected().values(), Counter())
    for groups, by in (
        (figures.by_day, lambda day, *rest: day),
        (figures.by_purpose, lambda day, purpose, *rest: purpose),
        (figures.by_channel, lambda day, purpose, channel, *rest: channel),
        (figures.by_country, lambda day, purpose, channel, country, network: country),
        (figures.by_network, lambda day, purpose, channel, country, network: Network(country, network)),
    ):
        assert {key: counts_of(totals) for key, totals in groups.items()} == expected_by(by)
        amounts = [totals.messages for totals in groups.values()]
        assert groups is figures.by_day or amounts == sorted(amounts, reverse=True)
    assert figures.networks == {network: f"Network {network}" for network in ("310260", "311480", "23415")}


@pytest.mark.parametrize(
    "filters",
    [
        {"purpose": "signup"},
        {"channel": "voice"},
        {"country": "GB"},
        {"mccmnc": "310260"},
        {"purpose": "login", "channel": "sms", "country": "US", "mccmnc": "311480"},
        {"country": "XX"},
    ],
)
def test_figures_can_be_filtered(filters):
    reference.fill(site_day() - 2 * DAY, 3, 7, each_day=60)
    count_days()
    names = ("day", "purpose", "channel", "country", "mccmnc")
    own = [
        amounts
        for key, amounts in reference.expected().items()
        if all(dict(zip(names, key, strict=True))[name] == value for name, value in filters.items())
    ]
    figures = delivery_figures(last_days(3, **filters))
    assert counts_of(figures.total) == sum(own, Counter())
    assert list(figures.by_day) == [site_day() - 2 * DAY, site_day() - DAY, site_day()]


def test_period_may_be_in_the_past_or_the_future():
    reference.fill(site_day() - 5 * DAY, 4, 1)
    count_days()
    figures = delivery_figures(Scope(site_day() - 4 * DAY, site_day() - 3 * DAY))
    assert set(figures.by_day) == {site_day() - 4 * DAY, site_day() - 3 * DAY}
    assert figures.total.messages == sum(totals.messages for totals in figures.by_day.values()) > 0
    assert delivery_figures(Scope(site_day() + DAY, site_day() + 3 * DAY)).total == Totals()


def test_yesterday_is_aggregated_from_rows_until_it_is_counted():
    reference.fill(site_day() - DAY, 2, 1)
    before = delivery_figures(last_days(2))
    count_days()
    CountedDay.objects.get_or_create(day=site_day() - DAY)  # early in the day it is not counted yet
    after = delivery_figures(last_days(2))
    assert (before.by_day, before.fraud, before.errors) == (after.by_day, after.fraud, after.errors)
    assert counts_of(before.total) == sum(reference.expected().values(), Counter())
    assert before.uncounted_days == []


def test_counted_yesterday_is_read_from_stored_figures():
    reference.fill(site_day() - DAY, 1, 1)
    before = delivery_figures(last_days(2))
    count_days()
    for model in (Message, Verification, NumberInsight):
        model.objects.all().delete()
    after = delivery_figures(last_days(2))
    assert (before.by_day, before.fraud, before.errors) == (after.by_day, after.fraud, after.errors)
    assert after.total.messages > 0


def test_marked_day_without_count_is_uncounted():
    reference.fill(site_day() - 2 * DAY, 2, 1)
    CountedDay.objects.mark([site_day() - 2 * DAY, site_day() - DAY])
    figures = delivery_figures(last_days(3))
    assert counts_of(figures.by_day[site_day() - DAY]) == expected_by(lambda day, *rest: day)[site_day() - DAY]
    assert (figures.uncounted_days, figures.dirty_days) == ([site_day() - 2 * DAY], [])


def test_day_counted_between_two_statements_is_included_once():
    """The statement that lists counted days ran before the count, the one that reads figures after it."""
    reference.fill(site_day() - DAY, 1, 1)
    count_days()
    CountedDay.objects.update(counted_at=None)
    assert counts_of(delivery_figures(last_days(2)).total) == sum(reference.expected().values(), Counter())


@pytest.mark.parametrize("days", [1, 2, 30, 90])
def test_figures_take_four_statements(days):
    reference.fill(site_day() - 3 * DAY, 4, 1)
    count_days()
    with CaptureQueriesContext(connection) as captured:
        delivery_figures(last_days(days))
    assert len(statements(captured)) == 4


def test_uncounted_days_are_listed():
    reference.fill(site_day() - 8 * DAY, 9, 1, each_day=3)
    with CaptureQueriesContext(connection) as captured:
        figures = delivery_figures(last_days(30))
    assert len(statements(captured)) == 5
    assert figures.uncounted_days == [site_day() - number * DAY for number in range(8, 1, -1)]
    count_days()
    assert delivery_figures(last_days(30)).uncounted_days == []
    CountedDay.objects.filter(day__gt=site_day() - 5 * DAY).delete()
    assert delivery_figures(last_days(30)).uncounted_days == [site_day() - number * DAY for number in range(4, 1, -1)]


def test_dirty_days_are_listed():
    reference.fill(site_day() - 8 * DAY, 9, 1, each_day=3)
    count_days()
    CountedDay.objects.mark([site_day() - 3 * DAY, site_day() - 5 * DAY])
    figures = delivery_figures(last_days(30))
    assert figures.dirty_days == [site_day() - 5 * DAY, site_day() - 3 * DAY]
    assert figures.uncounted_days == []


def test_figures_without_messages_are_empty():
    figures = delivery_figures(last_days(90))
    assert (figures.total, figures.uncounted_days, figures.by_network) == (Totals(), [], {})
    assert len(figures.by_day) == 90
    empty = figures.total
    assert (empty.conversion, empty.delivery_rate, empty.delivery_time(0.5), empty.proof_time(0.95)) == (None,) * 4


def test_rates_are_shares_of_started_and_accepted():
    totals = Totals(started=4, verified=3, accepted=10, delivered=6, undelivered=1)
    assert (totals.conversion, totals.delivery_rate, totals.unsettled) == (0.75, 0.6, 3)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.95, 1])
@pytest.mark.parametrize("seed", range(5))
def test_percentiles_are_within_the_documented_error(seed, share):
    reference.fill(site_day(), 1, seed, each_day=200)
    total = delivery_figures(last_days(1)).total
    delivered = Message.objects.filter(status_rank=7, status_at__isnull=False, is_test=False)
    verified = Verification.objects.filter(state="verified", is_test=False)
    for estimate, times in (
        (total.delivery_time(share), [row.status_at - row.created_at for row in delivered]),
        (total.proof_time(share), [row.ended_at - row.created_at for row in verified]),
    ):
        shown = [max(time.total_seconds(), 0) for time in times]  # LANCK's clock may be behind
        exact = sorted(shown)[math.ceil(len(times) * share) - 1]
        assert abs(estimate - exact) <= max(exact * ERROR, 0.11)
    assert ERROR < 0.091


def test_percentile_of_nothing_is_none_and_of_one_time_is_its_bucket():
    assert percentile({}, 0.5) is None
    assert percentile({0: 1}, 0.01) == percentile({0: 1}, 1) == pytest.approx(0.109, abs=0.001)
    assert percentile({3: 1, 20: 1}, 0.5) == percentile({3: 5}, 0.95)


def test_refusals_are_counted_by_rule(lanck):
    for day, rule, purpose, country, watched in (
        (0, "number", "signup", "US", False),
        (1, "number", "login", "US", False),
        (2, "number", "signup", "GB", True),
        (9, "number", "signup", "GB", False),
    ):
        which = {"rule": rule, "action": "start", "purpose": purpose, "country": country, "watched": watched}
        RefusalCount.objects.create(day=site_day() - day * DAY, count=day + 1, **which)
    assert delivery_figures(last_days(5)).refusals == {Refused("number", False): 3, Refused("number", True): 3}
    assert delivery_figures(last_days(5, purpose="signup")).refusals[Refused("number", False)] == 1
    assert delivery_figures(last_days(5, country="GB")).refusals == {Refused("number", True): 3}


def test_refusals_are_counted_on_the_day_in_the_sites_time_zone(enable_limits, phone, settings):
    """The active time zone of the request does not matter."""
    from django.utils import timezone

    from django_lanck.exceptions import Refusal

    enable_limits(COUNTRIES=["GB"])
    for zone in ("Pacific/Kiritimati", "Pacific/Niue"):  # 25 hours apart
        with timezone.override(zone), pytest.raises(Refusal):
            start_verification(number=phone)
    assert refusals.RefusalCount.objects.get().day == site_day()


def test_fraud_checks_and_errors_of_counted_days_and_today_are_summed():
    at = start_of_day(site_day())
    before = site_day() - 3 * DAY
    CountedDay.objects.create(day=before, counted_at=at)
    DayCount.objects.create(day=before, kind="fraud", word="SUSPICIOUS", country="US", count=2)
    DayCount.objects.create(day=before, kind="error", word="402", country="US", hour=7, count=5)
    NumberInsight.objects.create(number="+12015550123", kind="fraud", status="SUSPICIOUS", country="GB", created_at=at)
    refused = {"number": "+12015550123", "channel": "sms", "status": "refused", "status_rank": 1}
    Message.objects.create(**refused, error_code=402, country="GB", created_at=at + timedelta(hours=13, minutes=59))
    Message.objects.create(**refused, country="GB", created_at=at)
    figures = delivery_figures(last_days(7))
    assert figures.fraud == {"SUSPICIOUS": 3}
    assert figures.errors == {ErrorHour(before, 7, 402): 5, ErrorHour(site_day(), 13, 402): 1}
    assert figures.total.refused == 2
    british = delivery_figures(last_days(7, country="GB"))
    assert (british.fraud, british.errors) == ({"SUSPICIOUS": 1}, {ErrorHour(site_day(), 13, 402): 1})
    american = delivery_figures(last_days(7, country="US"))
    assert (american.fraud, american.errors) == ({"SUSPICIOUS": 2}, {ErrorHour(before, 7, 402): 5})


def test_figures_exclude_test_numbers(lanck, phone):
    send_sms(number=phone, text="Hi")
    start_verification(number=phone)
    assert delivery_figures(last_days(1)).total.messages == 2
    Verification.objects.update(is_test=True)
    Message.objects.update(is_test=True, status="refused", status_rank=1, error_code=402)
    figures = delivery_figures(last_days(1))
    assert (figures.total, figures.errors) == (Totals(), {})


def test_verified_code_counts_as_delivered(lanck, phone):
    start_verification(number=phone)
    Message.objects.update(status="UNDELIVERED", status_rank=6)
    total = delivery_figures(last_days(1)).total
    assert (total.started, total.reached_lanck, total.reached_phone, total.undelivered) == (1, 1, 0, 1)
    Verification.objects.update(state="verified")
    assert delivery_figures(last_days(1)).total.reached_phone == 1


def test_stored_figures_have_no_number_and_no_user():
    """They are stored longer than the rows, and are not changed when a number is forgotten."""
    fields = {field.name for model in (DeliveryDay, DayCount, CountedDay) for field in model._meta.get_fields()}
    assert not {name for name in fields if "number" in name or "user" in name}
