"""Limits on what is sent and on wrong codes, counted by the database."""

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from django_lanck import services, signals
from django_lanck.exceptions import NotSent, Refusal
from django_lanck.models import LimitCounter, Message, RefusalCount, Verification
from tests.helpers import statements, statements_around_call

pytestmark = pytest.mark.django_db

OTHERS = [f"+1201555{last:04}" for last in range(100, 200)]
NO_LADDER = {"WATCH": ["ladder"]}


def refused(call, **arguments) -> Refusal:
    with pytest.raises(Refusal) as caught:
        call(**arguments)
    return caught.value


def about(seconds: float, refusal: Refusal) -> bool:
    """Whether a refusal says to wait so long, less what a busy machine took since."""
    return seconds - 9 < refusal.retry_after <= seconds


def start(number, **arguments):
    return services.start_verification(number=number, **arguments)


def check(verification, code="000000", **arguments):
    return services.check_verification(verification_id=verification.pk, code=code, **arguments)


def test_a_number_gets_one_code_and_the_next_after_the_wait_that_is_told(enable_limits, lanck, phone, backdate):
    first = start(phone)
    refusal = refused(start, number=phone)
    assert (refusal.code, refusal.http_status) == ("resend_too_soon", 429)
    assert about(30, refusal)
    assert len(lanck.sent) == Message.objects.count() == 1
    backdate(first, refusal.retry_after)
    start(phone)
    assert about(40, refused(start, number=phone))


def test_the_ladder_is_climbed_and_begins_anew_after_ten_minutes(enable_limits, lanck, phone, backdate):
    enable_limits(LIMITS={"number": ()})
    verification = start(phone)
    for wait in (30, 40, 60, 90, 120):
        refusal = refused(start, number=phone)
        assert about(wait, refusal)
        backdate(verification, wait)
        start(phone)
    refusal = refused(start, number=phone)
    assert 600 - 340 - 60 < refusal.retry_after <= 600 - 340
    backdate(verification, refusal.retry_after)
    start(phone)
    assert about(30, refused(start, number=phone))


def test_a_resend_climbs_the_same_ladder(enable_limits, lanck, phone, backdate):
    verification = start(phone)
    backdate(verification, 30)
    services.resend_verification(verification_id=verification.pk)
    assert about(40, refused(start, number=phone))
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
def test_each_limit_lets_so_many_through_and_no_more(enable_limits, lanck, phone, limits, arguments, allowed):
    enable_limits(LIMITS=limits, **NO_LADDER)
    if not allowed:  # an address of nobody's, and no proxy was configured: it is only watched
        enable_limits(LIMITS=limits, TRUSTED_PROXIES=[], **NO_LADDER)
        allowed = 2
    for _ in range(allowed):
        start(phone, **arguments)
    refusal = refused(start, number=phone, **arguments)
    assert refusal.code == "too_many_requests"
    assert 0 < refusal.retry_after <= 86_400
    assert len(lanck.sent) == Verification.objects.count() == allowed


def test_a_user_is_limited_whatever_the_number_and_the_session(enable_limits, lanck):
    enable_limits(LIMITS={"user": ("2/hour",)})
    user, other = (get_user_model().objects.create_user(name) for name in ("alice", "bob"))
    for number, binding in zip(OTHERS, ("a", "b"), strict=False):
        start(number, user=user, binding=binding)
    assert refused(start, number=OTHERS[3], user=user, binding="c").code == "too_many_requests"
    start(OTHERS[3], user=other, binding="c")


def test_a_refused_start_spends_nothing(enable_limits, lanck, phone):
    enable_limits(LIMITS={"number": ("5/hour",), "site": ("1/day",)}, **NO_LADDER)
    start(phone)
    spent = LimitCounter.objects.filter(used__gt=0).exclude(rule="signal").order_by("key").values_list("key", "used")
    before = list(spent)
    refused(start, number=phone)
    refused(start, number=OTHERS[0])
    assert list(spent.all()) == before


