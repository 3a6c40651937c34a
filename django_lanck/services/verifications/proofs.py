"""Read and redeem proofs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from django.views.decorators.debug import sensitive_variables

from ...exceptions import Refusal
from ...models import Verification
from .binding import binding_hashes
from .fixed_codes import is_owned_by_staff


def proof_hash(proof: str) -> str:
    return hashlib.sha256(str(proof).encode(errors="surrogatepass")).hexdigest()


@sensitive_variables()
def redeem_proof(*, proof: str, purpose: str = "signup", binding: str | Sequence[str] = "") -> str:
    """Redeem a proof and return its number, in E.164. A signup takes the number from here, not from the browser.

    It is one conditional UPDATE in the caller's transaction: a rollback restores the proof. Raises Refusal
    ``invalid_proof`` for a proof that is unknown, redeemed, expired, for another purpose or of another binding.
    """
    hashed = proof_hash(proof)
    if not Verification.objects.redeem(proof_hash=hashed, purpose=purpose, binding_hashes=binding_hashes(binding)):
        raise Refusal("invalid_proof")
    number, is_test = Verification.objects.values_list("number", "is_test").get(proof_hash=hashed)
    if is_test and is_owned_by_staff(number):
        raise Refusal("invalid_proof")  # a fixed code must not open a staff account
    return number


@sensitive_variables()
def number_of_proof(*, proof: str, purpose: str = "signup", binding: str | Sequence[str] = "") -> str:
    """Return the number of a proof, in E.164, without redeeming it. For a form between the code and the signup.

    Raises Refusal ``invalid_proof`` where :func:`redeem_proof` would.
    """
    rows = Verification.objects.with_valid_proof(
        proof_hash=proof_hash(proof), purpose=purpose, binding_hashes=binding_hashes(binding)
    )
    number = rows.values_list("number", flat=True).first()
    if number is None:
        raise Refusal("invalid_proof")
    return number
