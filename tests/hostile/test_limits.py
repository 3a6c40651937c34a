"""Attacks by many sends and many guesses: bombing, pumping and brute force."""

import json
from collections import Counter
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client, override_settings
from django.utils import timezone

from django_lanck import services, signals
from django_lanck.checks.deployment import check_proxies
from django_lanck.exceptions import Refusal
from django_lanck.models import LimitCounter, Message, RefusalCount, Verification
from tests.parallel import call_concurrently

pytestmark = pytest.mark.django_db(transaction=True)

API = "/api/phone/verifications/"
WRONG_CODE = "000000"


class ApiClient:
    """A client of the API with an address of its own."""

    def __init__(self, address: str = "8.8.8.8", **headers: str) -> None:
        self.http = Client(REMOTE_ADDR=address, headers=headers)

    def post(self, path: str, **values):
        return self.http.post(API + path, json.dumps(values), content_type="application/json")

    def start(self, number: str, **values):
        return self.post("", number=number, **values)

    def check(self, verification_id: str, code: str = WRONG_CODE):
        return self.post(f"{verification_id}/check/", code=code)

    def resend(self, verification_id: str):
        return self.post(f"{verification_id}/resend/")


def codes(answers) -> dict[object, int]:
    """Count the answers by refusal code, or by HTTP status where there is none."""
    counted: dict[object, int] = {}
    for answer in answers:
        assert not isinstance(answer, Exception), answer
        key = answer.json().get("code") or answer.status_code
        counted[key] = counted.get(key, 0) + 1
    return counted


def prefix_numbers(count: int, first: int = 0) -> list[str]:
    return [f"+1201555{last:04}" for last in range(first, first + count)]


def checks_at_lanck(lanck) -> int:
    """Return the number of checks that reached LANCK."""
    return sum(len(sent.checks) for sent in lanck.sent)


def test_attack_03_new_verifications_give_no_more_attempts(enable_limits, lanck, phone):
    """50 verifications with resends and other purposes, 5 wrong codes each, lead to at most 15 checks a day for a
    number. Those of a logged-in user are counted separately, so that a stranger cannot lock out a customer."""
    purposes = {"signup": {"PUBLIC": True}, "order": {"PUBLIC": True}}
    enable_limits(LIMITS=None, CONVERSION={}, PURPOSES=purposes, RESEND_WAITS=[0] * 5)
    user = get_user_model().objects.create_user("customer")
    customers = services.start_verification(number=phone, user=user, binding="customer")
    right = lanck.sent[-1].code
    for turn in range(50):
        client = ApiClient(f"8.8.{turn}.8")
        started = client.start(phone, purpose="order" if turn % 2 else "signup").json()["id"]
        for guess in range(5):
            if guess == 2:
                client.resend(started)
            client.check(started, f"{guess:06}")
    assert 0 < checks_at_lanck(lanck) <= 15
    purposes = Verification.objects.exclude(pk=customers.pk).values_list("purpose", "attempts")
    assert all(sum(n for name, n in purposes if name == purpose) <= 10 for purpose in ("signup", "order"))
    assert services.check_verification(verification_id=customers.pk, code=right, binding="customer").proof


def test_attack_04_short_codes_have_three_attempts(enable_limits, lanck, phone):
    """Codes of less than 6 digits have 3 attempts. Flash calls are not offered for login or reset by default."""
    purposes = {name: {"PUBLIC": True, "RESEND_WAITS": []} for name in ("signup", "login", "reset")}
    enable_limits(LIMITS=None, CODE_LENGTH=4, PURPOSES=purposes)
    client = ApiClient()
    started = client.start(phone, method="call").json()
    assert (started["code_length"], started["attempts_left"]) == (4, 3)
    answers = [client.check(started["id"], f"{guess:04}") for guess in range(5)]
    assert codes(answers) == {"invalid_code": 2, "exhausted": 3}
    assert checks_at_lanck(lanck) == 3
    for purpose in ("login", "reset"):
        assert client.start(phone, method="call", purpose=purpose).json()["code"] == "invalid_method"
        started = client.start(phone, purpose=purpose).json()
        assert (started["code_length"], started["attempts_left"], started["methods"]) == (6, 3, ["sms", "voice"])
    purposes["login"]["METHODS"] = ["call"]
    enable_limits(LIMITS=None, PURPOSES=purposes)
    assert client.start(phone, purpose="login").json()["method"] == "call"


