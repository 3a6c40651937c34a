"""Codes of the site's own: other senders of digits, the same attempts, states and proofs."""

import json
import re

import pytest
from django.core import serializers
from django.test import override_settings
from django.utils import translation
from django.views.debug import ExceptionReporter

from django_lanck import signals
from django_lanck.exceptions import InvalidArgument, NotSent, Refusal
from django_lanck.models import Message, Verification
from django_lanck.services import (
    cancel_verification,
    check_verification,
    reconcile,
    redeem_proof,
    resend_verification,
    start_verification,
)
from django_lanck.services.verifications.codes import code_content, new_code, sms_text
from django_lanck.text import fits_one_sms
from tests.parallel import call_concurrently

pytestmark = pytest.mark.django_db
CHANNELS = ("sms", "push", "viber", "rcs", "p2s", "flash", "failover")


def with_lanck(lanck, **keys):
    return override_settings(LANCK={**lanck.settings, **keys})


def start(number, channel="sms", **arguments):
    return start_verification(number=number, code_source="site", channel=channel, **arguments)


def check(verification, code):
    return check_verification(verification_id=verification.pk, code=code)


def other_than(code):
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"


@pytest.fixture
def from_one_number(lanck, monkeypatch):
    """A LANCK that makes flash calls from one number, whatever digits it was asked for."""
    handle = lanck.handle

    def answer(verb, path, params):
        status, body = handle(verb, path, params)
        return status, {**body, "from": "37282329823"} if path == "/calls/flash" else body

    monkeypatch.setattr(lanck, "handle", answer)


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_code_by_each_channel_verifies_once(lanck, phone, record_signal, channel):
    verified = record_signal(signals.number_verified)
    verification = start(phone, channel)
    (sent,) = lanck.sent
    assert (sent.channel, sent.number, len(sent.code)) == (channel, phone, 6)
    assert (verification.delivery, verification.code_source, verification.method) == ("accepted", "site", channel)

    assert check(verification, other_than(sent.code)).refusal == "invalid_code"
    result = check(verification, sent.code)
    assert check(verification, sent.code).refusal == "already_verified"
    assert [said["number"] for said in verified] == [phone]
    assert redeem_proof(proof=result.proof) == phone
    assert lanck.requests == [f"POST /{path_of(channel)}"]


def path_of(channel):
    if channel == "sms":
        return "sms"
    return f"calls/{channel}" if channel in ("p2s", "flash") else f"messaging/{channel}"


def test_a_code_is_random_digits_of_the_wanted_length():
    codes = {new_code(6) for _ in range(300)}
    assert all(re.fullmatch("[0-9]{6}", code) for code in codes)
    assert len(codes) > 290
    assert any(code.startswith("0") for code in codes)


def test_wrong_codes_use_the_attempts_up(lanck, phone, record_signal):
    failed = record_signal(signals.verification_failed)
    verification = start(phone)
    code = lanck.sent[-1].code
    refusals = [check(verification, other_than(code)).refusal for _ in range(5)]
    assert refusals == ["invalid_code"] * 4 + ["exhausted"]
    assert check(verification, code).refusal == "exhausted"
    assert [said["reason"] for said in failed] == ["exhausted"]


