import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import override_settings

from django_lanck import signals
from django_lanck.exceptions import Refusal
from django_lanck.models import Verification, VerifiedNumber
from django_lanck.services import (
    authenticate_by_proof,
    change_number,
    claim_number,
    confirm_user,
    is_password_of,
    redeem_proof,
    sign_up,
)
from tests import helpers
from tests.helpers import catch_refusal

pytestmark = pytest.mark.django_db
users = get_user_model().objects


@pytest.fixture
def prove(lanck, phone):
    """Return the proof of a right code: ``prove(purpose)``."""

    return lambda purpose="signup", number=phone: helpers.prove(lanck, number, purpose=purpose)


@pytest.fixture
def site(settings, lanck):
    """Change keys of ``LANCK``: ``site(ACCOUNT_GUARD="…")``."""

    def change(**keys):
        settings.LANCK = {**lanck.settings, **keys}

    return change


@pytest.fixture
def owner(prove):
    """Create a user who owns the number: ``owner(is_staff=True)``."""

    def create(**fields):
        user = users.create_user(f"owner {users.count()}", **fields)
        proof = prove()
        redeem_proof(proof=proof)
        claim_number(user=user, proof=proof)
        return user

    return create


def is_spent(purpose="signup"):
    return Verification.objects.filter(purpose=purpose).latest("created_at").proof_redeemed_at is not None


def test_signup_creates_the_user_claims_the_number_and_sends_one_signal(prove, phone, record_signal, rf):
    completed, request = record_signal(signals.signup_completed), rf.post("/")
    user = sign_up(proof=prove(), request=request, binding="")
    claim = VerifiedNumber.objects.get(number=phone)
    assert (users.get(), claim.user) == (user, user)
    assert [(sent["user"], sent["verified_number"], sent["request"]) for sent in completed] == [(user, claim, request)]


def test_signup_with_a_spent_proof_is_refused(prove):
    proof = prove()
    sign_up(proof=proof)
    assert catch_refusal(sign_up, proof=proof).code == "invalid_proof"
    assert users.count() == 1


def test_signup_with_another_binding_is_refused(prove, rf):
    request = rf.post("/")
    request.session = {"lanck_binding": "x"}
    assert catch_refusal(sign_up, proof=prove(), request=request).code == "invalid_proof"


NOT_LET_IN = [
    ({"is_active": False}, "account_closed"),
    ({"is_staff": True}, "other_login_required"),
    ({"is_superuser": True}, "other_login_required"),
]


@pytest.mark.parametrize("take_over", [False, True])
@pytest.mark.parametrize(("fields", "code"), NOT_LET_IN)
def test_signup_with_the_number_of_a_closed_or_staff_account_is_refused_with_the_proof_unspent(
    owner, prove, fields, code, take_over
):
    user = owner(**fields)
    assert catch_refusal(sign_up, proof=prove(), take_over=take_over).code == code
    assert (users.get(), VerifiedNumber.objects.get().user, is_spent()) == (user, user, False)


def test_signup_with_a_number_that_has_an_owner_is_refused_with_the_proof_unspent(owner, prove):
    user = owner()
    assert catch_refusal(sign_up, proof=prove()).code == "number_taken"
    assert (users.get(), VerifiedNumber.objects.get().user, is_spent()) == (user, user, False)


def test_signup_that_takes_over_moves_the_number_and_leaves_the_other_account_alone(owner, prove, phone):
    other = owner(email="ada@example.com")
    user = sign_up(proof=prove(), take_over=True)
    assert user != other
    assert VerifiedNumber.objects.get().user == user
    other.refresh_from_db()
    assert (other.email, user.email) == ("ada@example.com", "")


def test_signup_is_refused_when_another_account_claims_the_number_meanwhile(owner, prove, monkeypatch, record_signal):
    user, proof = owner(), prove()
    monkeypatch.setattr("django_lanck.services.verifications.accounts.owner_of", lambda number: None)
    taken = record_signal(signals.number_taken_over)
    assert catch_refusal(sign_up, proof=proof).code == "number_taken"
    assert (users.get(), VerifiedNumber.objects.get().user, is_spent(), taken) == (user, user, False, [])