@pytest.mark.parametrize("count", [300, pytest.param(1_000, marks=pytest.mark.slow)])
def test_attack_05_wrong_codes_for_many_numbers_are_limited(enable_limits, lanck, record_signal, count):
    """Wrong codes are limited by client address and by site, with one signal when a limit is reached. Behind a private
    address without a configured proxy the limit by address is only watched, and a system check reports it."""
    events = record_signal(signals.limit_reached)
    targets = [
        Verification(number=number, purpose="signup", method="sms", code_length=6, max_attempts=5,
                     expires_at=timezone.now() + timedelta(hours=1))
        for number in prefix_numbers(count)
    ]  # fmt: skip
    Verification.objects.bulk_create(targets)
    Message.objects.bulk_create(
        Message(
            verification=target,
            channel="sms",
            number=target.number,
            request_id=f"{target.pk}",
            status="SENT",
            status_rank=4,
        )
        for target in targets
    )
    for _ in targets:
        lanck.refuse(21)
    lanck.requests.clear()

    def check_wrong_code(target: Verification, address: str) -> str | None:
        return services.check_verification(verification_id=target.pk, code=WRONG_CODE, ip=address).refusal

    limits = {"LIMITS": None, "CONVERSION": {}, "CHECK_LIMITS": {"address": ["50/hour"], "site": ["120/day"]}}
    enable_limits(**limits)
    half = count // 2
    answers = Counter(check_wrong_code(target, "8.8.8.8") for target in targets[:half])
    assert answers == {"invalid_code": 50, "too_many_requests": half - 50}
    assert [(signal["rule"], signal["watched"]) for signal in events] == [("address", False)]
    answers = Counter(
        check_wrong_code(target, f"8.8.{turn // 250}.{turn % 250}") for turn, target in enumerate(targets[half:])
    )
    assert answers == {"invalid_code": 70, "too_many_requests": half - 70}
    assert [signal["rule"] for signal in events] == ["address", "site"]
    assert len(lanck.requests) == 120

    limits["CHECK_LIMITS"] = {"address": ["2/hour"]}
    enable_limits(**limits)
    assert [check_wrong_code(target, "10.0.0.1") for target in targets[:4]] == ["invalid_code"] * 4
    assert RefusalCount.objects.get(rule="address", watched=True).count == 2
    assert [message.id for message in check_proxies()] == ["django_lanck.W006"]
    enable_limits(TRUSTED_PROXIES=["10.0.0.1"], **limits)
    assert not list(check_proxies())
    clients = [ApiClient("10.0.0.1", x_forwarded_for="7.7.7.7") for _ in range(3)]
    lanck.reset()  # removes the answers that were not requested
    started = [each.start(number).json()["id"] for each, number in zip(clients, prefix_numbers(3, 2000), strict=True)]
    answers = [each.check(started_id) for each, started_id in zip(clients, started, strict=True)]
    assert codes(answers) == {"invalid_code": 2, "too_many_requests": 1}


def test_attack_06_spoofed_addresses_share_one_limit(enable_limits, lanck):
    """Spoofed `X-Forwarded-For` headers and the addresses of one IPv6 /64 share one limit. Only configured proxies are
    trusted."""
    keys = {"LIMITS": {"address": ["10/hour"]}, "CONVERSION": {}}
    enable_limits(**keys)
    spoofed = [
        ApiClient(
            "8.8.8.8", x_forwarded_for=f"9.9.9.{turn}, 7.7.{turn}.7", forwarded=f"for=9.9.9.{turn}", x_real_ip="1.1.1.1"
        )
        for turn in range(20)
    ]
    answers = [one.start(number) for one, number in zip(spoofed, prefix_numbers(20), strict=True)]
    assert codes(answers) == {201: 10, "too_many_requests": 10} or codes(answers).get("too_many_requests") == 10
    same_64 = [ApiClient(f"2a00:1450:4001:81b:{turn:x}:{turn:x}::{turn:x}") for turn in range(1, 21)]
    answers = [one.start(number) for one, number in zip(same_64, prefix_numbers(20, 100), strict=True)]
    assert codes(answers)["too_many_requests"] == 10
    enable_limits(TRUSTED_PROXIES=["10.0.0.0/8"], **keys)
    proxied = [ApiClient("10.1.1.1", x_forwarded_for=f"9.9.9.{turn}, 7.7.7.7, 10.2.2.2") for turn in range(20)]
    answers = [one.start(number) for one, number in zip(proxied, prefix_numbers(20, 200), strict=True)]
    assert codes(answers)["too_many_requests"] == 10


