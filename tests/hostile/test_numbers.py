"""Whose number it is: one that was never proved, proved by somebody else, or proved anew."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import Client

from django_lanck import signals
from django_lanck.exceptions import Refusal
from django_lanck.models import Message, Verification, VerifiedNumber
from django_lanck.services import claim_number, redeem_proof
from tests.client.scripted import says, scripted
from tests.helpers import wrong_code
from tests.hostile.conftest import binding_of

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/api/phone/verifications/"
MINE, THEIRS = "+12015550123", "+12015550100"
STARTED = says('{"requestId": "r1"}')


@pytest.fixture
def make_user():
    return lambda name: get_user_model().objects.create_user(name)


def right(number: str | None, request_id: str = "r1", **more: object) -> str:
    named = {} if number is None else {"number": number}
    return json.dumps({"requestId": request_id, "method": "sms", "verifiedAt": 1_700_000_000_000, **named, **more})


def known(number: str, status: str = "verified") -> str:
    return json.dumps({"status": status, "number": number, "method": "sms", "verifiedAt": 1_700_000_000_000})


def refused(call, **arguments) -> str:
    with pytest.raises(Refusal) as caught:
        call(**arguments)
    return caught.value.code


# What LANCK says to a check, and when it is asked again.
OF_ANOTHER_NUMBER = [
    (right(THEIRS), known(THEIRS)),
    (right(THEIRS), known(MINE, "processing")),
    (right(f"{MINE}0"), known(THEIRS)),
    (right("sms"), known("").replace('"verifiedAt"', '"at"')),
    (right(MINE, "r2"), known(THEIRS)),
    (right(None, "r2"), known(THEIRS)),
    ("{}", known(THEIRS)),
    ("[]", known(THEIRS)),
]


def test_attack_11_numbers_that_are_swapped(person, make_user, at):
    """With a number swapped - verify A, then claim B; the user's number edited mid-flow; another number in the
    provider's answer - the other number is never verified."""
    _verify_mine_and_claim_theirs(person, make_user)
    _edit_the_user_meanwhile(person)
    for answers in OF_ANOTHER_NUMBER:
        _lanck_names_another_number(at, *answers)
    assert set(Verification.objects.filter(state="verified").values_list("number", flat=True)) == {MINE}
    assert set(VerifiedNumber.objects.values_list("number", flat=True)) == {MINE}


def _verify_mine_and_claim_theirs(person, make_user):
    """Name the other number wherever a request has room for it."""
    someone = person(MINE)
    other = {"number": THEIRS, "phone": THEIRS, "to": THEIRS}
    someone.session.post(someone.api, json={"number": THEIRS})
    someone.start()
    own, code = someone.url, someone.handset()[0]["code"]
    theirs = str(Verification.objects.get(number=THEIRS).pk)
    for verb in ("put", "patch", "post"):
        assert getattr(someone.session, verb)(own, json=other).status_code == 405
    # One's own code is no code of the other number, which was started by the same browser.
    swapped = someone.session.post(f"{someone.api}{theirs}/check/", json={"code": code})
    assert swapped.status_code == 400
    checked = someone.session.post(f"{own}check/?number=%2B12015550100", json={"code": code, **other, "id": theirs})
    proof = checked.json()["proof"]
    binding, user = binding_of(someone), make_user("someone")
    assert refused(claim_number, user=user, proof=proof) == "invalid_proof"  # not before it is spent
    assert redeem_proof(proof=proof, binding=binding) == MINE
    assert claim_number(user=user, proof=proof).number == MINE
    assert refused(claim_number, user=user, proof=theirs) == "invalid_proof"
    assert Verification.objects.get(number=THEIRS).state == "pending"


def _edit_the_user_meanwhile(person):
    """What is verified is the number that the code went to, whatever the user is called by now."""
    user = get_user_model().objects.get()
    browser = Client()
    browser.force_login(user)
    address = f"{URL}{browser.post(URL, {'number': MINE}, 'application/json').json()['id']}/"
    get_user_model().objects.filter(pk=user.pk).update(username=THEIRS, last_name=THEIRS)
    code = person(MINE).handset()[0]["code"]
    verified: list[str] = []

    def note(sender, number, **arguments):
        verified.append(number)

    signals.number_verified.connect(note)
    proof = browser.post(f"{address}check/", {"code": code}, "application/json").json()["proof"]
    signals.number_verified.disconnect(note)
    assert (verified, redeem_proof(proof=proof, binding=f"user:{user.pk}")) == ([MINE], MINE)


def _lanck_names_another_number(at, checked: str, asked: str):
    with scripted(STARTED, says(checked), says(asked)) as server:
        at(server.url)
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


def test_attack_16_numbers_that_are_claimed(person, make_user, record_signal, backdate):
    """Someone who claims a number and never verifies it reserves nothing; a new owner's proof takes the number over,
    and the old owner's claim is revoked with a signal."""
    taken = record_signal(signals.number_taken_over)
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
        assert refused(claim_number, user=old, proof=str(verification.pk)) == "invalid_proof"
    assert not VerifiedNumber.objects.exists()

    first, second = _proof(person(MINE)), _proof(person(MINE))
    assert _buy(first, old).user == old
    assert not taken
    # What is rolled back takes nothing over and tells nobody.
    with pytest.raises(ZeroDivisionError):
        _buy(second, new, fails=True)
    assert (VerifiedNumber.objects.get().user, taken) == (old, [])
    assert _buy(second, new).user == new
    assert [(said["old_user_id"], said["new_user_id"]) for said in taken] == [(old.pk, new.pk)]
    assert (old.verified_numbers.count(), new.verified_numbers.get().number) == (0, MINE)
    # The former owner's proof is spent and older: it takes nothing back.
    assert refused(claim_number, user=old, proof=first[0]) == "newer_claim"
    assert refused(redeem_proof, proof=first[0], binding=first[1]) == "invalid_proof"
    assert (VerifiedNumber.objects.get().user, len(taken)) == (new, 1)


def _proof(someone) -> tuple[str, str]:
    """Someone's proof, and the binding it is good for."""
    assert someone.start().status_code == 201
    return someone.check().json()["proof"], binding_of(someone)


def _buy(bought: tuple[str, str], user, *, fails: bool = False) -> VerifiedNumber:
    proof, binding = bought
    with transaction.atomic():
        redeem_proof(proof=proof, binding=binding)
        claim = claim_number(user=user, proof=proof)
        if fails:
            raise ZeroDivisionError
    return claim