def test_what_cannot_be_a_code_spends_nothing(lanck, phone):
    verification = start(phone)
    for typed in ("", "12345", "1234567", "abcdef", "x" * 100):
        assert check(verification, typed).refusal == "invalid_code"
    assert Verification.objects.get().attempts == 0
    spelled = " ".join(lanck.sent[-1].code.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")))
    assert check(verification, spelled).proof


def test_it_expires_and_is_canceled_like_any_other(lanck, phone, backdate):
    verification = start(phone)
    backdate(verification, 601)
    assert check(verification, lanck.sent[-1].code).refusal == "expired"
    verification = start(phone)
    cancel_verification(verification_id=verification.pk)
    assert check(verification, lanck.sent[-1].code).refusal == "canceled"


def test_a_resend_makes_the_earlier_code_worthless(lanck, phone, backdate):
    verification = start(phone)
    backdate(verification, 31)
    resend_verification(verification_id=verification.pk, method="p2s")
    first, second = (sent.code for sent in lanck.sent)
    if first != second:
        assert check(verification, first).refusal == "invalid_code"
    assert check(verification, second).proof


def test_a_refused_resend_leaves_the_earlier_code_right(lanck, phone, backdate):
    verification = start(phone)
    backdate(verification, 31)
    lanck.refuse(16)
    with pytest.raises(Refusal):
        resend_verification(verification_id=verification.pk)
    assert check(verification, lanck.sent[0].code).proof


def test_both_codes_are_right_while_it_is_unknown_whether_the_second_was_sent(lanck, phone, backdate):
    for which in (0, 1):
        lanck.reset()
        verification = start(phone)
        backdate(verification, 31)
        lanck.lose_answer()
        resend_verification(verification_id=verification.pk)
        assert check(verification, lanck.sent[which].code).proof


@pytest.mark.parametrize("word", ["sending", "unknown"])
def test_what_lanck_reports_on_was_taken_whatever_its_word(lanck, phone, backdate, word):
    verification = start(phone)
    backdate(verification, 31)
    resend_verification(verification_id=verification.pk)
    lanck.report(lanck.sent[1], word)
    assert check(verification, lanck.sent[0].code).refusal == "invalid_code"
    assert check(verification, lanck.sent[1].code).proof


def test_a_start_of_unknown_outcome_can_be_verified_at_once(lanck, phone):
    lanck.lose_answer()
    verification = start(phone)
    assert verification.delivery == "unknown"
    assert check(verification, lanck.sent[-1].code).proof


def test_a_start_that_was_surely_not_sent_is_canceled(lanck, phone, unused_port):
    with with_lanck(lanck, BASE_URL=f"http://127.0.0.1:{unused_port}/v1"), pytest.raises(Refusal) as refused:
        start(phone)
    assert isinstance(refused.value.__cause__, NotSent)
    assert Verification.objects.get().state == "canceled"


def test_the_code_of_one_is_no_code_of_another(lanck, phone):
    first, second = start(phone), start(phone)
    codes = [sent.code for sent in lanck.sent]
    if codes[0] != codes[1]:
        assert check(first, codes[1]).refusal == "invalid_code"
        assert check(second, codes[0]).refusal == "invalid_code"
    Message.objects.filter(verification=second).update(code_hash=Message.objects.get(verification=first).code_hash)
    assert check(second, codes[0]).refusal == "invalid_code"


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_code_is_kept_as_a_keyed_hash_only(lanck, phone, channel, caplog):
    caplog.set_level("DEBUG", "django_lanck")
    verification = start(phone, channel)
    code = lanck.sent[-1].code
    told = {"text": code, "code": code, "details": [{"code": code}]}
    if channel == "flash":
        told["from"] = f"+3728232{code}"
    lanck.report(lanck.sent[-1], "DELIVERED", **told)
    message = Message.objects.get()
    rows = serializers.serialize("python", [message, verification, *message.receipts.all()])
    kept = json.dumps(
        [{**row["fields"], "request_id": "", "digest": "", "code_hash": ""} for row in rows],
        default=str,
        ensure_ascii=False,
    )
    assert code not in kept
    assert code not in caplog.text
    assert len(message.code_hash) == 64
    if channel in ("sms", "push", "viber", "rcs", "failover"):
        assert "••••••" in kept


def test_a_code_outlives_a_change_of_the_secret_key(lanck, phone, settings):
    verification = start(phone)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
    assert check(verification, lanck.sent[-1].code).proof
    verification = start(phone)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [], "a third"
    assert check(verification, lanck.sent[-1].code).refusal == "invalid_code"


@pytest.mark.django_db(transaction=True)
def test_many_guesses_at_once_are_no_more_than_allowed(lanck, phone):
    verification = start(phone)
    code = lanck.sent[-1].code
    guesses = [f"{number:06}" for number in range(60) if f"{number:06}" != code]
    results = call_concurrently(lambda number: check(verification, guesses[number]), len(guesses))
    refusals = [getattr(result, "refusal", result) for result in results]
    assert refusals.count("invalid_code") == 4
    assert set(refusals) == {"invalid_code", "exhausted"}
    assert Verification.objects.get().attempts == 5
    assert check(verification, code).refusal == "exhausted"


@pytest.mark.django_db(transaction=True)
def test_many_right_answers_at_once_make_one_winner(lanck, phone, record_signal):
    verified = record_signal(signals.number_verified)
    with with_lanck(lanck, MAX_ATTEMPTS=50):
        verification = start(phone)
    code = lanck.sent[-1].code
    results = call_concurrently(lambda number: check(verification, code), 30)
    assert len([result for result in results if result.proof]) == len(verified) == 1
    assert Message.objects.get().goal == "NUMBER_VERIFIED"


# The goal


def test_lanck_learns_of_the_goal_later_and_once(lanck, phone):
    verification = start(phone)
    check(verification, lanck.sent[-1].code)
    message = Message.objects.get()
    assert (message.goal, message.goal_reported_at, lanck.sent[-1].goals) == ("NUMBER_VERIFIED", None, [])
    with with_lanck(lanck, BACKGROUND_RATE=1000):
        assert [reconcile().goals, reconcile().goals] == [1, 0]
    assert lanck.sent[-1].goals == ["NUMBER_VERIFIED"]
    message.refresh_from_db()
    assert message.goal_reported_at is not None


def test_the_goal_is_that_of_the_message_whose_code_was_right(lanck, phone, backdate):
    verification = start(phone)
    backdate(verification, 31)
    lanck.lose_answer()
    resend_verification(verification_id=verification.pk)
    check(verification, lanck.sent[0].code)
    assert list(Message.objects.order_by("pk").values_list("goal", flat=True)) == ["NUMBER_VERIFIED", ""]


def test_lancks_own_codes_need_no_goal(lanck, phone):
    check(start_verification(number=phone), lanck.sent[-1].code)
    assert Message.objects.get().goal == ""


# Flash calls


def test_the_digits_of_the_number_that_calls_count(lanck, phone, from_one_number):
    verification = start(phone, "flash")
    asked_for = lanck.sent[-1].params["code"]
    assert check(verification, "329823").proof if asked_for != "329823" else True
    assert len(asked_for) == 6


def test_the_digits_asked_for_do_not_count_if_another_number_calls(lanck, phone, from_one_number):
    verification = start(phone, "flash")
    asked_for = lanck.sent[-1].params["code"]
    if asked_for != "329823":
        assert check(verification, asked_for).refusal == "invalid_code"


def test_a_flash_call_is_not_made_from_the_sites_sender(lanck, phone):
    with with_lanck(lanck, SENDERS={"flash": "37282329823", "p2s": "37282329824"}):
        start(phone, "flash")
        start(phone, "p2s")
    assert "from" not in lanck.sent[0].params
    assert lanck.sent[1].params["from"] == "37282329824"


def test_a_message_has_the_sender_that_lanck_was_told(lanck, phone):
    with with_lanck(lanck, SENDERS={"US": "ACME"}):
        for channel in ("sms", "push", "flash"):
            message = start(phone, channel).newest_message
            assert message.sender == lanck.sent[-1].params.get("from", "") == ("ACME" if channel == "sms" else "")


# The text


def test_an_sms_fills_itself_in_where_a_host_is_set(lanck, phone):
    start(phone)
    assert lanck.sent[-1].text == f"Your code is {lanck.sent[-1].code}."
    with with_lanck(lanck, CODE_HOST="www.example.com"):
        start(phone)
        code = lanck.sent[-1].code
        assert lanck.sent[-1].text == f"Your code is {code}.\n\n@www.example.com #{code}"
        start(phone, "viber")
    assert lanck.sent[-1].text == f"Your code is {lanck.sent[-1].code}."


def test_the_site_writes_its_own_text_for_each_language(lanck, phone):
    with with_lanck(lanck, CODE_TEXTS={"": "{code} for ACME", "de": "{code} für ACME {und} {}"}):
        start(phone)
        assert lanck.sent[-1].text == f"{lanck.sent[-1].code} for ACME"
        start(phone, language="de")
        assert lanck.sent[-1].text == f"{lanck.sent[-1].code} für ACME {{und}} {{}}"
        with translation.override("de-at"):
            start(phone, "push")
        assert lanck.sent[-1].text.endswith("für ACME {und} {}")


def test_the_sites_own_text_follows_the_page_also_where_lanck_does_not_speak_it(lanck, phone):
    texts = {"": "{code}", "pt-br": "{code} no Brasil", "pt": "{code} em Portugal", "nl": "{code} voor u"}
    with with_lanck(lanck, CODE_TEXTS=texts, RESEND_WAITS=[0]):
        for active, ending in (("pt-br", "no Brasil"), ("pt-ao", "em Portugal"), ("nl-be", "voor u"), ("fi", "")):
            with translation.override(active):
                verification = start(phone)
            assert lanck.sent[-1].text == f"{lanck.sent[-1].code} {ending}".strip()
            with translation.override("nl"):  # whoever sends it again
                resend_verification(verification_id=verification.pk)
            assert lanck.sent[-1].text == f"{lanck.sent[-1].code} {ending}".strip()


def test_a_page_in_a_language_with_a_long_name_is_no_trouble(lanck, phone):
    with translation.override("de-1996-oldspelling"):
        assert start(phone).language == "de"


def test_a_voice_gets_lancks_name_of_the_pages_language(lanck, phone):
    for active, told in (("pt-br", "pt"), ("zh-hans", "zh"), ("nl", None), (None, None)):
        with translation.override(active):
            start(phone, "p2s")
        assert lanck.sent[-1].params.get("language") == told


def test_a_text_is_one_sms_whatever_happens(lanck):
    with with_lanck(lanck, CODE_HOST="a-long-host-name." * 8 + "example.com"):
        assert sms_text("123456", "en") == "123456"
    with with_lanck(lanck, CODE_HOST="www.example.com", CODE_TEXTS={"": "{code}" + "я" * 60}):
        assert sms_text("123456", "en") == "123456\n\n@www.example.com #123456"


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        *[("a" * 160, True), ("a" * 161, False), ("€" * 80, True), ("€" * 81, False)],
        *[("я" * 70, True), ("я" * 71, False), ("🙂" * 35, True), ("🙂" * 36, False), ("", True)],
    ],
)
def test_an_sms_has_room_for(text, fits):
    assert fits_one_sms(text) is fits


