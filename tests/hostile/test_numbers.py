"""Attacks on the ownership of numbers."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import Client

from django_lanck import signals
from django_lanck.models import Message, Verification, VerifiedNumber
from django_lanck.services import claim_number, redeem_proof
from tests.client.scripted import says, scripted
from tests.helpers import catch_refusal, wrong_code
from tests.hostile.conftest import binding_of

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/api/phone/verifications/"
MINE, THEIRS = "+12015550123", "+12015550100"
STARTED = says('{"requestId": "r1"}')


@pytest.fixture
def make_user():
    return lambda name: get_user_model().objects.create_user(name)


def success_answer(number: str | None, request_id: str = "r1", **more: object) -> str:
    named = {} if number is None else {"number": number}
    return json.dumps({"requestId": request_id, "method": "sms", "verifiedAt": 1_700_000_000_000, **named, **more})


def info_answer(number: str, status: str = "verified") -> str:
    return json.dumps({"status": status, "number": number, "method": "sms", "verifiedAt": 1_700_000_000_000})


def refusal_code(call, **arguments) -> str:
    return catch_refusal(call, **arguments).code


# LANCK's answers to a check and to the lookup after it.
OF_ANOTHER_NUMBER = [
    (success_answer(THEIRS), info_answer(THEIRS)),
    (success_answer(THEIRS), info_answer(MINE, "processing")),
    (success_answer(f"{MINE}0"), info_answer(THEIRS)),
    (success_answer("sms"), info_answer("").replace('"verifiedAt"', '"at"')),
    (success_answer(MINE, "r2"), info_answer(THEIRS)),
    (success_answer(None, "r2"), info_answer(THEIRS)),
    ("{}", info_answer(THEIRS)),
    ("[]", info_answer(THEIRS)),
]


def test_attack_11_swapped_number_is_not_verified(person, make_user, use_lanck_at):
    """A number is not verified by the code of another one: not if another number is named in a later request, if the
    user is edited meanwhile, or if the provider's answer names another number."""
    _verify_mine_and_claim_theirs(person, make_user)
    _edit_the_user_meanwhile(person)
    for answers in OF_ANOTHER_NUMBER:
        _lanck_names_another_number(use_lanck_at, *answers)
    assert set(Verification.objects.filter(state="verified").values_list("number", flat=True)) == {MINE}
    assert set(VerifiedNumber.objects.values_list("number", flat=True)) == {MINE}


def _verify_mine_and_claim_theirs(person, make_user):
    """Put the other number into every part of the requests."""
    someone = person(MINE)
    other = {"number": THEIRS, "phone": THEIRS, "to": THEIRS}
    someone.session.post(someone.api, json={"number": THEIRS})
    someone.start()
    own, code = someone.url, someone.handset()[0]["code"]
    theirs = str(Verification.objects.get(number=THEIRS).pk)
    for verb in ("put", "patch", "post"):
        assert getattr(someone.session, verb)(own, json=other).status_code == 405
    # The code of one number is wrong for the other one of the same browser.
    swapped = someone.session.post(f"{someone.api}{theirs}/check/", json={"code": code})
    assert swapped.status_code == 400
    checked = someone.session.post(f"{own}check/?number=%2B12015550100", json={"code": code, **other, "id": theirs})
    proof = checked.json()["proof"]
    binding, user = binding_of(someone), make_user("someone")
    assert refusal_code(claim_number, user=user, proof=proof) == "invalid_proof"  # it is not redeemed yet
    assert redeem_proof(proof=proof, binding=binding) == MINE
    assert claim_number(user=user, proof=proof).number == MINE
    assert refusal_code(claim_number, user=user, proof=theirs) == "invalid_proof"
    assert Verification.objects.get(number=THEIRS).state == "pending"


