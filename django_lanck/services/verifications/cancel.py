"""Cancel a verification."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from ...exceptions import Refusal
from ...models import Verification
from .lookup import get_verification


def cancel_verification(
    *, verification_id: uuid.UUID | str, binding: str | Sequence[str] = "", purposes: Collection[str] | None = None
) -> Verification:
    """Cancel a pending verification and return it; one that has ended keeps its state.

    Raises Refusal (``not_found``, ``already_verified``).
    """
    verification = get_verification(verification_id=verification_id, binding=binding, purposes=purposes)
    if verification.state == Verification.State.PENDING:
        row = Verification.objects.filter(pk=verification.pk)
        row.cancel()
        verification.state = row.values_list("state", flat=True).get()
    if verification.state == Verification.State.VERIFIED:
        raise Refusal("already_verified")
    return verification