def test_attack_07_concurrent_starts_do_not_exceed_the_limits(enable_limits, lanck, phone):
    """100 concurrent starts for one number send one code. 100 concurrent starts from one address for different numbers,
    with a limit of 10, send exactly 10."""
    enable_limits(CONVERSION={})
    answers = call_concurrently(lambda turn: ApiClient(f"8.8.{turn}.8").start(phone), 100)
    assert codes(answers) == {201: 1, "resend_too_soon": 99}
    assert len(lanck.sent) == Message.objects.count() == Verification.objects.count() == 1
    numbers = prefix_numbers(100, 1000)
    answers = call_concurrently(lambda turn: ApiClient("8.8.4.4").start(numbers[turn]), 100)
    assert codes(answers) == {201: 10, "too_many_requests": 90}
    assert len(lanck.sent) == Message.objects.count() == Verification.objects.count() == 11


SPELLINGS = [
    "+12015550123", "+1 201 555 0123", "+1-201-555-0123", "+1 (201) 555-0123", "+1.201.555.0123", "0012015550123",
    "00 1 201 555 0123", "+1 201 5550123", "  +12015550123  ", "+1/201/555/0123", "+１２０１５５５０１２３",
    "＋12015550123", "+١٢٠١٥٥٥٠١٢٣", "+۱۲۰۱۵۵۵۰۱۲۳", "+१२०१५५५०१२३", "+12015550123;ext=7", "+12015550123 ext. 12",
    "+1 201 555 0123 x9", "tel:+1-201-555-0123", "+1\u00a0201\u00a0555\u00a00123", "+1\u2011201\u2011555\u20110123",
]  # fmt: skip


def test_attack_08_spellings_of_a_number_share_one_limit(enable_limits, lanck, phone):
    """20 spellings of a number (spaces, `00`, full-width or Arabic digits, an extension) are one number with one
    counter."""
    enable_limits(LIMITS={"number": ["30/hour"]}, CONVERSION={}, WATCH=["ladder"])
    answers = [ApiClient(f"8.8.{turn}.8").start(number) for turn, number in enumerate(SPELLINGS)]
    assert len(SPELLINGS) >= 20
    assert codes(answers) == {201: len(SPELLINGS)}
    assert set(Verification.objects.values_list("number", flat=True)) == {phone}
    assert {sent.number for sent in lanck.sent} == {phone}
    starts = LimitCounter.objects.filter(rule="number", used__gt=0)
    assert list(starts.values_list("used", flat=True)) == [len(SPELLINGS)]
    enable_limits()
    counters = LimitCounter.objects.all()
    counters.delete()
    answers = [ApiClient(f"8.8.{turn}.8").start(number) for turn, number in enumerate(SPELLINGS)]
    assert codes(answers) == {201: 1, "resend_too_soon": len(SPELLINGS) - 1}


