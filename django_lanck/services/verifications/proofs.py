"""Reading and spending proofs: each returns the number it proves, once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from django.views.decorators.debug import sensitive_variables

from ...exceptions import Refusal
from ...models import Verification
from .binding import binding_hashes
from .fixed_codes import is_of_staff


def proof_hash(proof: str) -> str:
    return hashlib.sha256(str(proof).encode(errors="surrogatepass")).hexdigest()


@sensitive_variables()
def redeem_proof(*, proof: str, purpose: str = "signup", binding: str | Sequence[str] = "") -> str:
    """Spend a proof and return the number it proves, in E.164. A signup uses this number and no other.

    One conditional UPDATE in the caller's transaction: if that is rolled back, the proof is unspent. Raises Refusal
    ``invalid_proof`` for one that is unknown, spent, too old, for another purpose or of another session.
    """
    hashed = proof_hash(proof)
    if not Verification.objects.redeem(proof_hash=hashed, purpose=purpose, binding_hashes=binding_hashes(binding)):
        raise Refusal("invalid_proof")
    number, is_test = Verification.objects.values_list("number", "is_test").get(proof_hash=hashed)
    if is_test and is_of_staff(number):
        raise Refusal("invalid_proof")  # of a code that everybody knows
    return number


@sensitive_variables()
def number_of_proof(*, proof: str, purpose: str = "signup", binding: str | Sequence[str] = "") -> str:
    """The number that a proof proves, in E.164. It is not spent: for a page that asks something before.

    Raises Refusal ``invalid_proof`` where :func:`redeem_proof` would.
    """
    unspent = Verification.objects.unspent(
        proof_hash=proof_hash(proof), purpose=purpose, binding_hashes=binding_hashes(binding)
    )
    number = unspent.values_list("number", flat=True).first()
    if number is None:
        raise Refusal("invalid_proof")
    return number