def _edit_the_user_meanwhile(person):
    """The verified number is the one that the code was sent to, even if the user was edited."""
    user = get_user_model().objects.get()
    browser = Client()
    browser.force_login(user)
    address = f"{URL}{browser.post(URL, {'number': MINE}, 'application/json').json()['id']}/"
    get_user_model().objects.filter(pk=user.pk).update(username=THEIRS, last_name=THEIRS)
    code = person(MINE).handset()[0]["code"]
    verified: list[str] = []

    def record(sender, number, **arguments):
        verified.append(number)

    signals.number_verified.connect(record)
    proof = browser.post(f"{address}check/", {"code": code}, "application/json").json()["proof"]
    signals.number_verified.disconnect(record)
    assert (verified, redeem_proof(proof=proof, binding=f"user:{user.pk}")) == ([MINE], MINE)


def _lanck_names_another_number(use_lanck_at, checked: str, info: str):
    with scripted(STARTED, says(checked), says(info)) as server:
        use_lanck_at(server.url)
        browser = Client()
        address = f"{URL}{browser.post(URL, {'number': MINE}, 'application/json').json()['id']}/"
        for _ in range(4):
            answer = browser.post(f"{address}check/", {"code": "123456"}, "application/json")
            assert (answer.status_code, answer.json()["code"]) == (503, "check_unknown")
        assert browser.get(address).json()["status"] == "pending"
        numbers = {
            number for request in server.requests for number in parse_qs(request.body.decode()).get("number", [])
        }
        assert numbers == {MINE}
    Message.objects.filter(request_id="r1").update(request_id=None)


def test_attack_16_number_belongs_to_the_newest_proof_only(person, make_user, record_signal, backdate):
    """A verification that is not completed reserves no number. The proof of a new owner takes the number over and
    removes the claim of the previous owner, with a signal."""
    takeovers = record_signal(signals.number_taken_over)
    old, new = make_user("old"), make_user("new")
    squatters = [person(MINE) for _ in range(4)]
    for squatter in squatters:
        assert squatter.start().status_code == 201
    squatters[1].session.delete(squatters[1].url)
    for step in range(1, 6):
        squatters[2].check(wrong_code(squatters[2].handset()[0]["code"], step))
    backdate(Verification.objects.get(pk=squatters[3].url.split("/")[-2]), 601)
    for squatter in squatters:
        verification = Verification.objects.get(pk=squatter.url.split("/")[-2])
        assert refusal_code(claim_number, user=old, proof=str(verification.pk)) == "invalid_proof"
    assert not VerifiedNumber.objects.exists()

    first, second = _proof(person(MINE)), _proof(person(MINE))
    assert _redeem_and_claim(first, old).user == old
    assert not takeovers
    # A rollback takes nothing over and sends no signal.
    with pytest.raises(ZeroDivisionError):
        _redeem_and_claim(second, new, fails=True)
    assert (VerifiedNumber.objects.get().user, takeovers) == (old, [])
    assert _redeem_and_claim(second, new).user == new
    assert [(sent["old_user_id"], sent["new_user_id"]) for sent in takeovers] == [(old.pk, new.pk)]
    assert (old.verified_numbers.count(), new.verified_numbers.get().number) == (0, MINE)
    # The proof of the previous owner is redeemed and older, so that it takes nothing over.
    assert refusal_code(claim_number, user=old, proof=first[0]) == "newer_claim"
    assert refusal_code(redeem_proof, proof=first[0], binding=first[1]) == "invalid_proof"
    assert (VerifiedNumber.objects.get().user, len(takeovers)) == (new, 1)


def _proof(someone) -> tuple[str, str]:
    """Verify the number of a person; return the proof and its binding."""
    assert someone.start().status_code == 201
    return someone.check().json()["proof"], binding_of(someone)


def _redeem_and_claim(proof_and_binding: tuple[str, str], user, *, fails: bool = False) -> VerifiedNumber:
    proof, binding = proof_and_binding
    with transaction.atomic():
        redeem_proof(proof=proof, binding=binding)
        claim = claim_number(user=user, proof=proof)
        if fails:
            raise ZeroDivisionError
    return claim