def test_signup_with_invalid_form_data_is_refused_with_its_errors(prove, lanck):
    with override_settings(LANCK={**lanck.settings, "SIGNUP_FORM": "tests.web.forms.NameForm"}):
        refusal = catch_refusal(sign_up, proof=prove(), data={"coupon": "x"})
        assert (refusal.code, refusal.errors) == ("invalid_argument", {"first_name": ["This field is required."]})
        assert not is_spent()
        assert sign_up(proof=prove(), data={"first_name": "Ada"}).first_name == "Ada"


def test_signup_with_a_value_of_another_account_is_refused_with_the_proof_unspent(prove, lanck):
    users.create_user("ada")
    with override_settings(LANCK={**lanck.settings, "SIGNUP_FORM": "tests.web.forms.UncheckedUsernameForm"}):
        proof = prove()
        assert catch_refusal(sign_up, proof=proof, data={"username": "ada"}).code == "duplicate_value"
        assert not is_spent()
        assert sign_up(proof=proof, data={"username": "grace"}).username == "grace"


def test_signup_with_the_proof_of_a_login_is_refused_on_a_site_without_signup(prove, lanck):
    with override_settings(LANCK={**lanck.settings, "PURPOSES": {"login": {}}}):
        assert catch_refusal(sign_up, proof=prove("login"), purpose="login").code == "invalid_purpose"
        assert not is_spent("login")


@pytest.mark.django_db(transaction=True)
def test_signup_inside_a_transaction_sends_its_signal_after_the_commit(prove, record_signal):
    completed, proof = record_signal(signals.signup_completed), prove()
    with transaction.atomic():
        sign_up(proof=proof)
        assert completed == []
    assert len(completed) == 1


def test_login_returns_the_owner_and_spends_the_proof(owner, prove):
    user = owner()
    assert authenticate_by_proof(proof=prove("login")) == user
    assert is_spent("login")


def test_login_with_the_proof_of_a_signup_is_refused(owner, prove):
    owner()
    assert catch_refusal(authenticate_by_proof, proof=prove()).code == "invalid_proof"


def test_login_without_an_account_is_refused_with_the_proof_unspent(prove):
    assert catch_refusal(authenticate_by_proof, proof=prove("login")).code == "no_account"
    assert not is_spent("login")


@pytest.mark.parametrize(("fields", "code"), NOT_LET_IN)
def test_login_to_a_closed_or_staff_account_is_refused_and_spends_the_proof(owner, prove, fields, code):
    owner(**fields)
    assert catch_refusal(authenticate_by_proof, proof=prove("login")).code == code
    assert is_spent("login")


def test_account_guard_of_the_site_replaces_the_default_guard(owner, prove, site):
    user = owner(is_staff=True)
    site(ACCOUNT_GUARD="tests.services.test_accounts.passkey_for_signup")
    assert authenticate_by_proof(proof=prove("login")) == user
    assert catch_refusal(sign_up, proof=prove()).code == "use_passkey"
    assert catch_refusal(sign_up, proof=prove(), take_over=True).code == "use_passkey"
    assert not is_spent()


def passkey_for_signup(user, purpose):
    return Refusal("use_passkey", detail="Use your passkey.") if purpose == "signup" else None


def test_changed_number_reports_whether_another_account_had_it(owner, prove, phone):
    owner()
    user = users.create_user("ada")
    assert change_number(user=user, proof=prove("change_number")).taken_over
    assert not change_number(user=user, proof=prove("change_number")).taken_over
    assert not change_number(user=user, proof=prove("change_number", "+12015550190")).taken_over


def test_proof_of_the_own_number_confirms_a_user(owner, prove):
    user = owner()
    confirm_user(user=user, proof=prove("confirm"))
    assert is_spent("confirm")
    assert catch_refusal(confirm_user, user=users.create_user("ada"), proof=prove("confirm")).code == "newer_claim"


def test_only_the_own_password_confirms_a_user():
    ada, _grace = users.create_user("ada", password="hers"), users.create_user("grace", password="other")
    assert is_password_of(ada, "hers")
    assert not is_password_of(ada, "other")
