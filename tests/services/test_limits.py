"""What one person ran into, as staff are told it, and lifting it."""

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_lanck import signals
from django_lanck.conf import conf
from django_lanck.exceptions import Refusal
from django_lanck.models import LimitCounter, Verification
from django_lanck.services import (
    binding_for,
    check_verification,
    is_supported,
    lift_limits,
    limits_of_number,
    send_sms,
    start_verification,
)
from tests.helpers import statements
from tests.parallel import call_concurrently

pytestmark = pytest.mark.django_db
OTHER = "+12015550199"
NO_LADDER = {"WATCH": ["ladder", "country_conversion"]}


def refused(number, **more):
    with pytest.raises(Refusal) as refusal:
        start_verification(number=number, **more)
    return refusal.value


def standing(number, **whose):
    """Rule and action of each limit → what stands."""
    return {(each.rule, each.action, each.seconds): each for each in limits_of_number(number=number, **whose)}


def in_the_way(number, **whose):
    return [(each.rule, each.action) for each in limits_of_number(number=number, **whose) if each.is_in_the_way]


def test_nothing_counts_for_a_number_that_nobody_asked_for(enable_limits, lanck, phone):
    start_verification(number=OTHER)
    assert [limit for limit in limits_of_number(number=phone) if limit.is_personal] == []


def test_a_limit_says_what_is_used_of_what_and_until_when_it_is_in_the_way(enable_limits, lanck, phone):
    enable_limits(LIMITS={"number": ["2/hour", "10/day"]}, **NO_LADDER)
    start_verification(number=phone)
    assert in_the_way(phone) == []
    start_verification(number=phone)
    refusal = refused(phone)
    hour = standing("001 (201) 555-0123")["number", "start", 3600]
    assert (hour.used, hour.most, hour.refused, hour.purposes) == (2, 2, 1, tuple(conf.purposes))
    assert hour.is_in_the_way
    assert hour.is_personal
    left = (hour.until - timezone.now()).total_seconds()
    assert refusal.retry_after - 5 < left <= refusal.retry_after
    day = standing(phone)["number", "start", 86_400]
    assert (day.used, day.is_in_the_way) == (2, False)
    assert limits_of_number(number=phone)[0] == hour  # those in the way come first


def test_the_ladder_is_in_the_way_until_its_wait_is_over(enable_limits, lanck, phone, backdate):
    verification = start_verification(number=phone)
    ladder = standing(phone)["ladder", "start", 600]
    assert ladder.is_in_the_way
    assert 25 < (ladder.until - timezone.now()).total_seconds() <= 30
    backdate(verification, 31)
    assert not standing(phone)["ladder", "start", 600].is_in_the_way


def test_each_purpose_has_its_own_limit_and_the_numbers_is_of_all(enable_limits, lanck, phone):
    enable_limits(PURPOSES={"signup": {"PUBLIC": True}, "login": {"PUBLIC": True}}, **NO_LADDER)
    start_verification(number=phone, purpose="login")
    found = standing(phone)
    assert found["number_purpose", "start", 86_400].purposes == ("login",)
    assert found["number", "start", 3600].purposes == ("signup", "login")


def test_wrong_codes_count_by_who_typed_them(enable_limits, lanck, phone):
    user = get_user_model().objects.create_user("customer")
    enable_limits(CHECK_LIMITS={"number": ["2/day"], "number_purpose": []}, **NO_LADDER)
    verification = start_verification(number=phone, user=user)
    for _ in range(2):
        check_verification(verification_id=verification.pk, code="000000")
    assert ("number", "check") not in in_the_way(phone)
    assert ("number", "check") in in_the_way(phone, user_ids=[user.pk])


