"""The helper of ``django_lanck.testing`` that gives a user a verified number."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model

from django_lanck import signals
from django_lanck.exceptions import Refusal
from django_lanck.models import VerifiedNumber
from django_lanck.services import change_number, owner_of, verified_number_of
from django_lanck.testing import verify_number
from tests.helpers import prove

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return get_user_model().objects.create_user("ada")


def test_number_belongs_to_the_user(ada, phone):
    claim = verify_number(ada, "+1 201 555 0123")
    assert (owner_of(phone), verified_number_of(ada)) == (ada, claim)


def test_number_of_another_user_moves_even_with_an_earlier_time(ada, phone):
    grace = get_user_model().objects.create_user("grace")
    verify_number(ada, phone)
    verify_number(grace, phone, verified_at=datetime(2024, 1, 31, tzinfo=UTC))
    verify_number(ada, phone)
    assert (VerifiedNumber.objects.get().user, owner_of(phone)) == (ada, ada)


def test_number_can_be_changed_by_a_proof(ada, phone, lanck):
    verify_number(ada, phone)
    change_number(user=ada, proof=prove(lanck, "+12015550124", purpose="change_number"))
    assert owner_of(phone) is None


def test_signal_is_sent(ada, phone, record_signal, django_capture_on_commit_callbacks):
    changed = record_signal(signals.number_changed)
    with django_capture_on_commit_callbacks(execute=True):
        verify_number(ada, phone)
    assert [sent["new_number"] for sent in changed] == [phone]


def test_invalid_number_is_refused(ada):
    with pytest.raises(Refusal, match="invalid_number"):
        verify_number(ada, "12")