def test_a_window_that_is_over_begins_anew(enable_limits, lanck, phone, backdate):
    enable_limits(LIMITS={"number": ("1/hour",)})
    verification = start(phone)
    backdate(verification, refused(start, number=phone).retry_after)
    start(phone)
    assert about(3600, refused(start, number=phone))


def test_what_surely_was_not_sent_is_given_back(enable_limits, lanck, phone, unused_port):
    enable_limits(BASE_URL=f"http://127.0.0.1:{unused_port}/v1")
    assert refused(start, number=phone).code == "unavailable"
    enable_limits()
    start(phone)
    assert set(LimitCounter.objects.values_list("used", flat=True)) == {0, 1}  # 0: those of checks


def test_what_lanck_refused_for_its_number_stays_spent(enable_limits, lanck, phone):
    lanck.refuse(11)
    assert refused(start, number=phone).code == "invalid_number"
    assert refused(start, number=phone).code == "resend_too_soon"


def test_without_limits_nothing_is_counted(lanck, phone):
    start(phone)
    start(phone)
    assert not LimitCounter.objects.exists()


def test_a_purpose_has_limits_of_its_own(enable_limits, lanck, phone):
    enable_limits(PURPOSES={"signup": {}, "vote": {"LIMITS": {"number": ("1/day",)}}}, **NO_LADDER)
    start(phone, purpose="vote")
    start(phone)
    assert refused(start, number=phone, purpose="vote").code == "too_many_requests"


def test_no_number_or_address_is_in_a_counter(enable_limits, lanck, phone):
    enable_limits(TRUSTED_PROXIES=[])
    verification = start(phone, ip="192.0.2.77")
    check(verification, ip="192.0.2.77")
    kept = str(list(LimitCounter.objects.values_list("key", "rule", "label")))
    assert phone not in kept
    assert phone[1:] not in kept
    assert "192.0.2" not in kept
    assert set(LimitCounter.objects.exclude(label="").values_list("label", flat=True)) == {"+1201555", "US"}


# Statements


def test_a_start_takes_two_statements_more(enable_limits, lanck, phone, monkeypatch):
    act = lambda: start(phone, ip="8.8.8.8", binding="x")  # noqa: E731
    assert statements_around_call(lanck, monkeypatch, act) == (2 + 2, 1)


def test_a_check_takes_one_statement_more_and_a_right_one_two(enable_limits, lanck, phone):
    verification = start(phone, ip="8.8.8.8")
    count = {}
    for name, code in (("wrong", "000000"), ("right", lanck.sent[-1].code)):
        with CaptureQueriesContext(connection) as captured:
            check(verification, code, ip="8.8.8.8")
        count[name] = len([sql for sql in statements(captured) if "limitcounter" in sql])
    assert count == {"wrong": 1, "right": 2}


def test_a_send_takes_two_statements_more(enable_limits, lanck, phone, monkeypatch):
    act = lambda: services.send_sms(number=phone, text="Hi")  # noqa: E731
    assert statements_around_call(lanck, monkeypatch, act) == (1 + 2, 1)


# Wrong codes


def test_wrong_codes_are_counted_by_number_over_verifications_and_purposes(enable_limits, lanck, phone):
    enable_limits(
        LIMITS=None,
        PURPOSES={"signup": {}, "order": {}},
        CHECK_LIMITS={"number": ("7/day",), "number_purpose": ("4/day",)},
    )
    for _ in range(4):
        check(start(phone))
    refusal = check(verification=start(phone)).error
    assert refusal.code == "too_many_requests"
    assert about(86_400, refusal)
    for _ in range(3):
        check(start(phone, purpose="order"))
    assert check(verification=start(phone, purpose="order")).refusal == "too_many_requests"
    assert sum(len(sent.checks) for sent in lanck.sent) == 7


