"""Pausing prefixes by hand, and listing prefixes with a low conversion."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_lanck import services
from django_lanck.exceptions import InvalidArgument
from django_lanck.models import LimitCounter, RefusalCount
from django_lanck.services import pause_prefix, resume_prefix, suspicious_prefixes
from django_lanck.services.verifications import start as verification_service
from tests.guard.test_limits import OTHERS, is_about
from tests.helpers import catch_refusal, check, start, statements

pytestmark = pytest.mark.django_db

PREFIX = "+1201555"
RULE = {"LIMITS": None, "CONVERSION": {"prefix": (4, 50)}}


@pytest.fixture
def rule(enable_limits):
    enable_limits(**RULE)
    return enable_limits


def test_paused_prefix_gets_no_codes_until_the_pause_ends(rule, lanck, backdate):
    verification = start(OTHERS[0])
    until = pause_prefix(prefix=PREFIX)
    assert abs(until - timezone.now() - timedelta(hours=12)) < timedelta(minutes=1)
    refusal = catch_refusal(start, number=OTHERS[1])
    assert (refusal.code, is_about(43_200, refusal)) == ("too_many_requests", True)
    start("+12125550100")
    assert len(lanck.sent) == 2
    backdate(verification, 43_200)
    for number in OTHERS[1:5]:  # a new window, so the rule applies after four codes
        start(number)
    catch_refusal(start, number=OTHERS[5])


def test_prefix_without_codes_can_be_paused(rule, lanck):
    pause_prefix(prefix=PREFIX)
    catch_refusal(start, number=OTHERS[0])
    assert not lanck.sent


def test_pause_resets_the_count_of_an_ended_window(rule, lanck, backdate):
    verification = start(OTHERS[0])
    backdate(verification, 86_400)
    pause_prefix(prefix=PREFIX)
    assert listed() == [(PREFIX, 0, 0, True)]


def test_refusals_do_not_extend_a_pause(rule, lanck, backdate):
    verification = start(OTHERS[0])
    pause_prefix(prefix=PREFIX)
    backdate(verification, 40_000)
    for number in OTHERS[1:3]:
        assert is_about(3_200, catch_refusal(start, number=number))
    assert (
        LimitCounter.objects.get(rule="prefix_conversion", label=PREFIX).refused == 3
    )  # one of them is the pause itself


def test_resend_is_refused_during_a_pause(rule, lanck, backdate):
    verification = start(OTHERS[0])
    backdate(verification, 30)
    pause_prefix(prefix=PREFIX)
    refusal = catch_refusal(services.resend_verification, verification_id=verification.pk)
    assert refusal.code == "too_many_requests"


def test_pause_spares_numbers_that_were_verified_before(rule, lanck):
    check(start(OTHERS[0]), lanck.sent[-1].code)
    pause_prefix(prefix=PREFIX)
    start(OTHERS[0])
    catch_refusal(start, number=OTHERS[1])


def test_pause_by_hand_is_enforced_where_the_rule_is_watched(rule, lanck):
    rule(**RULE, WATCH=["prefix_conversion", "ladder"])
    pause_prefix(prefix=PREFIX)
    catch_refusal(start, number=OTHERS[0])
    assert [(row.rule, row.watched) for row in RefusalCount.objects.all()] == [("prefix_conversion", False)]


def test_pause_of_a_watched_rule_spares_numbers_that_were_verified_before(rule, lanck):
    rule(**RULE, WATCH=["prefix_conversion", "ladder"])
    check(start(OTHERS[0]), lanck.sent[-1].code)
    pause_prefix(prefix=PREFIX)
    start(OTHERS[0])
    assert len(lanck.sent) == 2


def test_right_code_does_not_end_the_pause(rule, lanck):
    verification = start(OTHERS[0])
    pause_prefix(prefix=PREFIX)
    check(verification, lanck.sent[-1].code)
    catch_refusal(start, number=OTHERS[1])


def test_refund_of_a_start_does_not_end_the_pause(rule, lanck, monkeypatch):
    lanck.refuse(6, http_status=403)  # no funds, so nothing is sent and the start is refunded
    screen = verification_service.screen

    def pause_meanwhile(attempt, message):
        pause_prefix(prefix=PREFIX)
        screen(attempt, message)

    monkeypatch.setattr(verification_service, "screen", pause_meanwhile)
    catch_refusal(start, number=OTHERS[0])
    monkeypatch.undo()
    assert catch_refusal(start, number=OTHERS[1]).code == "too_many_requests"


@pytest.mark.parametrize("by_hand", [True, False])
def test_resuming_a_prefix_restarts_its_count(rule, lanck, by_hand):
    for number in OTHERS[:4]:
        start(number)
    if by_hand:
        pause_prefix(prefix=PREFIX)
    catch_refusal(start, number=OTHERS[4])
    assert resume_prefix(prefix=PREFIX)
    for number in OTHERS[4:8]:
        start(number)
    catch_refusal(start, number=OTHERS[8])


def test_resuming_a_prefix_without_a_count_returns_false(rule):
    assert not resume_prefix(prefix=PREFIX)
    rule(LIMITS=None, CONVERSION={})
    assert not resume_prefix(prefix=PREFIX)


@pytest.mark.parametrize("prefix", ["", "+", "1201555", "+1201 555", "+1201٥٥٥", "hello"])
def test_invalid_prefix_cannot_be_paused(rule, prefix):
    with pytest.raises(InvalidArgument):
        pause_prefix(prefix=prefix)
    assert not LimitCounter.objects.exists()


def test_no_prefix_can_be_paused_without_a_conversion_of_prefixes(rule):
    rule(LIMITS=None, CONVERSION={"country": (300, 5)})
    with pytest.raises(InvalidArgument):
        pause_prefix(prefix=PREFIX)
    assert suspicious_prefixes() == []


def listed():
    return [(each.prefix, each.sent, each.verified, each.paused_until is not None) for each in suspicious_prefixes()]


def test_prefix_is_listed_from_half_of_the_codes_that_pause_it(rule, lanck):
    start(OTHERS[0])
    assert listed() == []
    start(OTHERS[1])
    assert listed() == [(PREFIX, 2, 0, False)]
    check(start(OTHERS[2]), lanck.sent[-1].code)
    check(start(OTHERS[3]), lanck.sent[-1].code)
    assert listed() == []  # two of four are enough
    start(OTHERS[4])
    assert listed() == [(PREFIX, 5, 2, False)]
    catch_refusal(start, number=OTHERS[5])
    assert listed() == [(PREFIX, 5, 2, True)]


def test_paused_prefixes_are_listed_first_and_then_those_with_most_codes(rule):
    for end, codes in enumerate((3, 9, 5)):
        LimitCounter.objects.create(
            key=str(end), rule="prefix_conversion", label=f"+120155{end}", used=codes,
            ends_at=timezone.now() + timedelta(hours=1),
        )  # fmt: skip
    pause_prefix(prefix="+1201777")
    assert [prefix for prefix, *_ in listed()] == ["+1201777", "+1201551", "+1201552", "+1201550"]


def test_watched_rule_pauses_no_prefix(rule, lanck):
    rule(**RULE, WATCH=["prefix_conversion", "ladder"])
    for number in OTHERS[:6]:
        start(number)
    assert listed() == [(PREFIX, 6, 0, False)]


def test_ended_windows_and_other_rules_are_not_listed(rule, backdate):
    verification = start(OTHERS[0])
    start(OTHERS[1])
    backdate(verification, 86_400)
    LimitCounter.objects.create(
        key="k", rule="country_conversion", label="US", used=99, ends_at=timezone.now() + timedelta(hours=1)
    )
    assert listed() == []


def test_listing_prefixes_takes_one_statement(rule, lanck):
    for number in OTHERS[:4]:
        start(number)
    with CaptureQueriesContext(connection) as captured:
        assert suspicious_prefixes()
    assert len(statements(captured)) == 1
