"""Redeeming proofs and claiming numbers."""

from functools import partial

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import transaction

from django_lanck import signals
from django_lanck.models import Verification, VerifiedNumber
from django_lanck.services import (
    change_number,
    claim_number,
    number_of_proof,
    owner_of,
    redeem_proof,
    verified_number_of,
)
from tests.helpers import catch_refusal, prove

pytestmark = pytest.mark.django_db


@pytest.fixture
def new_proof(lanck):
    """Return a function that verifies a number and returns the proof: ``new_proof(number, binding=…)``."""
    return partial(prove, lanck)


@pytest.fixture
def make_user():
    return lambda name: get_user_model().objects.create_user(name)


def test_redeemed_proof_cannot_be_redeemed_again(new_proof, phone):
    proof = new_proof()
    assert redeem_proof(proof=proof) == phone
    assert catch_refusal(redeem_proof, proof=proof).code == "invalid_proof"


def test_proof_is_refused_for_another_purpose_or_binding(new_proof, phone):
    proof = new_proof(binding="session:a")
    assert catch_refusal(redeem_proof, proof=proof).code == "invalid_proof"
    assert catch_refusal(redeem_proof, proof=proof, binding="session:b").code == "invalid_proof"
    assert catch_refusal(redeem_proof, proof=proof, binding="session:a", purpose="login").code == "invalid_proof"
    assert redeem_proof(proof=proof, binding=["user:7", "session:a"]) == phone


def test_expired_proof_is_refused(new_proof, backdate, lanck):
    proof = new_proof()
    backdate(Verification.objects.get(), 901)
    assert catch_refusal(redeem_proof, proof=proof).code == "invalid_proof"


@pytest.mark.parametrize("proof", ["", "x", "x" * 10_000, "\x00", "ü", "\ud800", None, 7])
def test_invalid_proof_is_refused(proof):
    assert catch_refusal(redeem_proof, proof=proof).code == "invalid_proof"


def test_rollback_restores_the_proof(new_proof, phone):
    proof = new_proof()

    def sign_up_and_fail():
        with transaction.atomic():
            redeem_proof(proof=proof)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        sign_up_and_fail()
    assert redeem_proof(proof=proof) == phone


def test_redeemed_proof_claims_its_number(new_proof, make_user, phone):
    proof, user = new_proof(), make_user("a")
    redeem_proof(proof=proof)
    claim = claim_number(user=user, proof=proof)
    assert (claim.number, claim.user_id) == (phone, user.pk)
    assert claim_number(user=user, proof=proof) == claim


def test_proof_that_was_not_redeemed_claims_nothing(new_proof, make_user):
    assert catch_refusal(claim_number, user=make_user("a"), proof=new_proof()).code == "invalid_proof"
    assert catch_refusal(claim_number, user=make_user("b"), proof="x").code == "invalid_proof"
    assert not VerifiedNumber.objects.exists()


def test_newer_proof_takes_the_number_over_with_one_signal(
    new_proof, make_user, record_signal, backdate, django_capture_on_commit_callbacks
):
    takeovers = record_signal(signals.number_taken_over)
    first, second = make_user("a"), make_user("b")
    old, new = new_proof(), new_proof()
    for user, proof in [(first, old), (second, new)]:
        redeem_proof(proof=proof)
        with django_capture_on_commit_callbacks(execute=True):
            claim_number(user=user, proof=proof)
    assert VerifiedNumber.objects.get().user == second
    assert [(sent["old_user_id"], sent["new_user_id"]) for sent in takeovers] == [(first.pk, second.pk)]


def test_older_proof_does_not_take_the_number_over(new_proof, make_user):
    old, new = new_proof(), new_proof()
    redeem_proof(proof=old)
    redeem_proof(proof=new)
    owner = make_user("a")
    claim_number(user=owner, proof=new)
    assert catch_refusal(claim_number, user=make_user("b"), proof=old).code == "newer_claim"
    assert VerifiedNumber.objects.get().user == owner


def test_redeemed_proof_cannot_claim_for_a_second_user(new_proof, make_user):
    proof = new_proof()
    redeem_proof(proof=proof)
    claim_number(user=make_user("a"), proof=proof)
    assert catch_refusal(claim_number, user=make_user("b"), proof=proof).code == "newer_claim"


def test_older_proof_of_the_owner_changes_nothing(new_proof, make_user):
    old, new = new_proof(), new_proof()
    redeem_proof(proof=old)
    redeem_proof(proof=new)
    owner = make_user("a")
    claim = claim_number(user=owner, proof=new)
    assert claim_number(user=owner, proof=old) == claim
    assert VerifiedNumber.objects.get().verified_at == claim.verified_at


def test_number_of_proof_does_not_redeem_it(new_proof, phone):
    proof = new_proof(binding="session:a")
    assert number_of_proof(proof=proof, binding="session:a") == phone
    assert catch_refusal(number_of_proof, proof=proof, binding="session:b").code == "invalid_proof"
    assert catch_refusal(number_of_proof, proof=proof, binding="session:a", purpose="login").code == "invalid_proof"
    redeem_proof(proof=proof, binding="session:a")
    assert catch_refusal(number_of_proof, proof=proof, binding="session:a").code == "invalid_proof"


def test_change_of_number_with_an_invalid_proof_keeps_the_previous_number(new_proof, make_user, phone, lanck):
    user = make_user("ada")
    proof = new_proof("+12015550190")
    redeem_proof(proof=proof)
    claim_number(user=user, proof=proof)
    redeemed = new_proof()
    redeem_proof(proof=redeemed)
    assert catch_refusal(change_number, user=user, proof=redeemed, purpose="signup").code == "invalid_proof"
    assert verified_number_of(user).number == "+12015550190"
    claim = change_number(user=user, proof=new_proof(), purpose="signup")
    assert (claim.number, claim.user) == (phone, user)
    assert list(user.verified_numbers.values_list("number", flat=True)) == [phone]


def test_owner_of_a_number_and_newest_number_of_a_user_are_returned(new_proof, make_user):
    user, numbers = make_user("ada"), ["+12015550190", "+12015550191"]
    assert (owner_of(numbers[0]), verified_number_of(user), verified_number_of(AnonymousUser())) == (None, None, None)
    for number in numbers:
        proof = new_proof(number)
        redeem_proof(proof=proof)
        claim_number(user=user, proof=proof)
    assert owner_of(numbers[0]) == owner_of(numbers[1]) == user
    assert verified_number_of(user).number == numbers[1]