def test_a_refused_check_spends_no_attempt(enable_limits, lanck, phone):
    enable_limits(LIMITS=None, CHECK_LIMITS={"number": ("1/day",)})
    verification = start(phone)
    check(verification)
    assert check(verification=verification).error
    verification.refresh_from_db()
    assert verification.attempts == 1


def test_right_codes_use_nothing_up(enable_limits, lanck, phone):
    enable_limits(LIMITS=None, CHECK_LIMITS={"number": ("1/day",), "site": ("1/day",)})
    for _ in range(3):
        verification = start(phone)
        assert check(verification, lanck.sent[-1].code).proof


def test_a_check_that_was_not_carried_out_uses_nothing_up(enable_limits, lanck, phone):
    enable_limits(LIMITS=None, CHECK_LIMITS={"number": ("1/day",)})
    verification = start(phone)
    lanck.refuse(4)
    enable_limits(LIMITS=None, CHECK_LIMITS={"number": ("1/day",)}, RATE_LIMIT_WAIT=0)
    assert check(verification=verification).refusal == "unavailable"
    assert check(verification).refusal == "invalid_code"


def test_strangers_do_not_use_up_what_a_user_has(enable_limits, lanck, phone):
    enable_limits(LIMITS=None, CHECK_LIMITS={"number": ("3/day",)})
    user = get_user_model().objects.create_user("alice")
    theirs = start(phone, user=user, binding="user")
    for _ in range(3):
        check(start(phone))
    assert check(verification=start(phone)).error
    assert services.check_verification(verification_id=theirs.pk, code="000000", binding="user").refusal


def test_an_address_has_so_many_wrong_codes(enable_limits, lanck):
    enable_limits(LIMITS=None, CHECK_LIMITS={"address": ("3/hour",)})
    for number in OTHERS[:3]:
        check(start(number), ip="8.8.8.8")
    verification = start(OTHERS[5])
    assert check(verification=verification, ip="8.8.8.8").refusal == "too_many_requests"
    assert check(verification, ip="8.8.4.4").refusal == "invalid_code"


# Sends


def test_what_is_sent_besides_codes_has_limits_too(enable_limits, lanck, phone):
    enable_limits(SEND_LIMITS={"number": ("2/hour",)})
    for _ in range(2):
        services.send_sms(number=phone, text="Hi")
    assert refused(services.send_sms, number=phone, text="Hi").code == "too_many_requests"
    assert refused(services.speak_code, number=phone, code="1234").code == "too_many_requests"
    start(phone)
    assert len(lanck.sent) == 3


@pytest.mark.django_db(transaction=True)
def test_a_send_inside_a_transaction_spends_in_it(enable_limits, lanck, phone):
    enable_limits(SEND_LIMITS={"number": ("1/hour",)})
    with transaction.atomic():
        services.send_sms(number=phone, text="Hi")
        transaction.set_rollback(True)
    with transaction.atomic():
        services.send_sms(number=phone, text="Hi")
        assert refused(services.send_sms, number=phone, text="Hi").code == "too_many_requests"
    assert len(lanck.sent) == 1


def test_a_send_that_surely_was_none_is_given_back(enable_limits, lanck, phone, unused_port):
    enable_limits(SEND_LIMITS={"number": ("1/hour",)}, BASE_URL=f"http://127.0.0.1:{unused_port}/v1")
    with pytest.raises(NotSent):
        services.send_sms(number=phone, text="Hi")
    enable_limits(SEND_LIMITS={"number": ("1/hour",)})
    services.send_sms(number=phone, text="Hi")


# Codes that come back


def test_a_prefix_goes_on_while_enough_of_its_codes_come_back(enable_limits, lanck):
    enable_limits(LIMITS=None, CONVERSION={"prefix": (3, 50)})
    for number in OTHERS[:5]:
        assert check(start(number), lanck.sent[-1].code).proof
    for number in OTHERS[5:11]:
        start(number)
    refusal = refused(start, number=OTHERS[11])  # 5 of 11
    assert (refusal.code, refusal.retry_after) == ("too_many_requests", 43_200)
    assert len(lanck.sent) == 11
    start("+12125550100")


