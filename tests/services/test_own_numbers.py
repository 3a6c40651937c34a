"""The number of an account is accepted in the form in which it is stored, whatever today's numbering plan says."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from django_lanck.models import VerifiedNumber
from django_lanck.services import (
    change_number,
    check_fraud,
    confirm_user,
    forget_number,
    limits_of_number,
    look_up,
    number_as_kept,
    number_in_text,
    opt_out,
    owner_of,
    parse_number,
    send_sms,
)
from django_lanck.services.numbers import country_of, same_digits
from tests.helpers import catch_refusal, prove, start

pytestmark = pytest.mark.django_db

# Benin added two digits in 2024; Mexico dropped the 1 of mobile numbers in 2019; +1 200 is no area code; the parser
# drops the 0 after +44.
BENIN, MEXICO, NOWHERE, CORRECTED = "+22997000042", "+5215512345678", "+12005550123", "+4407400123456"
OUTDATED = [BENIN, MEXICO, NOWHERE, CORRECTED]


@pytest.fixture
def owner():
    """Create a user who owns a number: ``owner(number)``."""

    def create(number=BENIN):
        user = get_user_model().objects.create_user(f"owner of {number}")
        VerifiedNumber.objects.create(user=user, number=number, verified_at=timezone.now())
        return user

    return create


@pytest.mark.parametrize("number", OUTDATED)
def test_code_to_the_own_number_confirms_a_user(owner, lanck, number):
    user = owner(number)
    confirm_user(user=user, proof=prove(lanck, number, purpose="confirm", user=user))
    assert lanck.sent[-1].number == number


@pytest.mark.parametrize(
    ("typed", "region"),
    [
        (BENIN, None),
        ("+229 97 00 00 42", "FR"),
        ("00229 97000042", None),
        ("+٢٢٩ ٩٧٠٠٠٠٤٢", None),
        ("97 00 00 42", "BJ"),
    ],
)
def test_own_number_is_accepted_in_any_spelling(owner, typed, region):
    user = owner()
    assert parse_number(typed, region=region, user=user).as_e164 == BENIN
    assert number_in_text(typed, region=region, user=user).as_e164 == BENIN


def test_own_number_with_words_around_it_is_accepted(owner):
    user = owner()
    assert number_in_text(f"I have {BENIN}.", user=user).as_e164 == BENIN
    assert number_in_text(f"I have {BENIN}.", user=user, region="FR").as_e164 == BENIN


@pytest.mark.parametrize("user", [None, AnonymousUser(), "another user"])
def test_outdated_number_of_an_account_is_refused_for_anybody_else(owner, lanck, user):
    owner()
    user = get_user_model().objects.create_user("ada") if user == "another user" else user
    assert catch_refusal(start, BENIN, user=user).code == "invalid_number"
    assert catch_refusal(parse_number, BENIN, user=user).code == "invalid_number"
    assert lanck.sent == []


def test_valid_number_is_parsed_without_a_statement(owner, django_assert_num_queries):
    user = owner()
    with django_assert_num_queries(0):
        parse_number("+1 (201) 555-0123", user=user)
        number_as_kept("+1 (201) 555-0123")


@pytest.mark.parametrize("number", OUTDATED)
def test_outdated_number_of_an_account_is_found(owner, lanck, number):
    user = owner(number)
    assert owner_of(number) == user
    assert number_as_kept(number) == number
    assert limits_of_number(number=number) == []
    assert look_up(number=number).number == number
    assert check_fraud(number=number).number == number
    assert send_sms(number=number, text="Hi").number == number
    assert opt_out(number=number)
    assert forget_number(number=number).verified_numbers == 1


@pytest.mark.parametrize("spelling", ["+229 97 00 00 42", "0022997000042", "+229-97-00-00-42"])
def test_owner_of_an_outdated_number_is_found_by_any_spelling(owner, spelling):
    user = owner()
    assert owner_of(spelling) == user


@pytest.mark.parametrize("number", ["", " ", "ACME", "+22997000043", "a\nb"])
def test_number_that_is_no_account_s_has_no_owner(owner, number):
    owner()
    assert owner_of(number) is None


@pytest.mark.parametrize("number", OUTDATED)
def test_outdated_number_is_changed_to_another(owner, lanck, phone, number):
    user = owner(number)
    change_number(user=user, proof=prove(lanck, phone, purpose="change_number", user=user))
    assert (owner_of(number), owner_of(phone)) == (None, user)


@pytest.mark.parametrize(("number", "country"), [(BENIN, "BJ"), (MEXICO, "MX"), (NOWHERE, "US"), ("ACME", "")])
def test_outdated_number_has_the_country_of_its_calling_code(number, country):
    assert country_of(number) == country


def test_country_list_with_the_country_of_the_own_outdated_number_accepts_it(owner, settings, lanck):
    settings.LANCK = {**lanck.settings, "COUNTRIES": ["BJ"]}
    assert start(BENIN, purpose="confirm", user=owner()).number == BENIN
    settings.LANCK = {**lanck.settings, "COUNTRIES": ["US"]}
    refusal = catch_refusal(start, BENIN, purpose="confirm", user=get_user_model().objects.get())
    assert refusal.code == "number_not_supported"


@pytest.mark.parametrize("number", [BENIN, MEXICO, "+2290197000042", "+390612345678"])
def test_same_digits_changes_no_digit(number):
    assert same_digits(number).as_e164 == number


@pytest.mark.parametrize("number", ["", "ACME", "+", "+999123456789", "+2"])
def test_same_digits_of_what_is_no_number_is_none(number):
    assert same_digits(number) is None
