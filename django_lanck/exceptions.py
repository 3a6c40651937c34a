"""The exceptions of this app, distinguished by what the caller may do next.

A call to LANCK returns an answer or raises one of three exceptions: :class:`APIError` (LANCK refused the request),
:class:`NotSent` (LANCK did not receive it) or :class:`OutcomeUnknown` (LANCK may have carried it out, so it must not be
repeated). :class:`Refusal` is this app's own refusal of a request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


class LanckError(Exception):
    """Base class of this app's exceptions."""

    # The key of the stored message that LANCK did not accept, if there is one.
    message_id: int | None = None


class InvalidArgument(LanckError, ValueError):
    """An argument that LANCK would refuse, found before any call.

    ``field`` is its name and ``reason`` a sentence that describes the valid values.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.field = field
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}"


class NotSent(LanckError):
    """LANCK did not receive the request: connection refused or timed out, name not resolved, certificate not trusted.

    ``retry_after`` is in whole seconds. It is set where the circuit breaker blocked the request because LANCK is down.
    """

    def __init__(self, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class OutcomeUnknown(LanckError):
    """LANCK may have carried the request out: read time-out, connection reset, 5XX, unreadable answer.

    ``http_status`` is the status of the answer, or None if there was none.
    """

    def __init__(self, message: str, *, http_status: int | None = None) -> None:
        super().__init__(message)
        self.http_status = http_status


class APIError(LanckError):
    """LANCK answered with an error. Source: "Errors" on LANCK's page, and its list of codes.

    ``error_code`` is LANCK's ``errorCode``, or None; ``error_reason`` its ``errorReason``, or else the beginning of the
    body. The reason is for logs and staff and must not be shown to the person who waits for a code. ``meaning`` is
    English, as in logs, and marked for translation.
    """

    meaning = gettext_noop("error")

    def __init__(self, *, http_status: int, error_code: int | None = None, error_reason: str = "") -> None:
        super().__init__(http_status, error_code, error_reason)
        self.http_status = http_status
        self.error_code = error_code
        self.error_reason = error_reason

    def __str__(self) -> str:
        code = "no error code" if self.error_code is None else f"error {self.error_code}"
        return f"LANCK answered HTTP {self.http_status}, {code} ({self.meaning}): {self.error_reason}"


class AuthenticationFailed(APIError):
    meaning = gettext_noop("authentication required or wrong token")


class InactiveAccount(APIError):
    meaning = gettext_noop("inactive account")


class TooManyRequests(APIError):
    """The account made more than 30 requests in a second. LANCK did not carry the request out."""

    meaning = gettext_noop("too many requests")


class InactiveToken(APIError):
    meaning = gettext_noop("inactive token")


class InsufficientFunds(APIError):
    meaning = gettext_noop("insufficient funds")


class Forbidden(APIError):
    meaning = gettext_noop("forbidden")


class AccountMisconfigured(APIError):
    meaning = gettext_noop("account misconfigured")


class Rejected(APIError):
    meaning = gettext_noop("rejected")


class InvalidRequest(APIError):
    meaning = gettext_noop("invalid request")


class InvalidNumber(APIError):
    meaning = gettext_noop("invalid number")


class SenderNotAllowed(APIError):
    meaning = gettext_noop("sender not allowed")


class RequestNotFound(APIError):
    meaning = gettext_noop("request not found")


class WrongCode(APIError):
    meaning = gettext_noop("invalid verification code")


class RequestExpired(APIError):
    meaning = gettext_noop("request expired")


class TooManyAttempts(APIError):
    meaning = gettext_noop("too many attempts")


class MethodNotAllowed(APIError):
    meaning = gettext_noop("method not allowed")


class InternalServerError(APIError):
    meaning = gettext_noop("internal server error")


ERRORS_BY_CODE: Final[Mapping[int, type[APIError]]] = {
    1: AuthenticationFailed,
    2: InactiveAccount,
    4: TooManyRequests,
    5: InactiveToken,
    6: InsufficientFunds,
    7: Forbidden,
    8: AccountMisconfigured,
    9: Rejected,
    10: InvalidRequest,
    11: InvalidNumber,
    16: SenderNotAllowed,
    20: RequestNotFound,
    21: WrongCode,
    22: RequestExpired,
    23: TooManyAttempts,
    25: MethodNotAllowed,
    99: InternalServerError,
}

# For answers without a code of the table above.
ERRORS_BY_STATUS: Final[Mapping[int, type[APIError]]] = {
    401: AuthenticationFailed,
    403: Forbidden,
    429: TooManyRequests,
}


def api_error(*, http_status: int, error_code: int | None, error_reason: str) -> APIError:
    """Return the exception for an error answer: by its code, else by its HTTP status, else :class:`APIError`."""
    kind = ERRORS_BY_CODE.get(error_code) if error_code is not None else None
    kind = kind or ERRORS_BY_STATUS.get(http_status, APIError)
    return kind(http_status=http_status, error_code=error_code, error_reason=error_reason)


class BackgroundTaken(LanckError):
    """Another process is doing background work at the moment. LANCK was not called."""

    def __init__(self) -> None:
        super().__init__("Another process is doing background work at the moment.")


# The code of each refusal, which is stable → its HTTP status and its sentence.
REFUSALS: Final[Mapping[str, tuple[int, str | Promise]]] = {
    "invalid_number": (400, _("Enter a valid phone number, with its country code.")),
    "invalid_method": (400, _("This way to get the code is not offered.")),
    "invalid_purpose": (400, _("This purpose is not offered.")),
    "invalid_language": (400, _("The code cannot be sent in this language.")),
    "number_not_supported": (400, _("This number is not supported. Use another one.")),
    "method_not_possible": (400, _("This number cannot be reached this way. Choose another way.")),
    "invalid_code": (400, _("This code is not right. Check the digits and try again.")),
    "code_expired": (400, _("This code is no longer valid. Ask for a new one.")),
    "expired": (400, _("This verification has expired. Start again.")),
    "exhausted": (400, _("Too many wrong codes. Start again.")),
    "canceled": (400, _("This verification was canceled. Start again.")),
    "invalid_proof": (400, _("This proof is not valid, or was used before. Verify the number again.")),
    "invalid_receipt": (400, _("A receipt has a requestId, a number and a status.")),
    "invalid_inbound": (400, _("An inbound message has a messageId and a from.")),
    "invalid_argument": (400, _("One of the values is invalid.")),
    "invalid_body": (400, _("The body has to be a JSON object.")),
    "not_found": (404, _("Not found.")),
    "already_verified": (409, _("This number is verified already.")),
    "opted_out": (409, _("The owner of this number opted out of marketing.")),
    "refused": (409, _("LANCK does not send this message.")),
    "number_taken": (409, _("This number has an account already.")),
    "duplicate_value": (409, _("Another account has one of these already. Change it and try again.")),
    "no_account": (404, _("This number has no account.")),
    "account_closed": (403, _("The account of this number is closed.")),
    "other_login_required": (403, _("A code alone does not open the account of this number. Log in another way.")),
    "confirmation_required": (403, _("Confirm first that it is you.")),
    "newer_claim": (409, _("Someone proved this number more recently.")),
    "resend_too_soon": (429, _("Please wait a little before you ask for another code.")),
    "too_many_requests": (429, _("Too many requests. Please wait before you try again.")),
    "outcome_unknown": (503, _("We do not know yet whether your code was sent. Try again in a moment.")),
    "check_unknown": (
        503,
        _("We could not find out whether this code is right. Enter the same code again in a moment."),
    ),
    "unavailable": (503, _("We cannot send or check codes at the moment. Try again in a moment.")),
}


# Code of a refusal → the field of the request that it is about.
FIELD_REFUSALS: Final = {
    **{f"invalid_{field}": field for field in ("number", "method", "purpose", "language", "code")},
    "number_not_supported": "number",
    "method_not_possible": "method",
}


class Refusal(LanckError):
    """The refusal of a request, with a sentence to show.

    ``code`` is a code of :data:`REFUSALS`, or one of the site's own together with a ``detail`` and, optionally, an
    ``http_status``. ``detail`` is a sentence in the active language; ``retry_after`` is whole seconds to wait, or None
    where waiting does not help; ``errors`` maps fields to their sentences; ``http_status`` is the status of a JSON
    response.
    """

    def __init__(
        self,
        code: str,
        *,
        detail: str | Promise | None = None,
        http_status: int = 403,
        retry_after: int | None = None,
        errors: Mapping[str, list[str]] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.http_status, sentence = REFUSALS[code] if detail is None else (http_status, detail)
        self.detail = str(sentence)
        self.retry_after = retry_after
        self.errors = errors or ({FIELD_REFUSALS[code]: [self.detail]} if code in FIELD_REFUSALS else {})

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"
