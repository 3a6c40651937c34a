"""Limits on what is sent and on wrong codes, counted by the database."""

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from django_lanck import services, signals
from django_lanck.exceptions import NotSent, Refusal
from django_lanck.models import LimitCounter, Message, RefusalCount, Verification
from tests.helpers import catch_refusal, check, start, statements, statements_around_call

pytestmark = pytest.mark.django_db

OTHERS = [f"+1201555{last:04}" for last in range(100, 200)]
NO_LADDER = {"WATCH": ["ladder"]}


def is_about(seconds: float, refusal: Refusal) -> bool:
    """Return whether ``retry_after`` is that long, less the time that a busy machine needed since."""
    return seconds - 9 < refusal.retry_after <= seconds


def check_wrong_code(verification, **arguments):
    return check(verification, "000000", **arguments)


def test_second_code_is_refused_until_the_wait_in_retry_after_has_passed(enable_limits, lanck, phone, backdate):
    first = start(phone)
    refusal = catch_refusal(start, number=phone)
    assert (refusal.code, refusal.http_status) == ("resend_too_soon", 429)
    assert is_about(30, refusal)
    assert len(lanck.sent) == Message.objects.count() == 1
    backdate(first, refusal.retry_after)
    start(phone)
    assert is_about(40, catch_refusal(start, number=phone))


def test_waits_of_the_ladder_grow_and_restart_after_ten_minutes(enable_limits, lanck, phone, backdate):
    enable_limits(LIMITS={"number": ()})
    verification = start(phone)
    for wait in (30, 40, 60, 90, 120):
        refusal = catch_refusal(start, number=phone)
        assert is_about(wait, refusal)
        backdate(verification, wait)
        start(phone)
    refusal = catch_refusal(start, number=phone)
    assert 600 - 340 - 60 < refusal.retry_after <= 600 - 340
    backdate(verification, refusal.retry_after)
    start(phone)
    assert is_about(30, catch_refusal(start, number=phone))


def test_resend_counts_in_the_same_ladder(enable_limits, lanck, phone, backdate):
    verification = start(phone)
    backdate(verification, 30)
    services.resend_verification(verification_id=verification.pk)
    assert is_about(40, catch_refusal(start, number=phone))
    assert len(lanck.sent) == 2


@pytest.mark.parametrize(
    ("limits", "arguments", "allowed"),
    [
        ({"number": ("3/hour",)}, {}, 3),
        ({"number": (), "number_purpose": ("2/hour",)}, {}, 2),
        ({"number": (), "prefix": ("4/hour",)}, {}, 4),
        ({"number": (), "country": ("2/day",)}, {}, 2),
        ({"number": (), "site": ("3/10 minutes",)}, {}, 3),
        ({"number": (), "address": ("2/hour",)}, {"ip": "192.0.2.1"}, 0),
        ({"number": (), "address": ("2/hour",)}, {"ip": "8.8.8.8"}, 2),
        ({"number": (), "session": ("2/hour",)}, {"binding": "session:x"}, 2),
    ],
)
def test_limit_allows_its_number_of_codes_and_refuses_the_next(enable_limits, lanck, phone, limits, arguments, allowed):
    enable_limits(LIMITS=limits, **NO_LADDER)
    if not allowed:  # a private address may be a proxy's, so it is only watched until the proxies are configured
        enable_limits(LIMITS=limits, TRUSTED_PROXIES=[], **NO_LADDER)
        allowed = 2
    for _ in range(allowed):
        start(phone, **arguments)
    refusal = catch_refusal(start, number=phone, **arguments)
    assert refusal.code == "too_many_requests"
    assert 0 < refusal.retry_after <= 86_400
    assert len(lanck.sent) == Verification.objects.count() == allowed


def test_limit_of_a_user_counts_all_numbers_and_sessions(enable_limits, lanck):
    enable_limits(LIMITS={"user": ("2/hour",)})
    user, other = (get_user_model().objects.create_user(name) for name in ("alice", "bob"))
    for number, binding in zip(OTHERS, ("a", "b"), strict=False):
        start(number, user=user, binding=binding)
    assert catch_refusal(start, number=OTHERS[3], user=user, binding="c").code == "too_many_requests"
    start(OTHERS[3], user=other, binding="c")


