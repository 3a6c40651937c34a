import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend

from django_lanck import signals
from django_lanck.models import Verification, VerifiedNumber
from tests.web.conftest import OTHER, address, owner, text

CONFIRM = f"{address('confirm')}?next={address('change')}"


@pytest.fixture
def member(visitor, account):
    """Somebody with a number, who is logged in."""
    visitor.log_in(account())
    return visitor


def long_ago(visitor):
    session = visitor.client.session
    session["lanck_authenticated_at"] -= 901
    session.save()


def test_the_new_number_takes_the_place_of_the_old_one(member, phone):
    assert "+1201•••0123" in text(member.open("change"))
    assert member.give("change", OTHER)["Location"] == address("change", "code")
    page = text(member.type("change"))
    assert "Your number is <bdi>+1 201-555-0124</bdi> now." in page
    assert "Another account had this number." not in page
    assert (owner(phone), owner(OTHER)) == (None, member.user)


def test_a_first_number_is_added_in_the_same_way(visitor, phone):
    visitor.log_in(get_user_model().objects.create_user("ada"))
    assert "takes its place" not in text(visitor.open("change"))
    visitor.prove("change", phone)
    assert owner(phone) == visitor.user


def test_the_session_gets_a_new_key_and_stays_logged_in(member):
    member.give("change", OTHER)
    before, user = member.client.session.session_key, member.user
    member.type("change")
    assert member.client.session.session_key != before
    assert member.user == user


def test_a_number_of_somebody_else_is_taken_over_and_told(
    member, account, phone, record_signal, django_capture_on_commit_callbacks
):
    verified, taken = record_signal(signals.number_verified), record_signal(signals.number_taken_over)
    other = account(OTHER)
    del verified[:]
    with django_capture_on_commit_callbacks(execute=True):
        page = member.prove("change", OTHER, next="/members/")
    assert "Another account had this number." in text(page)
    assert 'href="/members/"' in text(page)
    assert [(said["old_user_id"], said["new_user_id"]) for said in taken] == [(other.pk, member.user.pk)]
    assert [said["user"] for said in verified] == [member.user]
    assert (owner(OTHER), other.verified_numbers.count()) == (member.user, 0)


def test_the_same_number_again_is_a_newer_proof_of_it(member, phone):
    before = VerifiedNumber.objects.get()
    assert "Another account" not in text(member.prove("change", phone))
    after = VerifiedNumber.objects.get()
    assert (after.pk, after.user) == (before.pk, before.user)
    assert after.verified_at > before.verified_at


def test_the_page_that_was_asked_for_comes_after_it(member):
    assert member.prove("change", OTHER, next="/members/")["Location"] == "/members/"


def test_somebody_who_is_not_logged_in_logs_in_first(visitor):
    for step in ("", "code"):
        target = f"{address('login')}?next={address('change', step)}"
        assert visitor.open("change", step)["Location"] == target
    assert visitor.give("change", OTHER)["Location"] == f"{address('login')}?next={address('change')}"


def test_nobody_confirms_who_is_not_logged_in(visitor):
    for step in ("", "code"):
        assert visitor.open("confirm", step)["Location"] == f"{address('login')}?next={address('confirm', step)}"


def test_a_login_that_is_long_ago_is_confirmed_first(member, lanck):
    long_ago(member)
    sent = len(lanck.sent)
    assert member.open("change")["Location"] == CONFIRM
    assert member.give("change", OTHER)["Location"] == CONFIRM
    assert len(lanck.sent) == sent


def test_one_that_becomes_too_old_on_the_way_too(member):
    member.give("change", OTHER)
    long_ago(member)
    assert member.type("change")["Location"].startswith(address("confirm"))
    assert owner(OTHER) is None


def test_how_long_that_is_the_settings_say(member, site):
    long_ago(member)
    site(RECENT_AUTHENTICATION=1000)
    assert member.open("change").status_code == 200


