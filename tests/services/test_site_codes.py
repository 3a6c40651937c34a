"""The site's codes: channels, attempts, goals and secrecy."""

import json
import re

import pytest
from django.core import serializers
from django.views.debug import ExceptionReporter

from django_lanck import signals
from django_lanck.exceptions import InvalidArgument, NotSent, Refusal
from django_lanck.models import Message, Verification
from django_lanck.services import (
    cancel_verification,
    reconcile,
    redeem_proof,
    resend_verification,
    start_verification,
)
from django_lanck.services.verifications.codes import code_content, new_code
from tests.helpers import check, with_lanck, wrong_code
from tests.parallel import call_concurrently

pytestmark = pytest.mark.django_db
CHANNELS = ("sms", "push", "viber", "rcs", "p2s", "flash", "failover")


def start(number, channel="sms", **arguments):
    return start_verification(number=number, code_source="site", channel=channel, **arguments)


@pytest.fixture
def calls_from_one_number(lanck, monkeypatch):
    """Make LANCK call from one number, with other digits than the requested ones."""
    handle = lanck.handle

    def answer(verb, path, params):
        status, body = handle(verb, path, params)
        return status, {**body, "from": "37282329823"} if path == "/calls/flash" else body

    monkeypatch.setattr(lanck, "handle", answer)


@pytest.mark.parametrize("channel", CHANNELS)
def test_code_sent_by_each_channel_verifies_once(lanck, phone, record_signal, channel):
    verified = record_signal(signals.number_verified)
    verification = start(phone, channel)
    (sent,) = lanck.sent
    assert (sent.channel, sent.number, len(sent.code)) == (channel, phone, 6)
    assert (verification.delivery, verification.code_source, verification.method) == ("accepted", "site", channel)

    assert check(verification, wrong_code(sent.code)).refusal == "invalid_code"
    result = check(verification, sent.code)
    assert check(verification, sent.code).refusal == "already_verified"
    assert [sent["number"] for sent in verified] == [phone]
    assert redeem_proof(proof=result.proof) == phone
    assert lanck.requests == [f"POST /{path_of(channel)}"]


def path_of(channel):
    if channel == "sms":
        return "sms"
    return f"calls/{channel}" if channel in ("p2s", "flash") else f"messaging/{channel}"


def test_new_code_is_random_digits_of_the_given_length():
    codes = {new_code(6) for _ in range(300)}
    assert all(re.fullmatch("[0-9]{6}", code) for code in codes)
    assert len(codes) > 290
    assert any(code.startswith("0") for code in codes)


def test_wrong_codes_exhaust_the_verification(lanck, phone, record_signal):
    failed = record_signal(signals.verification_failed)
    verification = start(phone)
    code = lanck.sent[-1].code
    refusals = [check(verification, wrong_code(code)).refusal for _ in range(5)]
    assert refusals == ["invalid_code"] * 4 + ["exhausted"]
    assert check(verification, code).refusal == "exhausted"
    assert [sent["reason"] for sent in failed] == ["exhausted"]