def test_refused_start_is_not_counted_by_any_limit(enable_limits, lanck, phone):
    enable_limits(LIMITS={"number": ("5/hour",), "site": ("1/day",)}, **NO_LADDER)
    start(phone)
    spent = LimitCounter.objects.filter(used__gt=0).exclude(rule="signal").order_by("key").values_list("key", "used")
    before = list(spent)
    catch_refusal(start, number=phone)
    catch_refusal(start, number=OTHERS[0])
    assert list(spent.all()) == before


def test_limit_has_room_again_when_its_window_has_ended(enable_limits, lanck, phone, backdate):
    enable_limits(LIMITS={"number": ("1/hour",)})
    verification = start(phone)
    backdate(verification, catch_refusal(start, number=phone).retry_after)
    start(phone)
    assert is_about(3600, catch_refusal(start, number=phone))


def test_start_that_was_not_sent_is_refunded(enable_limits, lanck, phone, unused_port):
    enable_limits(BASE_URL=f"http://127.0.0.1:{unused_port}/v1")
    assert catch_refusal(start, number=phone).code == "unavailable"
    enable_limits()
    start(phone)
    assert set(LimitCounter.objects.values_list("used", flat=True)) == {0, 1}  # 0: the counters for checks


def test_start_that_lanck_refuses_for_its_number_stays_counted(enable_limits, lanck, phone):
    lanck.refuse(11)
    assert catch_refusal(start, number=phone).code == "invalid_number"
    assert catch_refusal(start, number=phone).code == "resend_too_soon"


def test_nothing_is_counted_without_limits(lanck, phone):
    start(phone)
    start(phone)
    assert not LimitCounter.objects.exists()


def test_limits_of_a_purpose_apply_to_that_purpose_only(enable_limits, lanck, phone):
    enable_limits(PURPOSES={"signup": {}, "vote": {"LIMITS": {"number": ("1/day",)}}}, **NO_LADDER)
    start(phone, purpose="vote")
    start(phone)
    assert catch_refusal(start, number=phone, purpose="vote").code == "too_many_requests"


def test_counters_contain_no_number_or_address(enable_limits, lanck, phone):
    enable_limits(TRUSTED_PROXIES=[])
    verification = start(phone, ip="192.0.2.77")
    check_wrong_code(verification, ip="192.0.2.77")
    stored = str(list(LimitCounter.objects.values_list("key", "rule", "label")))
    assert phone not in stored
    assert phone[1:] not in stored
    assert "192.0.2" not in stored
    assert set(LimitCounter.objects.exclude(label="").values_list("label", flat=True)) == {"+1201555", "US"}


# Statements


def test_limits_add_two_statements_to_a_start(enable_limits, lanck, phone, monkeypatch):
    act = lambda: start(phone, ip="8.8.8.8", binding="x")  # noqa: E731
    assert statements_around_call(lanck, monkeypatch, act) == (2 + 2, 1)


def test_limits_add_one_statement_to_a_wrong_check_and_two_to_a_right_one(enable_limits, lanck, phone):
    verification = start(phone, ip="8.8.8.8")
    count = {}
    for name, code in (("wrong", "000000"), ("right", lanck.sent[-1].code)):
        with CaptureQueriesContext(connection) as captured:
            check(verification, code, ip="8.8.8.8")
        count[name] = len([sql for sql in statements(captured) if "limitcounter" in sql])
    assert count == {"wrong": 1, "right": 2}


def test_limits_add_two_statements_to_a_send(enable_limits, lanck, phone, monkeypatch):
    act = lambda: services.send_sms(number=phone, text="Hi")  # noqa: E731
    assert statements_around_call(lanck, monkeypatch, act) == (1 + 2, 1)


# Wrong codes


def test_wrong_codes_of_a_number_are_counted_across_verifications_and_purposes(enable_limits, lanck, phone):
    enable_limits(
        LIMITS=None,
        PURPOSES={"signup": {}, "order": {}},
        CHECK_LIMITS={"number": ("7/day",), "number_purpose": ("4/day",)},
    )
    for _ in range(4):
        check_wrong_code(start(phone))
    refusal = check_wrong_code(start(phone)).error
    assert refusal.code == "too_many_requests"
    assert is_about(86_400, refusal)
    for _ in range(3):
        check_wrong_code(start(phone, purpose="order"))
    assert check_wrong_code(start(phone, purpose="order")).refusal == "too_many_requests"
    assert sum(len(sent.checks) for sent in lanck.sent) == 7