@pytest.mark.parametrize("count", [200, pytest.param(1_000, marks=pytest.mark.slow)])
def test_attack_09_pumping_pauses_the_prefix(enable_limits, lanck, record_signal, backdate, count):
    """SMS pumping (1,000 neighboring numbers, 500 addresses, no checks) stops early: a prefix with a low conversion is
    paused for 12 hours, and countries and the site have daily limits. Other prefixes and numbers that were verified
    before are not affected. The conversion of a country is only watched by default."""
    known = prefix_numbers(1, 9999)[0]
    honest = services.start_verification(number=known)
    services.check_verification(verification_id=honest.pk, code=lanck.sent[-1].code)
    backdate(honest, 86_400)
    lanck.reset()
    events = record_signal(signals.limit_reached)
    enable_limits(
        LIMITS={"country": ["60/day"], "site": ["80/day"]}, CONVERSION={"prefix": (20, 10), "country": (30, 5)}
    )

    waits = []

    def start(number: str, address: str = "8.8.8.8") -> str:
        try:
            services.start_verification(number=number, ip=address)
        except Refusal as refusal:
            waits.append(refusal.retry_after)
            return refusal.code
        return "sent"

    def pump(numbers):
        return Counter(start(number, f"8.{turn % 2}.{turn % 250}.8") for turn, number in enumerate(numbers))

    assert pump(prefix_numbers(count)) == {"sent": 20, "too_many_requests": count - 20}
    assert waits[0] == 12 * 3600
    assert 12 * 3600 - 300 < waits[-1] <= 12 * 3600
    assert [(signal["rule"], signal["label"]) for signal in events] == [("prefix_conversion", "+1201555")]

    assert start("+12125550100") == "sent"  # another prefix
    assert start(known) == "sent"  # a number that was verified before
    other_prefixes = [f"+1{area}5550{last:03}" for area in (202, 203, 205, 206, 207) for last in range(10)]
    assert pump(other_prefixes) == {"sent": 60 - 22, "too_many_requests": 50 - (60 - 22)}
    assert RefusalCount.objects.filter(rule="country_conversion", watched=True).exists()
    assert {signal["rule"] for signal in events} == {"prefix_conversion", "country_conversion", "country"}
    mexican = [f"+5255123400{last:02}" for last in range(15)] + [f"+5255223400{last:02}" for last in range(15)]
    assert pump(mexican) == {"sent": 20, "too_many_requests": 10}  # the limit of the site
    assert len(lanck.sent) == 80
    enable_limits(LIMITS={"country": ["60/day"]}, CONVERSION={"country": (30, 5)}, WATCH=[])
    assert start("+12085550100") == "too_many_requests"


REFUSED_NUMBERS = {
    "+19005550123": "number_not_supported",  # premium rate
    "+448712345678": "number_not_supported",  # shared cost
    "+447012345678": "number_not_supported",  # a personal number, forwarded at the caller's cost
    "+881612345678": "number_not_supported",  # satellite
    "+4930123456": "method_not_possible",  # a landline
}


def test_attack_10_premium_satellite_and_landline_numbers_are_refused(enable_limits, lanck):
    """Premium, shared-cost and satellite numbers, and landlines for SMS, are refused before a call to the provider."""
    enable_limits()
    for number, code in REFUSED_NUMBERS.items():
        answer = ApiClient().start(number)
        assert (answer.status_code, answer.json()["code"]) == (400, code), number
        with pytest.raises(Refusal) as caught:
            services.send_sms(number=number, text="Hi")
        assert caught.value.code == code
    assert not lanck.requests
    assert not Message.objects.exists()
    assert not LimitCounter.objects.exists()
    assert ApiClient().start("+4930123456", method="voice").status_code == 201


def test_attack_15_known_and_unknown_numbers_get_identical_answers(enable_limits, lanck, backdate):
    """Known and unknown numbers and users get identical answers: start, fetch, check and resend of a login do not
    reveal an account. Only the holder of the proof gets to know whether there is one."""
    enable_limits(PURPOSES={"login": {"PUBLIC": True}, "signup": {"PUBLIC": True}})
    known, unknown = prefix_numbers(2)
    user = get_user_model().objects.create_user("customer")
    verification = services.start_verification(number=known)
    proof = services.check_verification(verification_id=verification.pk, code=lanck.sent[-1].code).proof
    services.redeem_proof(proof=proof)
    services.claim_number(user=user, proof=proof)
    backdate(verification, 3600)

    def answers_for(number: str, address: str) -> list[object]:
        client = ApiClient(address)
        started = client.start(number, purpose="login")
        path = started.json()["id"]
        answers = [started, client.http.get(f"{API}{path}/"), client.check(path), client.resend(path)]
        answers.append(client.start(number, purpose="login"))
        return [(answer.status_code, without_identity(answer.json(), number, path)) for answer in answers]

    def without_identity(body: dict[str, object], number: str, path: str) -> str:
        times = ("expires_at", "resend_at")
        masked = f"{number[:5]}•••{number[-4:]}"
        return (
            json.dumps({k: v for k, v in body.items() if k not in times})
            .replace(path, "ID")
            .replace(json.dumps(masked), "NUMBER")
        )

    assert answers_for(known, "8.8.8.8") == answers_for(unknown, "8.8.4.4")
    assert len(lanck.sent) == 3