def test_text_that_cannot_be_a_code_spends_no_attempt(lanck, phone):
    verification = start(phone)
    for typed in ("", "12345", "1234567", "abcdef", "x" * 100):
        assert check(verification, typed).refusal == "invalid_code"
    assert Verification.objects.get().attempts == 0
    spelled = " ".join(lanck.sent[-1].code.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")))
    assert check(verification, spelled).proof


def test_code_is_refused_after_expiry_and_cancellation(lanck, phone, backdate):
    verification = start(phone)
    backdate(verification, 601)
    assert check(verification, lanck.sent[-1].code).refusal == "expired"
    verification = start(phone)
    cancel_verification(verification_id=verification.pk)
    assert check(verification, lanck.sent[-1].code).refusal == "canceled"


def test_resend_invalidates_the_previous_code(lanck, phone, backdate):
    verification = start(phone)
    backdate(verification, 31)
    resend_verification(verification_id=verification.pk, method="p2s")
    first, second = (sent.code for sent in lanck.sent)
    if first != second:
        assert check(verification, first).refusal == "invalid_code"
    assert check(verification, second).proof


def test_refused_resend_keeps_the_previous_code_valid(lanck, phone, backdate):
    verification = start(phone)
    backdate(verification, 31)
    lanck.refuse(16)
    with pytest.raises(Refusal):
        resend_verification(verification_id=verification.pk)
    assert check(verification, lanck.sent[0].code).proof


def test_both_codes_are_valid_while_the_outcome_of_the_resend_is_unknown(lanck, phone, backdate):
    for which in (0, 1):
        lanck.reset()
        verification = start(phone)
        backdate(verification, 31)
        lanck.lose_answer()
        resend_verification(verification_id=verification.pk)
        assert check(verification, lanck.sent[which].code).proof


@pytest.mark.parametrize("status", ["sending", "unknown"])
def test_receipt_of_any_status_shows_that_lanck_accepted_the_resend(lanck, phone, backdate, status):
    verification = start(phone)
    backdate(verification, 31)
    resend_verification(verification_id=verification.pk)
    lanck.report(lanck.sent[1], status)
    assert check(verification, lanck.sent[0].code).refusal == "invalid_code"
    assert check(verification, lanck.sent[1].code).proof


def test_code_of_unknown_outcome_can_be_verified_at_once(lanck, phone):
    lanck.lose_answer()
    verification = start(phone)
    assert verification.delivery == "unknown"
    assert check(verification, lanck.sent[-1].code).proof


def test_start_that_did_not_reach_lanck_is_canceled(lanck, phone, unused_port):
    with with_lanck(lanck, BASE_URL=f"http://127.0.0.1:{unused_port}/v1"), pytest.raises(Refusal) as refused:
        start(phone)
    assert isinstance(refused.value.__cause__, NotSent)
    assert Verification.objects.get().state == "canceled"


def test_code_of_another_verification_is_refused(lanck, phone):
    first, second = start(phone), start(phone)
    codes = [sent.code for sent in lanck.sent]
    if codes[0] != codes[1]:
        assert check(first, codes[1]).refusal == "invalid_code"
        assert check(second, codes[0]).refusal == "invalid_code"
    Message.objects.filter(verification=second).update(code_hash=Message.objects.get(verification=first).code_hash)
    assert check(second, codes[0]).refusal == "invalid_code"


@pytest.mark.parametrize("channel", CHANNELS)
def test_code_is_stored_as_a_keyed_hash_only(lanck, phone, channel, caplog):
    caplog.set_level("DEBUG", "django_lanck")
    verification = start(phone, channel)
    code = lanck.sent[-1].code
    expected = {"text": code, "code": code, "details": [{"code": code}]}
    if channel == "flash":
        expected["from"] = f"+3728232{code}"
    lanck.report(lanck.sent[-1], "DELIVERED", **expected)
    message = Message.objects.get()
    rows = serializers.serialize("python", [message, verification, *message.receipts.all()])
    stored = json.dumps(
        [{**row["fields"], "request_id": "", "digest": "", "code_hash": ""} for row in rows],
        default=str,
        ensure_ascii=False,
    )
    assert code not in stored
    assert code not in caplog.text
    assert len(message.code_hash) == 64
    if channel in ("sms", "push", "viber", "rcs", "failover"):
        assert "••••••" in stored


def test_code_stays_valid_after_a_rotation_of_the_secret_key(lanck, phone, settings):
    verification = start(phone)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
    assert check(verification, lanck.sent[-1].code).proof
    verification = start(phone)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [], "a third"
    assert check(verification, lanck.sent[-1].code).refusal == "invalid_code"


@pytest.mark.django_db(transaction=True)
def test_concurrent_wrong_codes_spend_no_more_than_the_allowed_attempts(lanck, phone):
    verification = start(phone)
    code = lanck.sent[-1].code
    codes = [f"{number:06}" for number in range(60) if f"{number:06}" != code]
    results = call_concurrently(lambda number: check(verification, codes[number]), len(codes))
    refusals = [getattr(result, "refusal", result) for result in results]
    assert refusals.count("invalid_code") == 4
    assert set(refusals) == {"invalid_code", "exhausted"}
    assert Verification.objects.get().attempts == 5
    assert check(verification, code).refusal == "exhausted"


@pytest.mark.django_db(transaction=True)
def test_concurrent_right_codes_verify_once(lanck, phone, record_signal):
    verified = record_signal(signals.number_verified)
    with with_lanck(lanck, MAX_ATTEMPTS=50):
        verification = start(phone)
    code = lanck.sent[-1].code
    results = call_concurrently(lambda number: check(verification, code), 30)
    assert len([result for result in results if result.proof]) == len(verified) == 1
    assert Message.objects.get().goal == "NUMBER_VERIFIED"


# Goals


def test_goal_is_reported_once_by_reconciliation(lanck, phone):
    verification = start(phone)
    check(verification, lanck.sent[-1].code)
    message = Message.objects.get()
    assert (message.goal, message.goal_reported_at, lanck.sent[-1].goals) == ("NUMBER_VERIFIED", None, [])
    with with_lanck(lanck, BACKGROUND_RATE=1000):
        assert [reconcile().goals, reconcile().goals] == [1, 0]
    assert lanck.sent[-1].goals == ["NUMBER_VERIFIED"]
    message.refresh_from_db()
    assert message.goal_reported_at is not None


def test_goal_is_stored_with_the_message_whose_code_was_right(lanck, phone, backdate):
    verification = start(phone)
    backdate(verification, 31)
    lanck.lose_answer()
    resend_verification(verification_id=verification.pk)
    check(verification, lanck.sent[0].code)
    assert list(Message.objects.order_by("pk").values_list("goal", flat=True)) == ["NUMBER_VERIFIED", ""]


def test_lancks_code_stores_no_goal(lanck, phone):
    check(start_verification(number=phone), lanck.sent[-1].code)
    assert Message.objects.get().goal == ""


# Flash calls


def test_digits_of_the_calling_number_are_the_code(lanck, phone, calls_from_one_number):
    verification = start(phone, "flash")
    requested = lanck.sent[-1].params["code"]
    assert check(verification, "329823").proof if requested != "329823" else True
    assert len(requested) == 6


def test_requested_digits_are_refused_if_another_number_calls(lanck, phone, calls_from_one_number):
    verification = start(phone, "flash")
    requested = lanck.sent[-1].params["code"]
    if requested != "329823":
        assert check(verification, requested).refusal == "invalid_code"


def test_flash_call_is_sent_without_the_sites_sender(lanck, phone):
    with with_lanck(lanck, SENDERS={"flash": "37282329823", "p2s": "37282329824"}):
        start(phone, "flash")
        start(phone, "p2s")
    assert "from" not in lanck.sent[0].params
    assert lanck.sent[1].params["from"] == "37282329824"


def test_message_stores_the_sender_that_is_sent_to_lanck(lanck, phone):
    with with_lanck(lanck, SENDERS={"US": "ACME"}):
        for channel in ("sms", "push", "flash"):
            message = start(phone, channel).newest_message
            assert message.sender == lanck.sent[-1].params.get("from", "") == ("ACME" if channel == "sms" else "")


# Code source and method


def test_code_source_follows_the_purpose(lanck, phone, backdate):
    purposes = {"signup": {"CODE_SOURCE": "site", "CHANNELS": ["viber", "sms"], "CODE_LENGTH": 5}}
    with with_lanck(lanck, PURPOSES=purposes):
        verification = start_verification(number=phone)
        assert (lanck.sent[-1].channel, len(lanck.sent[-1].code)) == ("viber", 5)
        with pytest.raises(Refusal, match="invalid_method"):
            start_verification(number=phone, method="p2s")
        backdate(verification, 31)
        resend_verification(verification_id=verification.pk, method="sms")
        assert [sent.channel for sent in lanck.sent] == ["viber", "sms"]
        assert check(verification, lanck.sent[-1].code).proof


def test_method_of_the_other_code_source_is_refused(lanck, phone):
    for source, method in (("lanck", "p2s"), ("site", "voice"), ("site", "call"), ("site", "t2s"), ("site", "fax")):
        with pytest.raises(Refusal) as refused:
            start_verification(number=phone, code_source=source, method=method)
        assert refused.value.code == "invalid_method"
    with pytest.raises(InvalidArgument, match="code_source"):
        start_verification(number=phone, code_source="mine")
    assert not Verification.objects.exists()


def test_content_of_every_channel_contains_the_code():
    for channel in CHANNELS:
        assert "123456" in json.dumps(code_content(channel, "123456", "en").parameters())


@pytest.mark.parametrize("again", [False, True])
def test_error_report_contains_no_code(lanck, phone, backdate, rf, monkeypatch, again):
    monkeypatch.setattr("django_lanck.services.verifications.issue.new_code", lambda length: "739154")
    verification = start(phone)
    backdate(verification, 31)
    lanck.refuse(6, http_status=403)
    with pytest.raises(Refusal) as refused:
        resend_verification(verification_id=verification.pk) if again else start(phone)
    frames = ExceptionReporter(rf.get("/"), refused.type, refused.value, refused.tb).get_traceback_frames()
    shown = [str(value) for frame in frames for _name, value in frame["vars"]]
    assert len(shown) > 30
    assert not [value for value in shown if "739154" in value]