def test_the_limits_of_a_user_and_of_a_session_are_asked_for_by_name(enable_limits, lanck, phone, rf, client):
    enable_limits(LIMITS={"user": ["1/hour"], "session": ["1/hour"]}, **NO_LADDER)
    user = get_user_model().objects.create_user("customer")
    start_verification(number=phone, user=user)
    request = rf.get("/")
    request.session = client.session
    start_verification(number=phone, binding=binding_for(request, create=True))
    session = Verification.objects.get(user=None).binding_hash
    assert in_the_way(phone) == []
    assert in_the_way(phone, user_ids=[user.pk]) == [("user", "start")]
    assert in_the_way(phone, sessions=[session]) == [("session", "start")]


def test_what_is_counted_of_a_block_of_numbers_is_no_persons(enable_limits, lanck, phone):
    enable_limits(LIMITS={"prefix": ["1/day"]}, **NO_LADDER)
    start_verification(number=OTHER)
    block = standing(phone)["prefix", "start", 86_400]
    assert (block.is_in_the_way, block.is_personal) == (True, False)
    assert lift_limits(number=phone) == 0
    assert standing(phone)["prefix", "start", 86_400].is_in_the_way


def test_a_number_that_was_verified_is_spared_by_what_spares_it(enable_limits, lanck, phone):
    enable_limits(LIMITS={"prefix": ["1/day"]}, **NO_LADDER)
    verification = start_verification(number=phone)
    check_verification(verification_id=verification.pk, code=lanck.sent[-1].code)
    assert ("prefix", "start") not in in_the_way(phone)
    assert ("prefix", "start") in in_the_way(OTHER)


def test_what_only_watches_is_not_in_the_way(enable_limits, lanck, phone):
    enable_limits(LIMITS={"number": ["1/hour"]}, WATCH=["number", "ladder"])
    start_verification(number=phone)
    assert standing(phone)["number", "start", 3600].used == 1
    assert in_the_way(phone) == []


def test_a_window_that_is_over_does_not_stand(enable_limits, lanck, phone, backdate):
    enable_limits(LIMITS={"number": ["1/hour"]}, **NO_LADDER)
    backdate(start_verification(number=phone), 3601)
    assert ("number", "start", 3600) not in standing(phone)


def test_other_sends_have_limits_too(enable_limits, lanck, phone):
    enable_limits(SEND_LIMITS={"number": ["1/hour"]})
    send_sms(number=phone, text="Hi")
    assert in_the_way(phone) == [("number", "send")]
    assert standing(phone)["number", "send", 3600].purposes == ()
    assert lift_limits(number=phone) == 1
    send_sms(number=phone, text="Hi again")


def test_lifting_lets_the_person_go_on_and_nobody_else(enable_limits, lanck, phone):
    enable_limits(LIMITS={"number": ["1/hour"]}, CHECK_LIMITS={"number": ["1/day"]})
    for number in (phone, OTHER):
        verification = start_verification(number=number)
        check_verification(verification_id=verification.pk, code="000000")
    assert set(in_the_way(phone)) == {("number", "start"), ("ladder", "start"), ("number", "check")}
    assert lift_limits(number=phone) == 4  # and the wrong codes of the purpose
    assert in_the_way(phone) == []
    assert len(in_the_way(OTHER)) == 3
    verification = start_verification(number=phone)
    assert check_verification(verification_id=verification.pk, code=lanck.sent[-1].code).proof
    assert lift_limits(number="+12015550100") == 0


def test_only_what_counts_is_lifted(enable_limits, lanck, phone, backdate):
    enable_limits(CHECK_LIMITS={"number": ["5/day"], "number_purpose": []})
    verification = start_verification(number=phone)
    check_verification(verification_id=verification.pk, code=lanck.sent[-1].code)  # right, so it uses nothing up
    assert ("number", "check", 86_400) not in standing(phone)
    assert lift_limits(number=phone) == 3  # the number's two, and the ladder
    backdate(start_verification(number=phone), 86_401)
    assert lift_limits(number=phone) == 0