def test_a_voice_speaks_the_language_of_the_verification(lanck, phone):
    start(phone, "p2s", language="fr")
    assert lanck.sent[-1].params["language"] == "fr"


def test_a_chain_is_the_one_of_the_settings(lanck, phone):
    with with_lanck(lanck, CODE_FLOW=[("viber", 20, "read"), ("sms",)], CODE_HOST="example.com"):
        start(phone, "failover")
    first, last = lanck.sent[-1].params["flow"]
    assert first["failover"] == {"wait": 20, "condition": "read"}
    assert (first["type"], last["type"], "failover" in last) == ("viber", "sms", False)
    assert "@example.com" not in first["message"]["text"]
    assert last["message"]["text"].endswith(f"@example.com #{lanck.sent[-1].code}")


# The choice


def test_a_purpose_chooses_who_makes_the_code(lanck, phone, backdate):
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


def test_a_method_is_of_one_source_only(lanck, phone):
    for source, method in (("lanck", "p2s"), ("site", "voice"), ("site", "call"), ("site", "t2s"), ("site", "fax")):
        with pytest.raises(Refusal) as refused:
            start_verification(number=phone, code_source=source, method=method)
        assert refused.value.code == "invalid_method"
    with pytest.raises(InvalidArgument, match="code_source"):
        start_verification(number=phone, code_source="mine")
    assert not Verification.objects.exists()


def test_every_channel_can_carry_a_code():
    for channel in CHANNELS:
        assert "123456" in json.dumps(code_content(channel, "123456", "en").parameters())


@pytest.mark.parametrize("again", [False, True])
def test_an_error_report_has_no_code(lanck, phone, backdate, rf, monkeypatch, again):
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
