import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend

from django_lanck import signals
from django_lanck.models import Verification, VerifiedNumber
from tests.web.conftest import OTHER, owner, text, url_of

CONFIRM = f"{url_of('confirm')}?next={url_of('change')}"


@pytest.fixture
def member(visitor, create_account):
    """A visitor with a number who is logged in."""
    visitor.log_in(create_account())
    return visitor


def expire_authentication(visitor):
    session = visitor.client.session
    session["lanck_authenticated_at"] -= 901
    session.save()


def test_new_number_replaces_the_old_one(member, phone):
    assert "+1201•••0123" in text(member.open("change"))
    assert member.submit_number("change", OTHER)["Location"] == url_of("change", "code")
    page = text(member.type_code("change"))
    assert "Your number is <bdi>+1 201-555-0124</bdi> now." in page
    assert "Another account had this number." not in page
    assert (owner(phone), owner(OTHER)) == (None, member.user)


def test_first_number_is_added(visitor, phone):
    visitor.log_in(get_user_model().objects.create_user("ada"))
    assert "takes its place" not in text(visitor.open("change"))
    visitor.prove("change", phone)
    assert owner(phone) == visitor.user


def test_change_cycles_the_session_key_and_keeps_the_login(member):
    member.submit_number("change", OTHER)
    before, user = member.client.session.session_key, member.user
    member.type_code("change")
    assert member.client.session.session_key != before
    assert member.user == user


def test_number_of_another_account_is_taken_over_with_a_notice(
    member, create_account, phone, record_signal, django_capture_on_commit_callbacks
):
    verified, taken = record_signal(signals.number_verified), record_signal(signals.number_taken_over)
    other = create_account(OTHER)
    del verified[:]
    with django_capture_on_commit_callbacks(execute=True):
        page = member.prove("change", OTHER, next="/members/")
    assert "Another account had this number." in text(page)
    assert 'href="/members/"' in text(page)
    assert [(said["old_user_id"], said["new_user_id"]) for said in taken] == [(other.pk, member.user.pk)]
    assert [said["user"] for said in verified] == [member.user]
    assert (owner(OTHER), other.verified_numbers.count()) == (member.user, 0)


def test_verifying_the_same_number_again_updates_its_time(member, phone):
    before = VerifiedNumber.objects.get()
    assert "Another account" not in text(member.prove("change", phone))
    after = VerifiedNumber.objects.get()
    assert (after.pk, after.user) == (before.pk, before.user)
    assert after.verified_at > before.verified_at


def test_change_redirects_to_the_requested_page(member):
    assert member.prove("change", OTHER, next="/members/")["Location"] == "/members/"


def test_change_redirects_an_anonymous_visitor_to_the_login(visitor):
    for step in ("", "code"):
        target = f"{url_of('login')}?next={url_of('change', step)}"
        assert visitor.open("change", step)["Location"] == target
    assert visitor.submit_number("change", OTHER)["Location"] == f"{url_of('login')}?next={url_of('change')}"


def test_confirmation_redirects_an_anonymous_visitor_to_the_login(visitor):
    for step in ("", "code"):
        assert visitor.open("confirm", step)["Location"] == f"{url_of('login')}?next={url_of('confirm', step)}"


def test_change_needs_a_confirmation_of_an_old_login(member, lanck):
    expire_authentication(member)
    sent = len(lanck.sent)
    assert member.open("change")["Location"] == CONFIRM
    assert member.submit_number("change", OTHER)["Location"] == CONFIRM
    assert len(lanck.sent) == sent


def test_authentication_that_expires_before_the_code_needs_a_confirmation(member):
    member.submit_number("change", OTHER)
    expire_authentication(member)
    assert member.type_code("change")["Location"].startswith(url_of("confirm"))
    assert owner(OTHER) is None


def test_recent_authentication_setting_extends_the_time(member, lanck_settings):
    expire_authentication(member)
    lanck_settings(RECENT_AUTHENTICATION=1000)
    assert member.open("change").status_code == 200