def test_attack_17_codes_sent_to_a_phone_are_limited(enable_limits, lanck, phone, backdate):
    """The waits of 30, 40, 60, 90 and 120 seconds, then the rest of 10 minutes, and 5 codes an hour and 10 a day for a
    number apply to all clients together. The victim can verify after the returned `retry_after`."""
    enable_limits(CONVERSION={})
    clock = services.start_verification(number=prefix_numbers(1, 5000)[0])  # backdating it backdates all counters
    sent_at, now = [], 0
    while now <= 86_400 and len(sent_at) < 12:
        answers = [ApiClient(f"8.{turn}.{len(sent_at)}.8").start(phone) for turn in range(3)]
        sent_at += [now] * codes(answers).get(201, 0)
        wait = answers[-1].json()["retry_after"]
        backdate(clock, wait)
        now += wait
    assert sent_at[:5] == pytest.approx([0, 30, 70, 130, 220], abs=5)
    assert sent_at[5] == pytest.approx(3600, abs=5)
    assert len([at for at in sent_at if at < 86_400 - 5]) == 10

    victim = ApiClient("9.9.9.9")
    refusal = victim.start(phone).json()
    if "retry_after" in refusal:
        backdate(clock, refusal["retry_after"])
        refusal = victim.start(phone).json()
    assert "proof" in victim.check(refusal["id"], lanck.sent[-1].code).json()


def test_attack_23_test_numbers_open_no_staff_account(enable_limits, lanck, phone, backdate):
    """Test numbers with fixed codes work only when enabled, until an end date, for the listed purposes, within the
    usual limits and never for a staff account. They are excluded from all figures."""
    settings_of_number = {phone: {"CODE": "424242", "UNTIL": "2999-12-31", "PURPOSES": ["login"]}}
    purposes = {"login": {"PUBLIC": True, "LIMITS": {"number_purpose": []}}, "signup": {"PUBLIC": True}}
    reviewer = ApiClient()

    def login(client: ApiClient = reviewer, purpose: str = "login"):
        started = client.start(phone, purpose=purpose).json()
        return client.check(started["id"], "424242") if "id" in started else None

    keys = {"PURPOSES": purposes, "TEST_NUMBERS": settings_of_number, "WATCH": ["ladder"]}
    keys["LIMITS"] = {"number": ["5/hour"]}
    enable_limits(**keys)  # not enabled
    assert login().json()["code"] == "invalid_code"
    keys["TEST_NUMBERS_IN_PRODUCTION"] = True
    enable_limits(**keys)
    sent = len(lanck.sent)
    assert "proof" in login().json()
    assert len(lanck.sent) == sent
    assert not RefusalCount.objects.filter(watched=False).exists()
    assert not LimitCounter.objects.filter(rule__endswith="_conversion", converted__gt=0).exists()
    assert Verification.objects.filter(is_test=True).count() == Message.objects.filter(is_test=True).count() == 1
    assert login(purpose="signup").json()["code"] == "invalid_code"  # another purpose
    settings_of_number[phone]["UNTIL"] = "2020-01-01"
    assert login().json()["code"] == "invalid_code"
    settings_of_number[phone]["UNTIL"] = "2999-12-31"
    assert "proof" in login().json()
    assert login() is None  # five an hour, as for any number
    backdate(Verification.objects.first(), 3600)

    staff = get_user_model().objects.create_user("staff", is_staff=True)
    proof = login().json()["proof"]
    with override_settings(LANCK={**lanck.settings, **keys}):
        verification = Verification.objects.filter(is_test=True, state="verified").first()
        Verification.objects.filter(pk=verification.pk).update(proof_redeemed_at=verification.ended_at)
        with pytest.raises(Refusal):
            services.claim_number(user=staff, proof=proof)
    staff_client = ApiClient()
    staff_client.http.force_login(staff)
    assert login(staff_client).json()["code"] == "invalid_code"