def test_check_that_a_limit_refuses_spends_no_attempt(enable_limits, lanck, phone):
    enable_limits(LIMITS=None, CHECK_LIMITS={"number": ("1/day",)})
    verification = start(phone)
    check_wrong_code(verification)
    assert check_wrong_code(verification).error
    verification.refresh_from_db()
    assert verification.attempts == 1


def test_right_codes_are_not_counted(enable_limits, lanck, phone):
    enable_limits(LIMITS=None, CHECK_LIMITS={"number": ("1/day",), "site": ("1/day",)})
    for _ in range(3):
        verification = start(phone)
        assert check(verification, lanck.sent[-1].code).proof


def test_check_that_lanck_did_not_carry_out_is_not_counted(enable_limits, lanck, phone):
    enable_limits(LIMITS=None, CHECK_LIMITS={"number": ("1/day",)})
    verification = start(phone)
    lanck.refuse(4)
    enable_limits(LIMITS=None, CHECK_LIMITS={"number": ("1/day",)}, RATE_LIMIT_WAIT=0)
    assert check_wrong_code(verification).refusal == "unavailable"
    assert check_wrong_code(verification).refusal == "invalid_code"


def test_wrong_codes_of_visitors_are_not_counted_for_a_user(enable_limits, lanck, phone):
    enable_limits(LIMITS=None, CHECK_LIMITS={"number": ("3/day",)})
    user = get_user_model().objects.create_user("alice")
    own = start(phone, user=user, binding="user")
    for _ in range(3):
        check_wrong_code(start(phone))
    assert check_wrong_code(start(phone)).error
    assert check_wrong_code(own, binding="user").refusal


def test_wrong_codes_of_an_address_are_limited(enable_limits, lanck):
    enable_limits(LIMITS=None, CHECK_LIMITS={"address": ("3/hour",)})
    for number in OTHERS[:3]:
        check_wrong_code(start(number), ip="8.8.8.8")
    verification = start(OTHERS[5])
    assert check_wrong_code(verification, ip="8.8.8.8").refusal == "too_many_requests"
    assert check_wrong_code(verification, ip="8.8.4.4").refusal == "invalid_code"


# Sends


def test_other_sends_share_a_limit_apart_from_codes(enable_limits, lanck, phone):
    enable_limits(SEND_LIMITS={"number": ("2/hour",)})
    for _ in range(2):
        services.send_sms(number=phone, text="Hi")
    assert catch_refusal(services.send_sms, number=phone, text="Hi").code == "too_many_requests"
    assert catch_refusal(services.speak_code, number=phone, code="1234").code == "too_many_requests"
    start(phone)
    assert len(lanck.sent) == 3


@pytest.mark.django_db(transaction=True)
def test_send_inside_a_transaction_is_counted_in_it(enable_limits, lanck, phone):
    enable_limits(SEND_LIMITS={"number": ("1/hour",)})
    with transaction.atomic():
        services.send_sms(number=phone, text="Hi")
        transaction.set_rollback(True)
    with transaction.atomic():
        services.send_sms(number=phone, text="Hi")
        assert catch_refusal(services.send_sms, number=phone, text="Hi").code == "too_many_requests"
    assert len(lanck.sent) == 1


def test_send_that_was_not_sent_is_refunded(enable_limits, lanck, phone, unused_port):
    enable_limits(SEND_LIMITS={"number": ("1/hour",)}, BASE_URL=f"http://127.0.0.1:{unused_port}/v1")
    with pytest.raises(NotSent):
        services.send_sms(number=phone, text="Hi")
    enable_limits(SEND_LIMITS={"number": ("1/hour",)})
    services.send_sms(number=phone, text="Hi")


# Conversion


def test_prefix_is_paused_when_its_conversion_is_too_low(enable_limits, lanck):
    enable_limits(LIMITS=None, CONVERSION={"prefix": (3, 50)})
    for number in OTHERS[:5]:
        assert check(start(number), lanck.sent[-1].code).proof
    for number in OTHERS[5:11]:
        start(number)
    refusal = catch_refusal(start, number=OTHERS[11])  # 5 of 11
    assert (refusal.code, refusal.retry_after) == ("too_many_requests", 43_200)
    assert len(lanck.sent) == 11
    start("+12125550100")


