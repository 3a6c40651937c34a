"""The limits of one number for staff, and lifting them."""

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
from tests.helpers import catch_refusal, statements
from tests.parallel import call_concurrently

pytestmark = pytest.mark.django_db
OTHER = "+12015550199"
NO_LADDER = {"WATCH": ["ladder", "country_conversion"]}


def refusal_of_start(number, **arguments):
    return catch_refusal(start_verification, number=number, **arguments)


def counting_limits(number, **arguments):
    """Return the limits in use by rule, action and window."""
    return {(each.rule, each.action, each.seconds): each for each in limits_of_number(number=number, **arguments)}


def refusing_limits(number, **arguments):
    return [(each.rule, each.action) for each in limits_of_number(number=number, **arguments) if each.is_in_the_way]


def test_number_without_starts_has_no_personal_limits(enable_limits, lanck, phone):
    start_verification(number=OTHER)
    assert [limit for limit in limits_of_number(number=phone) if limit.is_personal] == []


def test_limit_reports_use_maximum_and_end_of_its_window(enable_limits, lanck, phone):
    enable_limits(LIMITS={"number": ["2/hour", "10/day"]}, **NO_LADDER)
    start_verification(number=phone)
    assert refusing_limits(phone) == []
    start_verification(number=phone)
    refusal = refusal_of_start(phone)
    hour = counting_limits("001 (201) 555-0123")["number", "start", 3600]
    assert (hour.used, hour.most, hour.refused, hour.purposes) == (2, 2, 1, tuple(conf.purposes))
    assert hour.is_in_the_way
    assert hour.is_personal
    left = (hour.until - timezone.now()).total_seconds()
    assert refusal.retry_after - 5 < left <= refusal.retry_after
    day = counting_limits(phone)["number", "start", 86_400]
    assert (day.used, day.is_in_the_way) == (2, False)
    assert limits_of_number(number=phone)[0] == hour  # those that refuse come first


def test_resend_ladder_refuses_until_its_wait_has_passed(enable_limits, lanck, phone, backdate):
    verification = start_verification(number=phone)
    ladder = counting_limits(phone)["ladder", "start", 600]
    assert ladder.is_in_the_way
    assert 25 < (ladder.until - timezone.now()).total_seconds() <= 30
    backdate(verification, 31)
    assert not counting_limits(phone)["ladder", "start", 600].is_in_the_way


def test_limits_by_purpose_and_by_number_name_their_purposes(enable_limits, lanck, phone):
    enable_limits(PURPOSES={"signup": {"PUBLIC": True}, "login": {"PUBLIC": True}}, **NO_LADDER)
    start_verification(number=phone, purpose="login")
    found = counting_limits(phone)
    assert found["number_purpose", "start", 86_400].purposes == ("login",)
    assert found["number", "start", 3600].purposes == ("signup", "login")


def test_wrong_codes_are_counted_by_user(enable_limits, lanck, phone):
    user = get_user_model().objects.create_user("customer")
    enable_limits(CHECK_LIMITS={"number": ["2/day"], "number_purpose": []}, **NO_LADDER)
    verification = start_verification(number=phone, user=user)
    for _ in range(2):
        check_verification(verification_id=verification.pk, code="000000")
    assert ("number", "check") not in refusing_limits(phone)
    assert ("number", "check") in refusing_limits(phone, user_ids=[user.pk])


def test_limits_of_users_and_sessions_are_returned_on_request(enable_limits, lanck, phone, rf, client):
    enable_limits(LIMITS={"user": ["1/hour"], "session": ["1/hour"]}, **NO_LADDER)
    user = get_user_model().objects.create_user("customer")
    start_verification(number=phone, user=user)
    request = rf.get("/")
    request.session = client.session
    start_verification(number=phone, binding=binding_for(request, create=True))
    session = Verification.objects.get(user=None).binding_hash
    assert refusing_limits(phone) == []
    assert refusing_limits(phone, user_ids=[user.pk]) == [("user", "start")]
    assert refusing_limits(phone, sessions=[session]) == [("session", "start")]


def test_limit_of_a_prefix_is_not_personal_and_not_lifted(enable_limits, lanck, phone):
    enable_limits(LIMITS={"prefix": ["1/day"]}, **NO_LADDER)
    start_verification(number=OTHER)
    block = counting_limits(phone)["prefix", "start", 86_400]
    assert (block.is_in_the_way, block.is_personal) == (True, False)
    assert lift_limits(number=phone) == 0
    assert counting_limits(phone)["prefix", "start", 86_400].is_in_the_way


def test_verified_number_is_exempt_from_the_limit_of_its_prefix(enable_limits, lanck, phone):
    enable_limits(LIMITS={"prefix": ["1/day"]}, **NO_LADDER)
    verification = start_verification(number=phone)
    check_verification(verification_id=verification.pk, code=lanck.sent[-1].code)
    assert ("prefix", "start") not in refusing_limits(phone)
    assert ("prefix", "start") in refusing_limits(OTHER)


def test_watched_limit_does_not_refuse(enable_limits, lanck, phone):
    enable_limits(LIMITS={"number": ["1/hour"]}, WATCH=["number", "ladder"])
    start_verification(number=phone)
    assert counting_limits(phone)["number", "start", 3600].used == 1
    assert refusing_limits(phone) == []


def test_limit_of_a_past_window_is_not_returned(enable_limits, lanck, phone, backdate):
    enable_limits(LIMITS={"number": ["1/hour"]}, **NO_LADDER)
    backdate(start_verification(number=phone), 3601)
    assert ("number", "start", 3600) not in counting_limits(phone)


