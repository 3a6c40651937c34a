"""The errors of the API: their table, and the exception that becomes an error response."""

from __future__ import annotations

from typing import Final

from django.http import JsonResponse

# errorCode → HTTP status, errorReason. The statuses of 7–9 and 20–99 are not documented; these are our choice.
ERRORS: Final = {
    1: (401, "Authentication required"),
    2: (400, "Inactive account"),
    4: (429, "Too many requests"),
    5: (401, "Inactive token"),
    6: (403, "Insufficient funds"),
    7: (403, "Forbidden"),
    8: (400, "Account misconfigured"),
    9: (400, "Rejected"),
    10: (400, "Invalid request"),
    11: (400, "Invalid number"),
    16: (400, "Sender not allowed"),
    20: (404, "Request not found"),
    21: (400, "Invalid verification code"),
    22: (400, "Request expired"),
    23: (400, "Too many attempts"),
    25: (400, "Method not allowed"),
    99: (500, "Internal server error"),
}
UNDOCUMENTED: Final = (400, "An undocumented error")

UNAUTHENTICATED: Final = 1
TOO_MANY_REQUESTS: Final = 4
INVALID_REQUEST: Final = 10
INVALID_NUMBER: Final = 11
SENDER_NOT_ALLOWED: Final = 16
NOT_FOUND: Final = 20
INVALID_CODE: Final = 21
EXPIRED: Final = 22
TOO_MANY_ATTEMPTS: Final = 23
INTERNAL: Final = 99


class APIError(Exception):
    """An error response of the API. ``detail`` is appended to the reason, ``status`` overrides that of the table."""

    def __init__(self, code: int, detail: str = "", *, status: int | None = None) -> None:
        table_status, reason = ERRORS.get(code, UNDOCUMENTED)
        self.code = code
        self.status = status or table_status
        self.reason = f"{reason}: {detail}" if detail else reason
        super().__init__(f"{code} {self.reason}")

    def response(self) -> JsonResponse:
        response = JsonResponse({"errorCode": self.code, "errorReason": self.reason}, status=self.status)
        if self.status == 401:
            response["WWW-Authenticate"] = 'Basic realm="LANCK sandbox"'
        return response
