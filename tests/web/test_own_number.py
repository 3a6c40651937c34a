"""The ready pages for an account whose number is not valid in today's numbering plan."""

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from django_lanck.models import VerifiedNumber
from tests.web.conftest import OTHER, owner, text, url_of

BENIN = "+22997000042"


@pytest.fixture
def member(visitor):
    """A logged-in visitor with an outdated number, no password, and a login of long ago."""
    user = get_user_model().objects.create_user("ada")
    VerifiedNumber.objects.create(user=user, number=BENIN, verified_at=timezone.now())
    visitor.log_in(user)
    session = visitor.client.session
    session["lanck_authenticated_at"] -= 901
    session.save()
    return visitor


def test_outdated_number_confirms_and_is_changed_away_from(member):
    assert member.post("confirm", "", next=url_of("change"))["Location"] == url_of("confirm", "code")
    assert member.lanck.sent[-1].number == BENIN
    assert member.type_code("confirm")["Location"] == url_of("change")
    assert '<option value="BJ" selected' in text(member.open("change"))
    member.prove("change", OTHER)
    assert (owner(BENIN), owner(OTHER)) == (None, member.user)


@pytest.mark.parametrize("fields", [{"number": BENIN}, {"number": "97 00 00 42", "country": "BJ"}])
def test_number_page_accepts_the_own_outdated_number_and_shows_it_again(member, fields):
    member.post("confirm", "")
    member.type_code("confirm")
    assert member.submit_number("change", **fields)["Location"] == url_of("change", "code")
    assert 'value="+229 97000042"' in text(member.open("change"))
    member.type_code("change")
    assert owner(BENIN) == member.user


def test_number_page_refuses_the_outdated_number_of_another_account(member, other_browser):
    assert "valid phone number" in text(other_browser.submit_number("login", BENIN))
    assert member.lanck.sent == []
