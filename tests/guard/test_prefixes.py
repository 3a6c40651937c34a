"""Pausing a prefix by hand, and finding those whose codes do not come back."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_lanck import services
from django_lanck.exceptions import InvalidArgument, Refusal
from django_lanck.models import LimitCounter, RefusalCount
from django_lanck.services import pause_prefix, resume_prefix, suspicious_prefixes
from django_lanck.services.verifications import start as verification_service
from tests.guard.test_limits import OTHERS, about, check, refused, start
from tests.helpers import statements

pytestmark = pytest.mark.django_db

PREFIX = "+1201555"
RULE = {"LIMITS": None, "CONVERSION": {"prefix": (4, 50)}}


@pytest.fixture
def rule(enable_limits):
    enable_limits(**RULE)
    return enable_limits


def test_a_prefix_that_is_paused_gets_no_code_until_the_pause_is_over(rule, lanck, backdate):
    verification = start(OTHERS[0])
    until = pause_prefix(prefix=PREFIX)
    assert abs(until - timezone.now() - timedelta(hours=12)) < timedelta(minutes=1)
    refusal = refused(start, number=OTHERS[1])
    assert (refusal.code, about(43_200, refusal)) == ("too_many_requests", True)
    start("+12125550100")
    assert len(lanck.sent) == 2
    backdate(verification, 43_200)
    for number in OTHERS[1:5]:  # a window of its own: as many as before the rule first asks
        start(number)
    refused(start, number=OTHERS[5])


def test_a_prefix_that_never_got_a_code_can_be_paused(rule, lanck):
    pause_prefix(prefix=PREFIX)
    refused(start, number=OTHERS[0])
    assert not lanck.sent


def test_a_pause_counts_nothing_of_a_window_that_was_over(rule, lanck, backdate):
    verification = start(OTHERS[0])
    backdate(verification, 86_400)
    pause_prefix(prefix=PREFIX)
    assert shown() == [(PREFIX, 0, 0, True)]


def test_a_pause_is_as_long_as_it_was_whatever_it_turns_down(rule, lanck, backdate):
    verification = start(OTHERS[0])
    pause_prefix(prefix=PREFIX)
    backdate(verification, 40_000)
    for number in OTHERS[1:3]:
        assert about(3_200, refused(start, number=number))
    assert LimitCounter.objects.get(rule="prefix_conversion", label=PREFIX).refused == 3  # and the pause itself


def test_a_resend_is_turned_down_too(rule, lanck, backdate):
    verification = start(OTHERS[0])
    backdate(verification, 30)
    pause_prefix(prefix=PREFIX)
    with pytest.raises(Refusal) as caught:
        services.resend_verification(verification_id=verification.pk)
    assert caught.value.code == "too_many_requests"


def test_a_pause_spares_numbers_that_were_verified_before(rule, lanck):
    check(start(OTHERS[0]), lanck.sent[-1].code)
    pause_prefix(prefix=PREFIX)
    start(OTHERS[0])
    refused(start, number=OTHERS[1])


def test_a_pause_by_hand_holds_where_the_rule_only_watches(rule, lanck):
    rule(**RULE, WATCH=["prefix_conversion", "ladder"])
    pause_prefix(prefix=PREFIX)
    refused(start, number=OTHERS[0])
    assert [(row.rule, row.watched) for row in RefusalCount.objects.all()] == [("prefix_conversion", False)]


def test_what_spares_known_numbers_does_so_where_the_rule_only_watches(rule, lanck):
    rule(**RULE, WATCH=["prefix_conversion", "ladder"])
    check(start(OTHERS[0]), lanck.sent[-1].code)
    pause_prefix(prefix=PREFIX)
    start(OTHERS[0])
    assert len(lanck.sent) == 2


def test_a_code_that_comes_back_does_not_undo_the_pause(rule, lanck):
    verification = start(OTHERS[0])
    pause_prefix(prefix=PREFIX)
    check(verification, lanck.sent[-1].code)
    refused(start, number=OTHERS[1])


def test_a_start_that_is_given_back_does_not_undo_the_pause(rule, lanck, monkeypatch):
    lanck.refuse(6, http_status=403)  # no funds: nothing was sent, and what it took is given back
    screen = verification_service.screen

    def pause_meanwhile(attempt, message):
        pause_prefix(prefix=PREFIX)
        screen(attempt, message)

    monkeypatch.setattr(verification_service, "screen", pause_meanwhile)
    refused(start, number=OTHERS[0])
    monkeypatch.undo()
    assert refused(start, number=OTHERS[1]).code == "too_many_requests"


@pytest.mark.parametrize("by_hand", [True, False])
def test_a_pause_is_lifted_and_its_codes_count_anew(rule, lanck, by_hand):
    for number in OTHERS[:4]:
        start(number)
    if by_hand:
        pause_prefix(prefix=PREFIX)
    refused(start, number=OTHERS[4])
    assert resume_prefix(prefix=PREFIX)
    for number in OTHERS[4:8]:
        start(number)
    refused(start, number=OTHERS[8])


def test_there_is_nothing_to_lift_where_nothing_was_counted(rule):
    assert not resume_prefix(prefix=PREFIX)
    rule(LIMITS=None, CONVERSION={})
    assert not resume_prefix(prefix=PREFIX)


@pytest.mark.parametrize("prefix", ["", "+", "1201555", "+1201 555", "+1201٥٥٥", "hello"])
def test_only_a_prefix_can_be_paused(rule, prefix):
    with pytest.raises(InvalidArgument):
        pause_prefix(prefix=prefix)
    assert not LimitCounter.objects.exists()


def test_where_no_prefixes_are_counted_none_can_be_paused(rule):
    rule(LIMITS=None, CONVERSION={"country": (300, 5)})
    with pytest.raises(InvalidArgument):
        pause_prefix(prefix=PREFIX)
    assert suspicious_prefixes() == []


def shown():
    return [(each.prefix, each.sent, each.verified, each.paused_until is not None) for each in suspicious_prefixes()]


def test_a_prefix_is_suspicious_from_half_of_the_codes_on_that_pause_it(rule, lanck):
    start(OTHERS[0])
    assert shown() == []
    start(OTHERS[1])
    assert shown() == [(PREFIX, 2, 0, False)]
    check(start(OTHERS[2]), lanck.sent[-1].code)
    check(start(OTHERS[3]), lanck.sent[-1].code)
    assert shown() == []  # two of four are enough
    start(OTHERS[4])
    assert shown() == [(PREFIX, 5, 2, False)]
    refused(start, number=OTHERS[5])
    assert shown() == [(PREFIX, 5, 2, True)]


def test_those_that_are_paused_come_first_and_then_the_worst(rule):
    for end, codes in enumerate((3, 9, 5)):
        LimitCounter.objects.create(
            key=str(end), rule="prefix_conversion", label=f"+120155{end}", used=codes,
            ends_at=timezone.now() + timedelta(hours=1),
        )  # fmt: skip
    pause_prefix(prefix="+1201777")
    assert [prefix for prefix, *_ in shown()] == ["+1201777", "+1201551", "+1201552", "+1201550"]


def test_a_rule_that_only_watches_pauses_nothing_by_itself(rule, lanck):
    rule(**RULE, WATCH=["prefix_conversion", "ladder"])
    for number in OTHERS[:6]:
        start(number)
    assert shown() == [(PREFIX, 6, 0, False)]


def test_windows_that_are_over_and_other_rules_are_not_shown(rule, backdate):
    verification = start(OTHERS[0])
    start(OTHERS[1])
    backdate(verification, 86_400)
    LimitCounter.objects.create(
        key="k", rule="country_conversion", label="US", used=99, ends_at=timezone.now() + timedelta(hours=1)
    )
    assert shown() == []


def test_finding_them_takes_one_statement(rule, lanck):
    for number in OTHERS[:4]:
        start(number)
    with CaptureQueriesContext(connection) as captured:
        assert suspicious_prefixes()
    assert len(statements(captured)) == 1
