"""Starting a verification: what is sent, stored and refused."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import translation

from django_lanck import services, signals
from django_lanck.exceptions import InvalidArgument, NotSent, Refusal
from django_lanck.models import Message, Verification
from django_lanck.services import start_verification
from tests.helpers import statements_around_call, with_lanck

pytestmark = pytest.mark.django_db


def test_start_sends_a_code_and_stores_verification_and_message(lanck, phone):
    verification = start_verification(number=phone)

    sent = lanck.sent[-1]
    assert (sent.number, sent.channel, len(sent.code)) == (phone, "sms", 6)
    assert (verification.delivery, verification.current_state) == ("accepted", "pending")
    assert verification.attempts_left == 5
    stored = Verification.objects.get()
    assert (stored.expires_at - stored.created_at).total_seconds() == 600
    assert (stored.resend_at - stored.created_at).total_seconds() == 30
    assert abs(stored.expires_at - verification.expires_at).total_seconds() < 0.01
    assert stored.newest_message.request_id == sent.request_id
    assert stored.newest_message.country == "US"


def test_start_takes_two_statements_before_the_call_and_one_after(lanck, phone, monkeypatch):
    assert statements_around_call(lanck, monkeypatch, lambda: start_verification(number=phone)) == (2, 1)


def test_request_to_lanck_has_exactly_the_parameters_of_the_settings(lanck, phone):
    start_verification(number=phone, ip="192.0.2.7")
    assert set(lanck.sent[-1].params) == {"number", "method", "language", "codeLength", "callbackUrl"}
    keys = {
        "SENDERS": {"sms": "ACME", "US": "Yankee", "sms:US": "AcmeUS"},
        "SEND_CLIENT_IP": True,
        "PROVIDER_CODE_EXPIRY": 300,
        "PROVIDER_CHECK_ATTEMPTS": 4,
        "CODE_LENGTH": 4,
    }
    with with_lanck(lanck, **keys):
        start_verification(number=phone, ip="192.0.2.7", language="de")
    params = dict(lanck.sent[-1].params)
    assert params.pop("callbackUrl").startswith("http://testserver/lanck/receipts/")
    assert params == {
        "number": phone,
        "method": "sms",
        "from": "AcmeUS",
        "language": "de",
        "codeLength": "4",
        "ip": "192.0.2.7",
        "codeExpiry": "300",
        "checkAttemptsAllowed": "4",
    }


@pytest.mark.parametrize(
    ("senders", "method", "sender"),
    [
        ({"sms": "A", "US": "B", "sms:US": "C"}, "sms", "C"),
        ({"sms": "A", "US": "B"}, "sms", "B"),
        ({"sms": "A"}, "sms", "A"),
        ({"sms": "A"}, "voice", ""),
    ],
)
def test_most_specific_sender_is_used(lanck, phone, senders, method, sender):
    with with_lanck(lanck, SENDERS=senders):
        verification = start_verification(number=phone, method=method)
    assert lanck.sent[-1].params.get("from", "") == sender == verification.newest_message.sender


@pytest.mark.parametrize(
    ("active", "expected"),
    [
        ("de", "de"),
        ("de-ch", "de"),
        ("pt-br", "pt"),
        ("zh-hans", "zh"),
        ("zh-hant", "zh"),
        ("sr-latn", None),
        ("nl", None),
        (None, None),
    ],
)
def test_active_language_is_sent_if_lanck_has_it(lanck, phone, active, expected):
    with translation.override(active):
        start_verification(number=phone)
    assert lanck.sent[-1].params.get("language") == expected


def test_flash_call_is_sent_without_a_language(lanck, phone):
    start_verification(number=phone, method="call", language="de")
    assert "language" not in lanck.sent[-1].params


@pytest.mark.parametrize(
    "spelling",
    [
        "+1 201 555 0123",
        "+1 (201) 555-0123",
        "0012015550123",
        "00 1 201 555 01 23",
        "+12015550123 ext. 7",
        "+1.201.555.0123",
        "\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH DIGIT ONE} 201 555 0123",
        "+١٢٠١٥٥٥٠١٢٣",
        "\N{ARABIC-INDIC DIGIT ZERO}" * 2 + "12015550123",
        "tel:+1-201-555-0123",
        "  +1 201 555 0123  ",
    ],
)
def test_spellings_of_a_number_are_normalized(lanck, spelling):
    assert start_verification(number=spelling).number == "+12015550123"


@pytest.mark.parametrize(
    "number", ["", "hello", "+1", "+1201555012", "2015550123", "+999123456789", "+" * 10_000, "00"]
)
def test_invalid_number_is_refused_without_storing_or_sending(lanck, number):
    with pytest.raises(Refusal) as refused:
        start_verification(number=number)
    assert refused.value.code == "invalid_number"
    assert refused.value.errors["number"]
    assert not lanck.requests
    assert not Verification.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"method": "pigeon"}, "invalid_method"),
        ({"purpose": "burglary"}, "invalid_purpose"),
        ({"language": "tlh"}, "invalid_language"),
    ],
)
def test_unknown_option_is_refused_without_storing_or_sending(lanck, phone, arguments, code):
    with pytest.raises(Refusal) as refused:
        start_verification(number=phone, **arguments)
    assert refused.value.code == code
    assert not lanck.requests
    assert not Verification.objects.exists()


@pytest.mark.parametrize(
    ("error_code", "http_status", "refusal", "retry_after"),
    [
        (11, 400, "invalid_number", None),
        (6, 403, "unavailable", 60),
        (1, 401, "unavailable", 60),
        (9, 400, "unavailable", 5),
    ],
)
def test_refusal_by_lanck_cancels_and_hides_the_account_error(
    lanck, phone, record_signal, error_code, http_status, refusal, retry_after
):
    started = record_signal(signals.verification_started)
    lanck.refuse(error_code, http_status=http_status, reason="balance is 0.00 EUR")
    with pytest.raises(Refusal) as refused:
        start_verification(number=phone)
    assert (refused.value.code, refused.value.retry_after) == (refusal, retry_after)
    assert "EUR" not in str(refused.value)
    verification = Verification.objects.get()
    assert verification.state == "canceled"
    assert verification.delivery == "refused"
    assert verification.newest_message.error_code == error_code
    assert not started


def test_internal_error_of_lanck_is_an_unknown_outcome(lanck, phone):
    lanck.refuse(99)
    assert start_verification(number=phone).delivery == "unknown"


def test_error_reason_with_invalid_characters_and_a_number_is_stored_masked(lanck, phone):
    lanck.refuse(9, reason="no \x00 \ud800 +12015550123")
    with pytest.raises(Refusal):
        start_verification(number=phone)
    message = Message.objects.get()
    assert message.status == "refused"
    assert phone not in message.error_reason


def test_unreachable_lanck_cancels_the_verification(lanck, phone, unused_port):
    with with_lanck(lanck, BASE_URL=f"http://127.0.0.1:{unused_port}/v1"), pytest.raises(Refusal) as refused:
        start_verification(number=phone)
    assert refused.value.code == "unavailable"
    assert isinstance(refused.value.__cause__, NotSent)
    assert Verification.objects.get().state == "canceled"


def test_lost_answer_starts_a_verification_of_unknown_delivery(lanck, phone, record_signal):
    started = record_signal(signals.verification_started)
    lanck.lose_answer()
    verification = start_verification(number=phone)
    assert (verification.current_state, verification.delivery) == ("pending", "unknown")
    assert len(lanck.sent) == 1
    assert started == [{"verification": verification, "message": verification.newest_message}]
    assert Message.objects.get().status == "unknown"


def test_request_id_of_another_message_is_not_stored(lanck, phone):
    first = start_verification(number=phone)
    lanck.answer({"requestId": lanck.sent[-1].request_id})
    second = start_verification(number=phone)
    assert second.delivery == "unknown"
    assert list(Message.objects.order_by("pk").values_list("verification", "status", "request_id")) == [
        (first.pk, "accepted", lanck.sent[-1].request_id),
        (second.pk, "unknown", None),
    ]


def test_start_inside_a_transaction_raises_before_sending(lanck, phone, transactional_db):
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        start_verification(number=phone)
    assert not lanck.requests


def test_receiver_that_raises_does_not_fail_the_start(lanck, phone, record_signal):
    def broken(**arguments):
        raise RuntimeError("boom")

    signals.verification_started.connect(broken)
    started = record_signal(signals.verification_started)
    try:
        start_verification(number=phone)
    finally:
        signals.verification_started.disconnect(broken)
    assert len(started) == 1


def test_purpose_has_its_own_settings(lanck, phone):
    purposes = {"payout": {"METHODS": ["voice"], "CODE_LENGTH": 4, "MAX_ATTEMPTS": 2, "RESEND_WAITS": []}}
    with with_lanck(lanck, PURPOSES=purposes):
        verification = start_verification(number=phone, purpose="payout")
        assert lanck.sent[-1].channel == "voice"
        assert len(lanck.sent[-1].code) == 4
        assert (verification.attempts_left, verification.resend_at) == (2, None)
        with pytest.raises(Refusal):
            start_verification(number=phone, purpose="signup")


def test_verification_is_not_found_with_another_binding(lanck, phone):
    verification = start_verification(number=phone, binding="session:a")
    assert services.get_verification(verification_id=verification.pk, binding=["user:1", "session:a"])
    for binding in ("", "session:b", ["user:1"]):
        with pytest.raises(Refusal) as refused:
            services.get_verification(verification_id=verification.pk, binding=binding)
        assert refused.value.code == "not_found"


def test_current_state_is_expired_for_a_row_read_without_the_database_time(lanck, phone, backdate):
    backdate(start_verification(number=phone), 601)
    assert Verification.objects.get().current_state == "expired"


def test_anonymous_user_is_stored_as_no_user(lanck, phone):
    assert start_verification(number=phone, user=AnonymousUser()).user is None


def test_binding_of_an_anonymous_request_without_session_raises(rf):
    with pytest.raises(ImproperlyConfigured):
        services.binding_for(rf.get("/"), create=True)


def test_binding_is_stored_hashed(lanck, phone):
    start_verification(number=phone, binding="session:a")
    assert len(Verification.objects.get().binding_hash) == 64


def test_empty_client_address_is_not_sent(lanck, phone):
    with with_lanck(lanck, SEND_CLIENT_IP=True):
        start_verification(number=phone, ip="")
    assert "ip" not in lanck.sent[-1].params


def test_invalid_argument_for_lanck_stores_nothing(lanck, phone):
    with with_lanck(lanck, SEND_CLIENT_IP=True), pytest.raises(InvalidArgument, match="ip"):
        start_verification(number=phone, ip="nowhere")
    assert not lanck.requests
    assert not Verification.objects.exists()
    assert not Message.objects.exists()
