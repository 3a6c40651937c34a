"""Error responses. All have one shape: ``{code, detail, retry_after?, errors?, message_id?}``."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings

from ..exceptions import (
    FIELD_REFUSALS,
    APIError,
    InvalidArgument,
    NotSent,
    Refusal,
)
from ..services import refusal_of

logger = logging.getLogger("django_lanck")
DATABASE_RETRY_AFTER: Final = 5


def refusal_response(error: Exception) -> Response | None:
    """Return the response to an exception, or None for an unexpected one."""
    if isinstance(error, Http404):
        error = Refusal("not_found")
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, InvalidArgument | APIError | NotSent):
        error = refusal_of(error)
    elif isinstance(error, OperationalError | InterfaceError):
        logger.error("The database is not available", exc_info=error)
        error = Refusal("unavailable", retry_after=DATABASE_RETRY_AFTER)
    if isinstance(error, Refusal):
        return _response(
            error.http_status, error.code, error.detail, error.retry_after, error.errors, message_id=error.message_id
        )
    if isinstance(error, exceptions.ValidationError):
        return _invalid(error)
    if isinstance(error, exceptions.ParseError):
        return _response(400, "invalid_body", str(error.detail))
    if isinstance(error, exceptions.APIException):
        wait = getattr(error, "wait", None)
        return _response(
            error.status_code,
            str(error.get_codes()),
            str(error.detail),
            None if wait is None else math.ceil(wait),
            headers=_auth_header(error),
        )
    return None


def _invalid(error: exceptions.ValidationError) -> Response:
    details = error.detail if isinstance(error.detail, dict) else {}
    errors = {field: [str(sentence) for sentence in sentences] for field, sentences in details.items()}
    field = next(iter(errors), api_settings.NON_FIELD_ERRORS_KEY)
    if field == api_settings.NON_FIELD_ERRORS_KEY:
        return _response(400, "invalid_body", Refusal("invalid_body").detail)
    if f"invalid_{field}" in FIELD_REFUSALS:
        return _response(400, f"invalid_{field}", errors[field][0], errors=errors)
    return _response(400, "invalid_argument", Refusal("invalid_argument").detail, errors=errors)


def _auth_header(error: exceptions.APIException) -> dict[str, str]:
    header = getattr(error, "auth_header", None)
    return {"WWW-Authenticate": header} if header else {}


def _response(
    status: int,
    code: str,
    detail: str,
    retry_after: int | None = None,
    errors: Mapping[str, list[str]] | None = None,
    headers: dict[str, str] | None = None,
    message_id: int | None = None,
) -> Response:
    body: dict[str, Any] = {"code": code, "detail": detail}
    headers = dict(headers or {})
    if retry_after is not None:
        body["retry_after"] = retry_after
        headers["Retry-After"] = str(retry_after)
    if errors:
        body["errors"] = {api_settings.NON_FIELD_ERRORS_KEY if f == NON_FIELD_ERRORS else f: errors[f] for f in errors}
    if message_id is not None:
        body["message_id"] = message_id
    return Response(body, status=status, headers=headers, exception=True)
