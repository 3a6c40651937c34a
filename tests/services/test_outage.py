"""What each service makes of a LANCK that is down and therefore not asked."""

import pytest
from django.test import override_settings

from django_lanck.exceptions import NotSent, Refusal
from django_lanck.models import Message, Verification
from django_lanck.services import (
    check_verification,
    look_up,
    resend_verification,
    send_sms,
    start_verification,
)

pytestmark = pytest.mark.django_db
OTHER = "+12015550199"


@pytest.fixture(autouse=True)
def with_breaker(breaker_settings):
    with override_settings(LANCK=breaker_settings):
        yield


@pytest.fixture
def go_down(lanck):
    def go_down():
        for _ in range(5):
            lanck.answer({}, http_status=500)
            assert send_sms(number=OTHER, text="Hi").status == "unknown"
        lanck.requests.clear()

    return go_down


def refusal(act):
    with pytest.raises(Refusal) as refused:
        act()
    return refused.value


def is_general_503(refused, code="unavailable"):
    return refused.code == code and refused.http_status == 503 and 3 <= refused.retry_after <= 5


def test_a_start_is_a_503_with_what_is_left_of_the_pause(lanck, phone, go_down):
    go_down()
    assert is_general_503(refusal(lambda: start_verification(number=phone)))
    assert Verification.objects.get().state == "canceled"
    assert lanck.requests == []


def test_a_resend_is_given_back(lanck, phone, go_down):
    verification = start_verification(number=phone)
    Verification.objects.update(resend_at=verification.created_at)
    go_down()
    assert is_general_503(refusal(lambda: resend_verification(verification_id=verification.pk)))
    assert Verification.objects.get().resends == 0
    assert lanck.requests == []


def test_a_check_costs_no_attempt(lanck, phone, go_down):
    verification = start_verification(number=phone)
    go_down()
    assert is_general_503(check_verification(verification_id=verification.pk, code="123456").error)
    assert Verification.objects.get().attempts == 0
    assert lanck.requests == []


def test_a_lost_check_stays_to_be_settled(lanck, phone, go_down):
    verification = start_verification(number=phone)
    code = lanck.sent[-1].code
    lanck.lose_answer()
    assert check_verification(verification_id=verification.pk, code=code).refusal == "check_unknown"
    for _ in range(4):
        lanck.answer({}, http_status=500)
        send_sms(number=OTHER, text="Hi")
    asked = list(lanck.requests)
    refused = check_verification(verification_id=verification.pk, code=code).error
    assert is_general_503(refused, "check_unknown")
    assert lanck.requests == asked
    assert Verification.objects.get().state == "pending"


def test_a_code_of_the_sites_own_is_checked_all_the_same(lanck, phone, go_down):
    verification = start_verification(number=phone, code_source="site")
    code = lanck.sent[-1].code
    go_down()
    assert check_verification(verification_id=verification.pk, code=code).proof


def test_what_is_no_verification_raises_not_sent(lanck, phone, go_down):
    go_down()
    with pytest.raises(NotSent, match="LANCK was not asked") as refused:
        send_sms(number=phone, text="Hi")
    assert Message.objects.get(pk=refused.value.message_id).status == "refused"
    with pytest.raises(NotSent, match="LANCK was not asked"):
        look_up(number=phone)
    assert lanck.requests == []


def test_one_send_that_is_lost_is_unknown_and_the_next_goes(lanck, phone):
    lanck.lose_answer()
    assert start_verification(number=phone).delivery == "unknown"
    assert start_verification(number=OTHER).delivery == "accepted"