def test_after_a_lift_the_next_use_begins_a_new_window(enable_limits, lanck, phone, backdate):
    enable_limits(LIMITS={"number": ["1/hour"]}, **NO_LADDER)
    backdate(start_verification(number=phone), 1800)
    lift_limits(number=phone)
    start_verification(number=phone)
    until = standing(phone)["number", "start", 3600].until
    assert (until - timezone.now()).total_seconds() > 3500


def test_lifting_is_for_the_users_and_sessions_that_are_named(enable_limits, lanck, phone):
    enable_limits(LIMITS={"user": ["1/hour"]}, **NO_LADDER)
    user, other = (get_user_model().objects.create_user(name) for name in ("customer", "other"))
    for each in (user, other):
        start_verification(number=phone, user=each)
    lift_limits(number=phone, user_ids=[user.pk])
    assert in_the_way(phone, user_ids=[user.pk, other.pk]) == [("user", "start")]
    start_verification(number=phone, user=user)
    assert refused(phone, user=other).code == "too_many_requests"


def test_what_was_taken_before_a_lift_is_not_given_back_twice(enable_limits, lanck, phone):
    enable_limits(LIMITS={"number": ["1/hour"]}, **NO_LADDER)

    def lift_meanwhile(**arguments):
        lift_limits(number=phone)

    lanck.refuse(2)  # an error of the account's: what was taken is given back
    signals.provider_alarm.connect(lift_meanwhile)
    try:
        assert refused(phone).code == "unavailable"
    finally:
        signals.provider_alarm.disconnect(lift_meanwhile)
    assert [counter.used for counter in LimitCounter.objects.filter(rule="number", used__gt=0)] == []
    start_verification(number=phone)
    assert refused(phone).code == "too_many_requests"


def test_asking_and_lifting_take_one_statement_each(enable_limits, lanck, phone):
    enable_limits(PURPOSES={"signup": {"PUBLIC": True}, "login": {"PUBLIC": True}})
    start_verification(number=phone)
    for act in (limits_of_number, lift_limits):
        with CaptureQueriesContext(connection) as captured:
            act(number=phone, user_ids=[1, 2], sessions=["a" * 64])
        assert len(statements(captured)) == 1


@pytest.mark.parametrize(
    ("number", "fits"),
    [
        ("+12015550123", True),
        ("+442079460018", False),  # its country is not listed
        ("+19005550123", False),  # premium rate
        ("+447700900000", False),  # no valid number
        ("ACME", False),
    ],
)
def test_whether_codes_are_sent_to_a_number(enable_limits, number, fits):
    enable_limits(COUNTRIES=["US"])
    assert is_supported(number=number) == fits
    with override_settings(LANCK={"COUNTRIES": ["US"], "WATCH": ["country_list", "line_type"]}):
        assert is_supported(number=number) == (fits or (number[:3] in ("+44", "+19") and number != "+447700900000"))


@pytest.mark.django_db(transaction=True)
def test_of_many_starts_at_once_a_lift_lets_through_one_limit_more(enable_limits, lanck, phone):
    """Each start keeps a limit that was lifted at most once, so that two windows are the most that there can be."""
    enable_limits(LIMITS={"number": ["5/hour"], "site": [], "country": [], "prefix": []}, **NO_LADDER)

    def act(index):
        return lift_limits(number=phone) if index == 20 else start_verification(number=phone)

    results = call_concurrently(act, 40, threads=10)
    started = [result for result in results if isinstance(result, Verification)]
    turned_down = [result for result in results if isinstance(result, Refusal)]
    assert len(started) + len(turned_down) == 39
    assert 5 <= len(started) <= 10
    counter = standing(phone).get(("number", "start", 3600))
    after_lift = counter.used if counter else 0
    assert after_lift <= 5
    assert Verification.objects.count() == len(started) == len(lanck.sent)
    while counter is None or counter.used < 5:
        start_verification(number=phone)
        counter = standing(phone)["number", "start", 3600]
    assert refused(phone).code == "too_many_requests"
