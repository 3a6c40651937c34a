"""The rows of the sample traffic, as they are before they are stored."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from functools import cache

import phonenumbers

from django_lanck.models import Channel, NumberInsight, Status, Verification
from testproject.traffic import ATTACK, FAILURE, OUT_OF_FUNDS, PROBE, PROBES, SILENCE, Rows, rows_of_day, rows_of_days
from testproject.traffic.world import COUNTRIES

UNTIL = date(2026, 3, 31)
DELIVERED = (Status.DELIVERED, Status.ANSWERED)


@cache
def traffic() -> dict[date, Rows]:
    """Two weeks of traffic."""
    return dict(rows_of_days(UNTIL, days=15, messages=3000, seed=1))


def every(kind: str) -> list:
    return [row for rows in traffic().values() for row in getattr(rows, kind)]


@cache
def busy_day(days_ago: int) -> Rows:
    """One day with enough messages for its shares to be stable."""
    return rows_of_day(UNTIL - timedelta(days=days_ago), days_ago=days_ago, messages=500, seed=1)


def contents(rows: Rows) -> list:
    return [
        {name: str(value) for name, value in vars(row).items() if name != "_state"}
        for kind in Rows.__dataclass_fields__
        for row in getattr(rows, kind)
    ]


def test_same_seed_and_day_create_the_same_rows():
    first, second, other = (rows_of_day(UNTIL, days_ago=0, messages=50, seed=seed) for seed in (1, 1, 2))
    assert contents(first) == contents(second)
    assert contents(first) != contents(other)


def test_rows_of_a_day_do_not_depend_on_other_days():
    [(day, alone)] = rows_of_days(UNTIL, days=1, messages=100, seed=1)
    assert contents(alone) == contents(rows_of_day(day, days_ago=0, messages=100, seed=1))


def test_numbers_belong_to_nobody():
    """Each is reserved for fiction by a regulator, or valid by its form and nothing but zeros."""
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
    messages = every("messages")
    for number in {message.number for message in messages}:
        is_american = number.startswith("+1") and number[5:10] == "55501"
        is_zeros = phonenumbers.is_valid_number(phonenumbers.parse(number)) and "00000" in number
        assert number.startswith(fiction) or is_american or is_zeros, number
    assert {country.code for country in COUNTRIES} == {message.country for message in messages}


def test_nights_are_quieter_than_evenings():
    british = (row for row in every("verifications") if row.number.startswith("+44"))
    hours = Counter(row.created_at.hour for row in british)
    assert sum(hours[hour] for hour in range(1, 5)) * 5 < sum(hours[hour] for hour in range(17, 21))


def test_weekend_days_are_quieter_than_weekdays():
    attacks = (ATTACK.where, PROBE.where)
    starts = Counter(row.created_at.date() for row in every("verifications") if not row.number.startswith(attacks))
    weekend = [count for day, count in starts.items() if day.weekday() >= 5]
    weekdays = [count for day, count in starts.items() if day.weekday() < 5]
    assert max(weekend) < min(weekdays)


def test_one_country_fails_on_one_day():
    def delivery_rate(days_ago: int) -> float:
        messages = [row for row in busy_day(days_ago).messages if row.country == FAILURE.where and row.status_rank >= 2]
        return sum(row.status in DELIVERED for row in messages) / len(messages)

    assert delivery_rate(FAILURE.days_ago) < 0.4
    assert delivery_rate(FAILURE.days_ago - 1) > 0.7


def test_attack_sends_many_codes_to_one_prefix_and_none_is_entered():
    attack = [row for row in every("verifications") if row.number.startswith(ATTACK.where)]
    assert len(attack) >= 60
    assert {row.state for row in attack} <= {Verification.State.EXPIRED, Verification.State.CANCELED}
    assert {row.created_at.date() for row in attack} == {UNTIL - timedelta(days=ATTACK.days_ago)}
    messages = [row for row in every("messages") if row.number.startswith(ATTACK.where)]
    assert sum(row.status in DELIVERED for row in messages) > len(attack) / 2


def test_attacked_prefix_is_paused_on_the_day_of_the_attack():
    attack = [row for row in every("verifications") if row.number.startswith(ATTACK.where)]
    [paused] = [row for row in every("refusals") if row.rule == "prefix_conversion" and not row.watched]
    assert (paused.day, paused.country) == (UNTIL - timedelta(days=ATTACK.days_ago), "IE")
    assert paused.count > len(attack)


def test_probe_of_another_prefix_is_not_verified():
    probe = [row for row in every("verifications") if row.number.startswith(PROBE.where)]
    assert len(probe) == PROBES
    assert not [row for row in probe if row.state == Verification.State.VERIFIED]


def test_lanck_refuses_every_message_for_two_hours():
    day = UNTIL - timedelta(days=OUT_OF_FUNDS.days_ago)
    messages = every("messages")
    hours = range(OUT_OF_FUNDS.begins, OUT_OF_FUNDS.ends)
    refused = [row for row in messages if row.created_at.date() == day and row.created_at.hour in hours]
    assert {(row.status, row.error_code) for row in refused} == {(Status.REFUSED, 6)}
    assert sum(row.error_code == 6 for row in messages) == len(refused)
    assert {row.verification.state for row in refused if row.verification} == {Verification.State.CANCELED}


def test_responses_of_lanck_are_lost_for_an_hour():
    lost = [row for row in busy_day(SILENCE.days_ago).messages if row.status == Status.UNKNOWN]
    in_that_hour = [row for row in lost if row.created_at.hour == SILENCE.begins]
    assert len(in_that_hour) > len(lost) / 2
    assert not any(row.request_id for row in lost)


def test_every_status_channel_and_purpose_occurs():
    messages, verifications = every("messages"), every("verifications")
    assert {row.status for row in messages} == {*Status} - {Status.SENDING}
    channels = {row.channel for row in messages}
    assert {"sms", "voice", "call", "viber", "push", "failover"} <= channels <= set(Channel)
    assert {row.purpose for row in verifications} == {"signup", "login", "change_number"}
    assert Verification.State.EXHAUSTED in {row.state for row in verifications}
    frauds = {row.status for row in every("insights") if row.kind == NumberInsight.Kind.FRAUD}
    assert {"PASSED", "SUSPICIOUS", "FRAUDULENT"} <= frauds
    assert [row for row in messages if row.price is None and row.status_rank >= 2]
    assert len({row.rule for row in every("refusals")}) >= 5


def test_some_undelivered_codes_are_resent_by_voice_and_verified():
    undelivered = {row.verification.pk for row in every("messages") if row.verification and row.status == "UNDELIVERED"}
    resent = [row for row in every("verifications") if row.method == "voice" and row.resends == 1]
    assert [row for row in resent if row.pk in undelivered and row.state == Verification.State.VERIFIED]


def test_rows_are_consistent():
    sent = defaultdict(list)
    for message in every("messages"):
        assert message.request_id or message.status_rank < 2
        if message.verification:
            assert message.number == message.verification.number
            sent[message.verification.pk].append(message)
    for row in every("verifications"):
        if row.state == Verification.State.VERIFIED:
            assert any(message.status in DELIVERED for message in sent[row.pk])
            assert row.created_at < row.ended_at <= row.expires_at
            assert row.proof_hash
    for receipt in every("receipts"):
        assert receipt.received_at > receipt.message.created_at
        assert not {"number", "code", "text"} & set(receipt.payload)
