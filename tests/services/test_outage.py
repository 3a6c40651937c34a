"""The services while the circuit breaker is open: LANCK is down and is not called."""

import pytest
from django.test import override_settings

from django_lanck.exceptions import NotSent
from django_lanck.models import Message, Verification
from django_lanck.services import check_verification, look_up, resend_verification, send_sms, start_verification
from tests.helpers import catch_refusal

pytestmark = pytest.mark.django_db
OTHER = "+12015550199"


@pytest.fixture(autouse=True)
def with_breaker(breaker_settings):
    with override_settings(LANCK=breaker_settings):
        yield


@pytest.fixture
def open_breaker(lanck):
    """Let LANCK fail until the breaker opens."""

    def fail():
        for _ in range(5):
            lanck.answer({}, http_status=500)
            assert send_sms(number=OTHER, text="Hi").status == "unknown"
        lanck.requests.clear()

    return fail


def is_unavailable(refused, code="unavailable"):
    return refused.code == code and refused.http_status == 503 and 3 <= refused.retry_after <= 5


def test_start_is_refused_with_the_rest_of_the_pause(lanck, phone, open_breaker):
    open_breaker()
    assert is_unavailable(catch_refusal(start_verification, number=phone))
    assert Verification.objects.get().state == "canceled"
    assert lanck.requests == []


def test_refused_resend_is_not_counted(lanck, phone, open_breaker):
    verification = start_verification(number=phone)
    Verification.objects.update(resend_at=verification.created_at)
    open_breaker()
    assert is_unavailable(catch_refusal(resend_verification, verification_id=verification.pk))
    assert Verification.objects.get().resends == 0
    assert lanck.requests == []


def test_refused_check_spends_no_attempt(lanck, phone, open_breaker):
    verification = start_verification(number=phone)
    open_breaker()
    assert is_unavailable(check_verification(verification_id=verification.pk, code="123456").error)
    assert Verification.objects.get().attempts == 0
    assert lanck.requests == []


def test_check_with_unknown_outcome_stays_pending(lanck, phone, open_breaker):
    verification = start_verification(number=phone)
    code = lanck.sent[-1].code
    lanck.lose_answer()
    assert check_verification(verification_id=verification.pk, code=code).refusal == "check_unknown"
    for _ in range(4):
        lanck.answer({}, http_status=500)
        send_sms(number=OTHER, text="Hi")
    asked = list(lanck.requests)
    refused = check_verification(verification_id=verification.pk, code=code).error
    assert is_unavailable(refused, "check_unknown")
    assert lanck.requests == asked
    assert Verification.objects.get().state == "pending"


def test_code_of_the_site_is_checked_without_lanck(lanck, phone, open_breaker):
    verification = start_verification(number=phone, code_source="site")
    code = lanck.sent[-1].code
    open_breaker()
    assert check_verification(verification_id=verification.pk, code=code).proof


def test_sends_and_lookups_raise_not_sent(lanck, phone, open_breaker):
    open_breaker()
    with pytest.raises(NotSent, match="LANCK was not called") as refused:
        send_sms(number=phone, text="Hi")
    assert Message.objects.get(pk=refused.value.message_id).status == "refused"
    with pytest.raises(NotSent, match="LANCK was not called"):
        look_up(number=phone)
    assert lanck.requests == []


def test_single_lost_response_does_not_open_the_breaker(lanck, phone):
    lanck.lose_answer()
    assert start_verification(number=phone).delivery == "unknown"
    assert start_verification(number=OTHER).delivery == "accepted"
