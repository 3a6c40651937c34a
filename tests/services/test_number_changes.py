"""The signal ``number_changed``, and the text to the former number."""

import pytest
from django.contrib.auth import get_user_model

from django_lanck import signals
from django_lanck.models import Message, VerifiedNumber
from django_lanck.services import change_number, forget_number, sign_up
from tests import helpers

pytestmark = pytest.mark.django_db
OTHER = "+12015550177"


@pytest.fixture
def prove(lanck, phone):
    """Return the proof of a right code: ``prove(purpose, number)``."""
    return lambda purpose="signup", number=phone: helpers.prove(lanck, number, purpose=purpose)


@pytest.fixture
def changes(record_signal):
    """Return what ``number_changed`` sent, as old number, new number and reason."""
    sent = record_signal(signals.number_changed)
    return lambda: [(each["old_number"], each["new_number"], each["reason"]) for each in sent]


@pytest.fixture
def commit(django_capture_on_commit_callbacks):
    """Return a context manager that runs the callbacks of its block as a commit would."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def test_signup_sends_the_new_number_after_the_commit(prove, phone, changes, commit):
    with commit():
        sign_up(proof=prove())
        assert changes() == []
    assert changes() == [("", phone, "signup")]


def test_change_sends_the_old_and_the_new_number(prove, phone, changes, commit):
    with commit():
        user = sign_up(proof=prove())
        change_number(user=user, proof=prove("change_number", OTHER))
    assert (phone, OTHER, "change") in changes()


def test_takeover_is_sent_for_the_user_who_lost_the_number(prove, phone, changes, commit):
    with commit():
        sign_up(proof=prove())
    with commit():
        sign_up(proof=prove(), take_over=True)
    assert sorted(changes()[1:]) == [("", phone, "signup"), (phone, "", "takeover")]


@pytest.mark.parametrize(
    "remove",
    [
        lambda number: VerifiedNumber.objects.get().delete(),
        lambda number: get_user_model().objects.get().delete(),
        lambda number: forget_number(number=number),
    ],
    ids=["claim deleted", "user deleted", "number forgotten"],
)
def test_removal_sends_the_lost_number(prove, phone, changes, commit, remove):
    with commit():
        sign_up(proof=prove())
    with commit():
        remove(phone)
    assert changes()[1:] == [(phone, "", "removal")]


@pytest.mark.parametrize("notify", [True, False])
def test_former_number_gets_a_text_only_if_the_setting_is_on(prove, phone, lanck, settings, commit, notify):
    settings.LANCK = {**lanck.settings, "NOTIFY_FORMER_NUMBER": notify}
    with commit():
        user = sign_up(proof=prove())
        change_number(user=user, proof=prove("change_number", OTHER))
    texts = Message.objects.filter(verification=None)
    assert [message.number for message in texts] == ([phone] if notify else [])
    assert all(user.get_username() not in str(message.content) for message in texts)


def test_failed_text_to_the_former_number_does_not_undo_the_change(prove, lanck, settings, monkeypatch, commit):
    from django_lanck.exceptions import NotSent
    from django_lanck.services.verifications import number_changes

    def fail(**arguments):
        raise NotSent("no connection")

    settings.LANCK = {**lanck.settings, "NOTIFY_FORMER_NUMBER": True}
    monkeypatch.setattr(number_changes, "send_sms", fail)
    with commit():
        user = sign_up(proof=prove())
        change_number(user=user, proof=prove("change_number", OTHER))
    assert VerifiedNumber.objects.get().number == OTHER