def test_a_login_at_a_worker_whose_clock_is_ahead_is_recent(member):
    session = member.client.session
    session["lanck_authenticated_at"] += 300
    session.save()
    assert member.open("change").status_code == 200


def test_a_session_that_never_said_when_is_not_recent(member):
    session = member.client.session
    del session["lanck_authenticated_at"]
    session.save()
    assert member.open("change")["Location"] == CONFIRM


def test_the_password_confirms(visitor, account):
    visitor.log_in(account(password="correct horse"))
    long_ago(visitor)
    page = visitor.open("confirm", next=address("change"))
    assert 'autocomplete="current-password"' in text(page)
    before = visitor.client.session.session_key
    wrong = visitor.press("confirm", "", password="wrong", next=address("change"))
    assert "This password is not right." in text(wrong)
    assert visitor.open("change")["Location"] == CONFIRM
    right = visitor.press("confirm", "", password="correct horse", next=address("change"))
    assert right["Location"] == address("change")
    assert visitor.client.session.session_key != before
    assert visitor.open("change").status_code == 200


def test_a_wrong_password_is_told_to_whoever_counts_them(visitor, account, record_signal):
    from django.contrib.auth.signals import user_login_failed

    failed = record_signal(user_login_failed)
    visitor.log_in(account(password="correct horse"))
    visitor.press("confirm", "", password="wrong")
    assert len(failed) == 1


class ByPassword(ModelBackend):
    """A backend that asks for no name: the password says who it is."""

    def authenticate(self, request, password=None, **credentials):
        return next((user for user in get_user_model().objects.all() if user.check_password(password)), None)


@pytest.mark.parametrize("backend", ["django.contrib.auth.backends.ModelBackend", f"{__name__}.ByPassword"])
def test_the_password_of_another_account_confirms_nothing(visitor, account, settings, backend):
    settings.AUTHENTICATION_BACKENDS = [backend]
    account(OTHER, password="theirs")
    visitor.log_in(account(password="mine"))
    long_ago(visitor)
    visitor.press("confirm", "", password="theirs")
    assert visitor.open("change")["Location"] == CONFIRM


def test_without_a_password_a_code_to_the_own_number_confirms(member, lanck, phone):
    long_ago(member)
    page = text(member.open("confirm", next=address("change")))
    assert "We send a code to <bdi>+1201•••0123</bdi>." in page
    sent = member.press("confirm", "", number=OTHER, next=address("change"))
    assert sent["Location"] == address("confirm", "code")
    assert lanck.sent[-1].number == phone  # whatever the browser says
    assert member.type("confirm")["Location"] == address("change")
    assert member.open("change").status_code == 200
    assert Verification.objects.get(purpose="confirm").proof_redeemed_at


def test_a_wrong_code_confirms_nothing(member):
    long_ago(member)
    member.press("confirm", "")
    assert "This code is not right." in text(member.type("confirm", "000000"))
    assert member.open("change")["Location"] == CONFIRM


def test_a_number_that_was_lost_meanwhile_confirms_nothing(member, stranger, phone):
    long_ago(member)
    member.press("confirm", "")
    code = member.lanck.sent[-1].code
    stranger.prove("signup", phone)
    stranger.press("signup", "finish", new=1)
    assert owner(phone) == stranger.user
    assert "Someone proved this number more recently." in text(member.type("confirm", code))
    assert member.open("change")["Location"] == CONFIRM


def test_somebody_with_neither_password_nor_number_is_told_what_to_do(visitor):
    visitor.log_in(get_user_model().objects.create_user("ada"))
    assert "Log out and log in again" in text(visitor.open("confirm"))
    assert "Log out and log in again" in text(visitor.press("confirm", ""))


def test_a_refused_code_is_told_on_the_page(member, lanck):
    lanck.refuse(6)
    assert "We cannot send or check codes at the moment." in text(member.press("confirm", ""))