def test_what_came_back_yesterday_says_nothing_of_today(enable_limits, lanck, backdate):
    enable_limits(LIMITS=None, CONVERSION={"prefix": (1, 100)})
    verification = start(OTHERS[0])
    check(verification, lanck.sent[-1].code)
    backdate(verification, 86_400)
    start(OTHERS[1])
    refused(start, number=OTHERS[2])


def test_a_few_codes_say_nothing_of_a_prefix(enable_limits, lanck):
    enable_limits(LIMITS=None, CONVERSION={"prefix": (3, 50)})
    for number in OTHERS[:3]:
        start(number)
    refused(start, number=OTHERS[3])


# Watching, counting, telling


def test_a_watched_limit_counts_what_it_would_refuse_and_lets_it_through(enable_limits, lanck, phone, record_signal):
    enable_limits(LIMITS={"number": ("1/hour",)}, WATCH=["number", "ladder"])
    reached = record_signal(signals.limit_reached)
    for _ in range(4):
        start(phone)
    assert len(lanck.sent) == 4
    counts = {count.rule: (count.watched, count.count) for count in RefusalCount.objects.all()}
    assert counts == {"number": (True, 3), "ladder": (True, 3)}
    assert [(said["rule"], said["watched"]) for said in reached] == [("number", True), ("ladder", True)]


def test_each_refusal_is_counted_by_day_rule_action_purpose_and_country(enable_limits, lanck, phone):
    enable_limits(
        LIMITS={"number": ("1/hour",)}, CHECK_LIMITS={"number": ("1/hour",)}, SEND_LIMITS={"number": ("1/hour",)}
    )
    verification = start(phone)
    for _ in range(2):
        refused(start, number=phone)
    check(verification)
    assert check(verification=verification).error
    services.send_sms(number=phone, text="Hi")
    refused(services.send_sms, number=phone, text="Hi")
    counted = sorted(RefusalCount.objects.values_list("action", "rule", "purpose", "country", "watched", "count"))
    assert counted == [
        ("check", "number", "signup", "US", False, 1),
        ("send", "number", "", "US", False, 1),
        ("start", "ladder", "signup", "US", False, 2),
        ("start", "number", "signup", "US", False, 2),
    ]


def test_a_limit_that_is_reached_is_told_once_in_its_window(enable_limits, lanck, phone, record_signal, backdate):
    enable_limits(LIMITS={"number": ("1/hour",)}, WATCH=["ladder"])
    reached = record_signal(signals.limit_reached)
    verification = start(phone)
    for _ in range(3):
        refused(start, number=phone)
    told = [said for said in reached if said["rule"] == "number"]
    assert len(told) == 1
    assert 0 < told[0].pop("retry_after") <= 3600
    assert told[0] == {"rule": "number", "label": "", "action": "start", "purpose": "signup", "watched": False}
    backdate(verification, 3600)
    start(phone)
    refused(start, number=phone)
    assert len([said for said in reached if said["rule"] == "number"]) == 2


def test_a_rule_is_told_so_often_an_hour_however_many_reach_it(enable_limits, lanck, record_signal, monkeypatch):
    monkeypatch.setattr("django_lanck.guard.refusals.SIGNALS_AN_HOUR", 3)
    enable_limits(LIMITS={"number": ("1/hour",)}, WATCH=["ladder"], CONVERSION={})
    reached = record_signal(signals.limit_reached)
    for number in OTHERS[:6]:
        start(number)
        refused(start, number=number)
    assert len([said for said in reached if said["rule"] == "number"]) == 3


def test_a_receiver_that_raises_changes_nothing(enable_limits, lanck, phone):
    def receiver(**arguments):
        raise ZeroDivisionError

    signals.limit_reached.connect(receiver, weak=False)
    try:
        start(phone)
        assert refused(start, number=phone).code == "resend_too_soon"
    finally:
        signals.limit_reached.disconnect(receiver)
