"""Whether LANCK accepts this site's access token."""

from __future__ import annotations

import secrets

from ...client import get_client
from ...exceptions import APIError, OutcomeUnknown
from ..transactions import refuse_transaction
from .errors import SAFE_TO_RETRY


def check_account() -> None:
    """Make one call that costs nothing and changes nothing: ask about a request that cannot exist.

    Returns when LANCK took the access token and knows no such request. Raises NotSent (not reached), APIError (it
    refuses the token or the account, or what answers is no LANCK: then ``error_code`` is None) or OutcomeUnknown. No
    alarm is raised: whoever calls this is told. Must not be called inside a transaction.
    """
    refuse_transaction()
    client, request_id = get_client(), secrets.token_hex(16)
    try:
        client.request_info(request_id=request_id)
    except APIError as error:
        if isinstance(error, SAFE_TO_RETRY) or error.error_code is None:
            raise
    else:
        raise OutcomeUnknown("What answers knows a request that was never made")
