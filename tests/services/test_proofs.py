import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import transaction

from django_lanck import signals
from django_lanck.exceptions import Refusal
from django_lanck.models import VerifiedNumber
from django_lanck.services import (
    change_number,
    check_verification,
    claim_number,
    number_of_proof,
    owner_of,
    redeem_proof,
    start_verification,
    verified_number_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def prove(lanck, phone):
    def proved(binding=""):
        verification = start_verification(number=phone, binding=binding)
        return check_verification(verification_id=verification.pk, code=lanck.sent[-1].code, binding=binding).proof

    return proved


@pytest.fixture
def make_user():
    return lambda name: get_user_model().objects.create_user(name)


def refused(call, **arguments):
    with pytest.raises(Refusal) as refusal:
        call(**arguments)
    return refusal.value.code


def test_a_proof_gives_its_number_once(prove, phone):
    proof = prove()
    assert redeem_proof(proof=proof) == phone
    assert refused(redeem_proof, proof=proof) == "invalid_proof"


def test_a_proof_is_for_one_purpose_and_one_binding(prove, phone):
    proof = prove("session:a")
    assert refused(redeem_proof, proof=proof) == "invalid_proof"
    assert refused(redeem_proof, proof=proof, binding="session:b") == "invalid_proof"
    assert refused(redeem_proof, proof=proof, binding="session:a", purpose="login") == "invalid_proof"
    assert redeem_proof(proof=proof, binding=["user:7", "session:a"]) == phone


def test_a_proof_grows_old(prove, backdate, lanck):
    from django_lanck.models import Verification

    proof = prove()
    backdate(Verification.objects.get(), 901)
    assert refused(redeem_proof, proof=proof) == "invalid_proof"


@pytest.mark.parametrize("proof", ["", "x", "x" * 10_000, "\x00", "ü", "\ud800", None, 7])
def test_what_is_no_proof_is_refused(proof):
    assert refused(redeem_proof, proof=proof) == "invalid_proof"


def test_a_signup_that_fails_leaves_the_proof_unspent(prove, phone):
    proof = prove()

    def signup():
        with transaction.atomic():
            redeem_proof(proof=proof)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        signup()
    assert redeem_proof(proof=proof) == phone


def test_a_redeemed_proof_claims_its_number(prove, make_user, phone):
    proof, user = prove(), make_user("a")
    redeem_proof(proof=proof)
    claim = claim_number(user=user, proof=proof)
    assert (claim.number, claim.user_id) == (phone, user.pk)
    assert claim_number(user=user, proof=proof) == claim


def test_an_unredeemed_proof_claims_nothing(prove, make_user):
    assert refused(claim_number, user=make_user("a"), proof=prove()) == "invalid_proof"
    assert refused(claim_number, user=make_user("b"), proof="x") == "invalid_proof"
    assert not VerifiedNumber.objects.exists()


def test_a_newer_proof_takes_the_number_over_with_one_signal(
    prove, make_user, record_signal, backdate, django_capture_on_commit_callbacks
):
    taken = record_signal(signals.number_taken_over)
    first, second = make_user("a"), make_user("b")
    old, new = prove(), prove()
    for user, proof in [(first, old), (second, new)]:
        redeem_proof(proof=proof)
        with django_capture_on_commit_callbacks(execute=True):
            claim_number(user=user, proof=proof)
    assert VerifiedNumber.objects.get().user == second
    assert [(said["old_user_id"], said["new_user_id"]) for said in taken] == [(first.pk, second.pk)]


def test_an_older_proof_takes_nothing_over(prove, make_user):
    old, new = prove(), prove()
    redeem_proof(proof=old)
    redeem_proof(proof=new)
    owner = make_user("a")
    claim_number(user=owner, proof=new)
    assert refused(claim_number, user=make_user("b"), proof=old) == "newer_claim"
    assert VerifiedNumber.objects.get().user == owner


def test_one_redeemed_proof_cannot_serve_two_users(prove, make_user):
    proof = prove()
    redeem_proof(proof=proof)
    claim_number(user=make_user("a"), proof=proof)
    assert refused(claim_number, user=make_user("b"), proof=proof) == "newer_claim"


def test_ones_own_older_proof_changes_nothing(prove, make_user):
    old, new = prove(), prove()
    redeem_proof(proof=old)
    redeem_proof(proof=new)
    owner = make_user("a")
    claim = claim_number(user=owner, proof=new)
    assert claim_number(user=owner, proof=old) == claim
    assert VerifiedNumber.objects.get().verified_at == claim.verified_at


def test_a_proof_may_be_looked_at_without_spending_it(prove, phone):
    proof = prove("session:a")
    assert number_of_proof(proof=proof, binding="session:a") == phone
    assert refused(number_of_proof, proof=proof, binding="session:b") == "invalid_proof"
    assert refused(number_of_proof, proof=proof, binding="session:a", purpose="login") == "invalid_proof"
    redeem_proof(proof=proof, binding="session:a")
    assert refused(number_of_proof, proof=proof, binding="session:a") == "invalid_proof"


def test_a_number_is_changed_all_at_once_or_not_at_all(prove, make_user, phone, lanck):
    user = make_user("ada")
    proof = prove_number(lanck, "+12015550190")
    redeem_proof(proof=proof)
    claim_number(user=user, proof=proof)
    spent = prove()
    redeem_proof(proof=spent)
    assert refused(change_number, user=user, proof=spent, purpose="signup") == "invalid_proof"
    assert verified_number_of(user).number == "+12015550190"
    claim = change_number(user=user, proof=prove(), purpose="signup")
    assert (claim.number, claim.user) == (phone, user)
    assert list(user.verified_numbers.values_list("number", flat=True)) == [phone]


def prove_number(lanck, number):
    verification = start_verification(number=number)
    return check_verification(verification_id=verification.pk, code=lanck.sent[-1].code).proof


def test_the_owner_of_a_number_and_the_newest_number_of_a_user_are_known(lanck, make_user):
    user, numbers = make_user("ada"), ["+12015550190", "+12015550191"]
    assert (owner_of(numbers[0]), verified_number_of(user), verified_number_of(AnonymousUser())) == (None, None, None)
    for number in numbers:
        proof = prove_number(lanck, number)
        redeem_proof(proof=proof)
        claim_number(user=user, proof=proof)
    assert owner_of(numbers[0]) == owner_of(numbers[1]) == user
    assert verified_number_of(user).number == numbers[1]
