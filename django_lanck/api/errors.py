"""Every refusal of the API in one shape: ``{code, detail, retry_after?, errors?}``."""

from __future__ import annotations

import math
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from ..exceptions import FIELD_REFUSALS, Refusal


def refusal_response(error: Exception) -> Response | None:
    """The answer to an exception, or None for one that is a bug."""
    if isinstance(error, Http404):
        error = Refusal("not_found")
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, Refusal):
        return _response(error.http_status, error.code, error.detail, error.retry_after, error.errors)
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
    code, sentences = next(
        ((f"invalid_{field}", sentences) for field, sentences in errors.items()), ("invalid_body", [""])
    )
    if code not in FIELD_REFUSALS:
        return _response(400, "invalid_body", Refusal("invalid_body").detail)
    return _response(400, code, sentences[0], errors=errors)


def _auth_header(error: exceptions.APIException) -> dict[str, str]:
    header = getattr(error, "auth_header", None)
    return {"WWW-Authenticate": header} if header else {}


def _response(
    status: int,
    code: str,
    detail: str,
    retry_after: int | None = None,
    errors: dict[str, list[str]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    body: dict[str, Any] = {"code": code, "detail": detail}
    headers = dict(headers or {})
    if retry_after is not None:
        body["retry_after"] = retry_after
        headers["Retry-After"] = str(retry_after)
    if errors:
        body["errors"] = errors
    return Response(body, status=status, headers=headers, exception=True)