def test_conversion_is_counted_anew_in_each_window(enable_limits, lanck, backdate):
    enable_limits(LIMITS=None, CONVERSION={"prefix": (1, 100)})
    verification = start(OTHERS[0])
    check(verification, lanck.sent[-1].code)
    backdate(verification, 86_400)
    start(OTHERS[1])
    catch_refusal(start, number=OTHERS[2])


def test_prefix_is_not_paused_before_it_got_the_configured_number_of_codes(enable_limits, lanck):
    enable_limits(LIMITS=None, CONVERSION={"prefix": (3, 50)})
    for number in OTHERS[:3]:
        start(number)
    catch_refusal(start, number=OTHERS[3])


# Watched limits, counts and signals


def test_watched_limit_counts_and_reports_refusals_but_allows_the_request(enable_limits, lanck, phone, record_signal):
    enable_limits(LIMITS={"number": ("1/hour",)}, WATCH=["number", "ladder"])
    sent = record_signal(signals.limit_reached)
    for _ in range(4):
        start(phone)
    assert len(lanck.sent) == 4
    counts = {count.rule: (count.watched, count.count) for count in RefusalCount.objects.all()}
    assert counts == {"number": (True, 3), "ladder": (True, 3)}
    assert [(arguments["rule"], arguments["watched"]) for arguments in sent] == [("number", True), ("ladder", True)]


def test_refusals_are_counted_by_rule_action_purpose_and_country(enable_limits, lanck, phone):
    enable_limits(
        LIMITS={"number": ("1/hour",)}, CHECK_LIMITS={"number": ("1/hour",)}, SEND_LIMITS={"number": ("1/hour",)}
    )
    verification = start(phone)
    for _ in range(2):
        catch_refusal(start, number=phone)
    check_wrong_code(verification)
    assert check_wrong_code(verification).error
    services.send_sms(number=phone, text="Hi")
    catch_refusal(services.send_sms, number=phone, text="Hi")
    counted = sorted(RefusalCount.objects.values_list("action", "rule", "purpose", "country", "watched", "count"))
    assert counted == [
        ("check", "number", "signup", "US", False, 1),
        ("send", "number", "", "US", False, 1),
        ("start", "ladder", "signup", "US", False, 2),
        ("start", "number", "signup", "US", False, 2),
    ]


def test_exceeded_limit_sends_one_signal_in_its_window(enable_limits, lanck, phone, record_signal, backdate):
    enable_limits(LIMITS={"number": ("1/hour",)}, WATCH=["ladder"])
    sent = record_signal(signals.limit_reached)
    verification = start(phone)
    for _ in range(3):
        catch_refusal(start, number=phone)
    of_number = [arguments for arguments in sent if arguments["rule"] == "number"]
    assert len(of_number) == 1
    assert 0 < of_number[0].pop("retry_after") <= 3600
    assert of_number[0] == {"rule": "number", "label": "", "action": "start", "purpose": "signup", "watched": False}
    backdate(verification, 3600)
    start(phone)
    catch_refusal(start, number=phone)
    assert len([arguments for arguments in sent if arguments["rule"] == "number"]) == 2


def test_signals_of_a_rule_are_limited_by_the_hour(enable_limits, lanck, record_signal, monkeypatch):
    monkeypatch.setattr("django_lanck.guard.refusals.SIGNALS_AN_HOUR", 3)
    enable_limits(LIMITS={"number": ("1/hour",)}, WATCH=["ladder"], CONVERSION={})
    sent = record_signal(signals.limit_reached)
    for number in OTHERS[:6]:
        start(number)
        catch_refusal(start, number=number)
    assert len([arguments for arguments in sent if arguments["rule"] == "number"]) == 3


def test_exception_in_a_signal_receiver_does_not_change_the_refusal(enable_limits, lanck, phone):
    def receiver(**arguments):
        raise ZeroDivisionError

    signals.limit_reached.connect(receiver, weak=False)
    try:
        start(phone)
        assert catch_refusal(start, number=phone).code == "resend_too_soon"
    finally:
        signals.limit_reached.disconnect(receiver)