def test_limits_of_sends_are_returned_and_lifted(enable_limits, lanck, phone):
    enable_limits(SEND_LIMITS={"number": ["1/hour"]})
    send_sms(number=phone, text="Hi")
    assert refusing_limits(phone) == [("number", "send")]
    assert counting_limits(phone)["number", "send", 3600].purposes == ()
    assert lift_limits(number=phone) == 1
    send_sms(number=phone, text="Hi again")


def test_lift_resets_the_limits_of_one_number(enable_limits, lanck, phone):
    enable_limits(LIMITS={"number": ["1/hour"]}, CHECK_LIMITS={"number": ["1/day"]})
    for number in (phone, OTHER):
        verification = start_verification(number=number)
        check_verification(verification_id=verification.pk, code="000000")
    assert set(refusing_limits(phone)) == {("number", "start"), ("ladder", "start"), ("number", "check")}
    assert lift_limits(number=phone) == 4  # includes the wrong codes of the purpose
    assert refusing_limits(phone) == []
    assert len(refusing_limits(OTHER)) == 3
    verification = start_verification(number=phone)
    assert check_verification(verification_id=verification.pk, code=lanck.sent[-1].code).proof
    assert lift_limits(number="+12015550100") == 0


def test_lift_counts_only_limits_in_use(enable_limits, lanck, phone, backdate):
    enable_limits(CHECK_LIMITS={"number": ["5/day"], "number_purpose": []})
    verification = start_verification(number=phone)
    check_verification(verification_id=verification.pk, code=lanck.sent[-1].code)  # a right code is refunded
    assert ("number", "check", 86_400) not in counting_limits(phone)
    assert lift_limits(number=phone) == 3  # two of the number, and the ladder
    backdate(start_verification(number=phone), 86_401)
    assert lift_limits(number=phone) == 0


def test_first_use_after_a_lift_starts_a_new_window(enable_limits, lanck, phone, backdate):
    enable_limits(LIMITS={"number": ["1/hour"]}, **NO_LADDER)
    backdate(start_verification(number=phone), 1800)
    lift_limits(number=phone)
    start_verification(number=phone)
    until = counting_limits(phone)["number", "start", 3600].until
    assert (until - timezone.now()).total_seconds() > 3500


def test_lift_resets_the_limits_of_the_given_users(enable_limits, lanck, phone):
    enable_limits(LIMITS={"user": ["1/hour"]}, **NO_LADDER)
    user, other = (get_user_model().objects.create_user(name) for name in ("customer", "other"))
    for each in (user, other):
        start_verification(number=phone, user=each)
    lift_limits(number=phone, user_ids=[user.pk])
    assert refusing_limits(phone, user_ids=[user.pk, other.pk]) == [("user", "start")]
    start_verification(number=phone, user=user)
    assert refusal_of_start(phone, user=other).code == "too_many_requests"


def test_refund_after_a_lift_changes_nothing(enable_limits, lanck, phone):
    enable_limits(LIMITS={"number": ["1/hour"]}, **NO_LADDER)

    def lift_during_call(**arguments):
        lift_limits(number=phone)

    lanck.refuse(2)  # an error of the account: the limits are refunded
    signals.provider_alarm.connect(lift_during_call)
    try:
        assert refusal_of_start(phone).code == "unavailable"
    finally:
        signals.provider_alarm.disconnect(lift_during_call)
    assert [counter.used for counter in LimitCounter.objects.filter(rule="number", used__gt=0)] == []
    start_verification(number=phone)
    assert refusal_of_start(phone).code == "too_many_requests"


def test_reading_and_lifting_limits_take_one_statement_each(enable_limits, lanck, phone):
    enable_limits(PURPOSES={"signup": {"PUBLIC": True}, "login": {"PUBLIC": True}})
    start_verification(number=phone)
    for call in (limits_of_number, lift_limits):
        with CaptureQueriesContext(connection) as captured:
            call(number=phone, user_ids=[1, 2], sessions=["a" * 64])
        assert len(statements(captured)) == 1


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+12015550123", True),
        ("+442079460018", False),  # a country that is not listed
        ("+19005550123", False),  # premium rate
        ("+447700900000", False),  # no valid number
        ("ACME", False),
    ],
)
def test_is_supported_follows_the_rules_for_numbers(enable_limits, number, expected):
    enable_limits(COUNTRIES=["US"])
    assert is_supported(number=number) == expected
    with override_settings(LANCK={"COUNTRIES": ["US"], "WATCH": ["country_list", "line_type"]}):
        assert is_supported(number=number) == (expected or (number[:3] in ("+44", "+19") and number != "+447700900000"))


@pytest.mark.django_db(transaction=True)
def test_lift_during_concurrent_starts_admits_at_most_one_more_window(enable_limits, lanck, phone):
    """A concurrent start can use the window before or after the lift, so that at most two windows are used."""
    enable_limits(LIMITS={"number": ["5/hour"], "site": [], "country": [], "prefix": []}, **NO_LADDER)

    def call(index):
        return lift_limits(number=phone) if index == 20 else start_verification(number=phone)

    results = call_concurrently(call, 40, threads=10)
    started = [result for result in results if isinstance(result, Verification)]
    refusals = [result for result in results if isinstance(result, Refusal)]
    assert len(started) + len(refusals) == 39
    assert 5 <= len(started) <= 10
    counter = counting_limits(phone).get(("number", "start", 3600))
    after_lift = counter.used if counter else 0
    assert after_lift <= 5
    assert Verification.objects.count() == len(started) == len(lanck.sent)
    while counter is None or counter.used < 5:
        start_verification(number=phone)
        counter = counting_limits(phone)["number", "start", 3600]
    assert refusal_of_start(phone).code == "too_many_requests"
