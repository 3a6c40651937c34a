"""The services for support staff: diagnosis, possible actions, resends, refreshing and opt-outs."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Permission

from django_lanck.exceptions import InsufficientFunds, Refusal
from django_lanck.models import Message, OptOut, Verification
from django_lanck.services import cancel_verification, opt_out, send_sms, start_verification
from django_lanck.services.messages.opt_outs import lift_opt_outs, restore_opt_outs
from django_lanck.services.messages.refresh import refresh_messages
from django_lanck.services.support.actions import may_act, possible_actions, resendable_verification
from django_lanck.services.support.diagnosis import Advice, Cause, diagnose
from django_lanck.services.support.story import read_story

pytestmark = pytest.mark.django_db
OTHER_NUMBER = "+12015550199"


@pytest.fixture
def pending(lanck, phone, backdate):
    """Return a verification that was started a minute ago."""
    verification = start_verification(number=phone)
    backdate(verification, 60)
    return verification


def story_of(number):
    return read_story(number, lambda model: True)


def user_with(*codenames):
    user = get_user_model().objects.create_user("staff")
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="lanck", codename__in=codenames))
    return user


def test_overdue_delivery_advises_to_refresh(pending, phone):
    diagnosis = diagnose(story_of(phone))
    assert (diagnosis.cause, diagnosis.advice, diagnosis.action) == (Cause.DELIVERY, Advice.REFRESH, "refresh")
    assert diagnosis.verification == pending
    assert diagnosis.message == Message.objects.get()


def test_canceled_verification_with_undelivered_message_advises_another_method(lanck, pending, phone):
    lanck.report(lanck.sent[-1], "UNDELIVERED")
    cancel_verification(verification_id=pending.pk)
    diagnosis = diagnose(story_of(phone))
    assert (diagnosis.cause, diagnosis.advice) == (Cause.CANCELED, Advice.NEW_CODE_BY_OTHER_METHOD)
    assert diagnosis.action == ""


def test_undelivered_message_without_verification_has_no_action(lanck, phone):
    send_sms(number=phone, text="Hi")
    lanck.report(lanck.sent[-1], "UNDELIVERED")
    diagnosis = diagnose(story_of(phone))
    assert (diagnosis.cause, diagnosis.advice, diagnosis.action) == (Cause.DELIVERY, Advice.RESEND, "")


def test_exceeded_limit_of_the_number_advises_to_lift_it(enable_limits, lanck, phone):
    enable_limits(LIMITS={"number": ["1/hour"]}, WATCH=["ladder"])
    start_verification(number=phone)
    with pytest.raises(Refusal, match="too_many_requests"):
        start_verification(number=phone)
    diagnosis = diagnose(story_of(phone))
    assert (diagnosis.cause, diagnosis.advice, diagnosis.action) == (Cause.LIMIT, Advice.LIFT_LIMIT, "lift")
    assert diagnosis.limit.rule == "number"


def test_number_without_rows_and_limits_has_no_request(phone):
    diagnosis = diagnose(story_of(phone))
    assert (diagnosis.cause, diagnosis.advice) == (Cause.NO_REQUEST, Advice.COMPARE_NUMBER)


def test_possible_actions_follow_the_permissions_of_the_user(pending, phone):
    user = user_with("view_verification", "view_message", "send_message")
    actions = possible_actions(story_of(phone), user)
    assert actions.refresh
    assert [(verification, sorted(methods)) for verification, methods in actions.resends] == [
        (pending, ["call", "sms", "voice"])
    ]
    assert not actions.lift
    assert not actions.forget


@pytest.mark.parametrize("action", ["refresh", "resend", "lift", "forget"])
def test_action_without_permission_to_read_stories_is_not_allowed(action):
    user = user_with("view_message", "send_message", "lift_limit", "forget_number")
    assert not may_act(user, action)
    assert not may_act(AnonymousUser(), action)


def test_pending_verification_is_resendable_by_an_offered_method(pending, phone):
    found = resendable_verification(number=phone, verification_id=str(pending.pk), method="voice")
    assert found == pending


@pytest.mark.parametrize(
    ("number", "method", "state", "code"),
    [
        (OTHER_NUMBER, "voice", "pending", "not_found"),
        ("", "voice", "canceled", "not_found"),
        ("", "viber", "pending", "invalid_method"),
    ],
)
def test_other_ended_or_wrongly_resent_verification_is_not_resendable(pending, phone, number, method, state, code):
    Verification.objects.update(state=state)
    with pytest.raises(Refusal, match=code):
        resendable_verification(number=number or phone, verification_id=str(pending.pk), method=method)


def test_refreshing_counts_changed_and_unknown_messages(lanck, phone):
    for number in (phone, OTHER_NUMBER):
        start_verification(number=number)
    unknown = Message.objects.create(channel="sms", number=phone, request_id="unknown")
    Message.objects.create(channel="sms", number=phone)
    done = refresh_messages(messages=Message.objects.order_by("pk"))
    assert (done.refreshed, done.changed, done.without_id) == (3, 2, 1)
    assert done.not_found == [unknown]
    assert done.error is None


def test_refreshing_stops_at_an_error_of_the_account(lanck, phone):
    for number in (phone, OTHER_NUMBER):
        start_verification(number=number)
    lanck.refuse(6, http_status=403)
    done = refresh_messages(messages=Message.objects.order_by("pk"))
    assert (done.refreshed, done.changed) == (1, 0)
    assert isinstance(done.error, InsufficientFunds)


@pytest.mark.parametrize("change", [lift_opt_outs, restore_opt_outs])
def test_change_of_an_opt_out_is_undone_when_its_callback_fails(phone, change):
    opt_out(number=phone)
    if change is restore_opt_outs:
        OptOut.objects.all().lift()
    before = OptOut.objects.get().lifted_at

    def fail(row):
        raise RuntimeError("no log")

    with pytest.raises(RuntimeError, match="log"):
        change(rows=OptOut.objects.all(), on_change=fail)
    assert OptOut.objects.get().lifted_at == before