def test_login_time_in_the_future_is_recent(member):
    session = member.client.session
    session["lanck_authenticated_at"] += 300
    session.save()
    assert member.open("change").status_code == 200


def test_session_without_a_login_time_is_not_recent(member):
    session = member.client.session
    del session["lanck_authenticated_at"]
    session.save()
    assert member.open("change")["Location"] == CONFIRM


def test_right_password_confirms_and_wrong_one_does_not(visitor, create_account):
    visitor.log_in(create_account(password="correct horse"))
    expire_authentication(visitor)
    page = visitor.open("confirm", next=url_of("change"))
    assert 'autocomplete="current-password"' in text(page)
    before = visitor.client.session.session_key
    wrong = visitor.post("confirm", "", password="wrong", next=url_of("change"))
    assert "This password is not right." in text(wrong)
    assert visitor.open("change")["Location"] == CONFIRM
    right = visitor.post("confirm", "", password="correct horse", next=url_of("change"))
    assert right["Location"] == url_of("change")
    assert visitor.client.session.session_key != before
    assert visitor.open("change").status_code == 200


def test_wrong_password_sends_user_login_failed(visitor, create_account, record_signal):
    from django.contrib.auth.signals import user_login_failed

    failed = record_signal(user_login_failed)
    visitor.log_in(create_account(password="correct horse"))
    visitor.post("confirm", "", password="wrong")
    assert len(failed) == 1


class ByPassword(ModelBackend):
    """A backend that finds the user by the password alone."""

    def authenticate(self, request, password=None, **credentials):
        return next((user for user in get_user_model().objects.all() if user.check_password(password)), None)


@pytest.mark.parametrize("backend", ["django.contrib.auth.backends.ModelBackend", f"{__name__}.ByPassword"])
def test_password_of_another_account_does_not_confirm(visitor, create_account, settings, backend):
    settings.AUTHENTICATION_BACKENDS = [backend]
    create_account(OTHER, password="theirs")
    visitor.log_in(create_account(password="mine"))
    expire_authentication(visitor)
    visitor.post("confirm", "", password="theirs")
    assert visitor.open("change")["Location"] == CONFIRM


def test_user_without_a_password_confirms_by_a_code_to_their_number(member, lanck, phone):
    expire_authentication(member)
    page = text(member.open("confirm", next=url_of("change")))
    assert "We send a code to <bdi>+1201•••0123</bdi>." in page
    sent = member.post("confirm", "", number=OTHER, next=url_of("change"))
    assert sent["Location"] == url_of("confirm", "code")
    assert lanck.sent[-1].number == phone  # the number of the request is ignored
    assert member.type_code("confirm")["Location"] == url_of("change")
    assert member.open("change").status_code == 200
    assert Verification.objects.get(purpose="confirm").proof_redeemed_at


def test_wrong_code_does_not_confirm(member):
    expire_authentication(member)
    member.post("confirm", "")
    assert "This code is not right." in text(member.type_code("confirm", "000000"))
    assert member.open("change")["Location"] == CONFIRM


def test_number_that_was_taken_over_meanwhile_does_not_confirm(member, other_browser, phone):
    expire_authentication(member)
    member.post("confirm", "")
    code = member.lanck.sent[-1].code
    other_browser.prove("signup", phone)
    other_browser.post("signup", "finish", new=1)
    assert owner(phone) == other_browser.user
    assert "Someone proved this number more recently." in text(member.type_code("confirm", code))
    assert member.open("change")["Location"] == CONFIRM


def test_user_with_neither_password_nor_number_has_to_log_in_again(visitor):
    visitor.log_in(get_user_model().objects.create_user("ada"))
    assert "Log out and log in again" in text(visitor.open("confirm"))
    assert "Log out and log in again" in text(visitor.post("confirm", ""))


def test_refused_start_is_shown_on_the_confirmation_page(member, lanck):
    lanck.refuse(6)
    assert "We cannot send or check codes at the moment." in text(member.post("confirm", ""))
