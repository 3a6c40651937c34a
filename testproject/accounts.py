"""From a proof to an account."""

from __future__ import annotations

import secrets

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from django_lanck import services
from django_lanck.models import VerifiedNumber


@transaction.atomic
def account_for(*, proof: str, binding: list[str]) -> User:
    """Spend the proof; the account of the number that it proves: the one that owns it, or else a new one.

    All or nothing: whatever goes wrong, the proof stays unspent. Raises Refusal.
    """
    number = services.redeem_proof(proof=proof, purpose="signup", binding=binding)
    owned = VerifiedNumber.objects.filter(number=number).select_related("user").first()
    user = owned.user if owned else _new_account(number)
    services.claim_number(user=user, proof=proof)
    return user


def _new_account(number: str) -> User:
    """An account without a password, named like the number.

    An account that has this name but not the number is somebody else's: the new one gets a longer name.
    """
    try:
        with transaction.atomic():
            return User.objects.create_user(username=number)
    except IntegrityError:
        return User.objects.create_user(username=f"{number}-{secrets.token_hex(4)}")
