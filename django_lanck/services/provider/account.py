"""Check the LANCK account."""

from __future__ import annotations

import secrets

from ...client import get_client
from ...exceptions import APIError, OutcomeUnknown
from ..transactions import refuse_transaction
from .errors import SAFE_TO_RETRY


def check_account() -> None:
    """Check that LANCK accepts the access token, by a free call about a request that does not exist.

    Raises NotSent (LANCK was not reached), APIError (LANCK refuses the token or the account; ``error_code`` is None if
    the server is not LANCK) or OutcomeUnknown. Raises no alarm. Must not be called inside a transaction.
    """
    refuse_transaction()
    client, request_id = get_client(), secrets.token_hex(16)
    try:
        client.request_info(request_id=request_id)
    except APIError as error:
        if isinstance(error, SAFE_TO_RETRY) or error.error_code is None:
            raise
    else:
        raise OutcomeUnknown("The server knows a request that was never made")
