"""Concurrent requests of the pages and services, each with its own database connection."""

import threading

import pytest
from django.contrib.auth import get_user_model
from django.db import OperationalError
from django.db.models.signals import pre_delete

from django_lanck.models import VerifiedNumber
from django_lanck.services import change_number, claim_number, redeem_proof
from tests.helpers import prove
from tests.parallel import call_concurrently
from tests.web.conftest import OTHER, Visitor, owner

pytestmark = pytest.mark.django_db(transaction=True)
users = get_user_model().objects


def test_concurrent_finishes_of_one_proof_create_one_account(lanck, lanck_settings, phone):
    lanck_settings(SIGNUP_FORM="tests.web.forms.NameForm")
    visitor = Visitor(lanck)
    visitor.prove("signup", phone)
    browsers = [Visitor(lanck) for _ in range(8)]
    for browser in browsers:
        browser.client.cookies = visitor.client.cookies.copy()
    answers = call_concurrently(
        lambda number: browsers[number].post("signup", "finish", first_name=f"Ada {number}").status_code, 8, threads=8
    )
    assert sorted(answers) == [200] * 7 + [302]
    assert (users.count(), VerifiedNumber.objects.count()) == (1, 1)


def test_concurrent_right_codes_create_one_account(lanck, phone):
    visitor = Visitor(lanck)
    visitor.submit_number("signup", phone)
    browsers = [Visitor(lanck) for _ in range(4)]
    for browser in browsers:
        browser.client.cookies = visitor.client.cookies.copy()
    answers = call_concurrently(lambda number: browsers[number].type_code("signup").status_code, 4, threads=4)
    assert len(answers) == 4
    assert 302 in answers
    assert set(answers) <= {200, 302}  # 200: LANCK reports the code as used before the first request is finished
    assert (users.count(), owner(phone)) == (1, users.get())


def test_concurrent_changes_leave_one_number(lanck, create_account):
    user = create_account()
    numbers = [f"+120155501{number}" for number in range(30, 36)]
    proofs = [(number, prove_change(lanck, user, number)) for number in numbers]
    results = call_concurrently(
        lambda number: change_number(user=user, proof=proofs[number][1], binding=f"user:{user.pk}"), 6, threads=6
    )
    assert len(results) == 6
    assert not [result for result in results if isinstance(result, Exception)]
    assert user.verified_numbers.count() == 1


def prove_change(lanck, user, number):
    """Return the proof of a change of the user's number."""
    return prove(lanck, number, purpose="change_number", user=user, binding=f"user:{user.pk}")


def test_take_over_during_a_change_keeps_the_number_of_the_new_owner(lanck, create_account, phone):
    """With a receiver of ``pre_delete`` Django reads the rows before it deletes them."""
    user, other_user = create_account(phone), create_account("+12015550141")
    proof = prove_change(lanck, user, OTHER)
    newer = prove(lanck, phone)
    redeem_proof(proof=newer)
    claims = []
    other = threading.Thread(
        target=lambda: claims.extend(
            call_concurrently(lambda _: claim_number(user=other_user, proof=newer), 1, threads=1)
        )
    )

    def listener(**kwargs):
        other.start()
        other.join(0.5)

    pre_delete.connect(listener, sender=VerifiedNumber)
    try:
        change_number(user=user, proof=proof, binding=f"user:{user.pk}")
    finally:
        pre_delete.disconnect(listener, sender=VerifiedNumber)
    other.join()
    if isinstance(claims[0], OperationalError):  # a deadlock on MariaDB; nothing was spent
        claim_number(user=other_user, proof=newer)
    assert (owner(OTHER), owner(phone)) == (user, other_user)


def test_change_is_retried_after_a_deadlock(lanck, create_account, phone):
    user = create_account(phone)
    proof = prove_change(lanck, user, OTHER)
    errors = [OperationalError("deadlock")]

    def listener(**kwargs):
        if errors:
            raise errors.pop()

    pre_delete.connect(listener, sender=VerifiedNumber)
    try:
        change_number(user=user, proof=proof, binding=f"user:{user.pk}")
    finally:
        pre_delete.disconnect(listener, sender=VerifiedNumber)
    assert (owner(OTHER), owner(phone), errors) == (user, None, [])


def test_concurrent_changes_to_one_number_give_it_to_one_account(lanck, create_account):
    members = [Visitor(lanck).log_in(create_account(number)) for number in ("+12015550141", "+12015550142")]
    codes = []
    for member in members:
        member.submit_number("change", OTHER)
        codes.append(lanck.sent[-1].code)
    answers = call_concurrently(
        lambda number: members[number].type_code("change", codes[number]).status_code, 2, threads=2
    )
    assert set(answers) == {200}
    assert owner(OTHER) in [member.user for member in members]
    assert VerifiedNumber.objects.filter(number=OTHER).count() == 1
