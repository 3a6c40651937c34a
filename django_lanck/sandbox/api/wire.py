"""The outermost layer of the API: who asks, and with which parameters. Strict, to find a client's slips."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl

from django.http import HttpRequest

from ..conf import conf
from .errors import INVALID_REQUEST, UNAUTHENTICATED, APIError

MAX_BODY: Final = 65_536
MAX_PARAMETERS: Final = 100
Parameters = dict[str, Any]


def authenticate(request: HttpRequest) -> None:
    """HTTP Basic with the whole access token, or error 1."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    try:
        given = base64.b64decode(credentials.strip(), validate=True)
    except (binascii.Error, ValueError):
        given = b""
    if scheme.lower() != "basic" or not hmac.compare_digest(given, conf.token.encode()):
        raise APIError(UNAUTHENTICATED)


def read_parameters(request: HttpRequest) -> Parameters:
    """A GET's parameters come from the query, a POST's from its form or JSON body and from nowhere else."""
    query = request.META.get("QUERY_STRING", "")
    if request.method == "GET":
        parameters = _form(query)
    elif query:
        raise _invalid("a POST takes no parameters in its URL")
    else:
        parameters = _body(request)
    _refuse_unstorable(parameters)
    return parameters


def _body(request: HttpRequest) -> Parameters:
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BODY or len(request.body) > MAX_BODY:
        raise _invalid(f"the body is longer than {MAX_BODY} bytes")
    if request.content_params and request.content_params.get("charset", "utf-8").lower() != "utf-8":
        raise _invalid("the charset is not utf-8")
    try:
        body = request.body.decode("utf-8")
    except UnicodeDecodeError:
        raise _invalid("the body is not UTF-8") from None
    if request.content_type == "application/x-www-form-urlencoded":
        # The curl example of failover on LANCK's page sends JSON as if it were a form.
        return read_json(body) if body.lstrip().startswith("{") else _form(body)
    if request.content_type == "application/json":
        return read_json(body)
    raise _invalid("the content type is neither application/x-www-form-urlencoded nor application/json")


def _form(text: str) -> Parameters:
    if not text:
        return {}
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MAX_PARAMETERS
        )
    except ValueError:
        raise _invalid("the form cannot be parsed") from None
    return _without_repeats(list(pairs))


def read_json(text: str) -> Parameters:
    try:
        value = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _invalid("the JSON cannot be parsed") from None
    if not isinstance(value, dict):
        raise _invalid("the JSON is not an object")
    return value


def _without_repeats(pairs: list[tuple[str, Any]]) -> Parameters:
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise _invalid("a parameter is there twice")
    return parameters


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse_unstorable(parameters: Parameters) -> None:
    """NUL, lone surrogates and infinity are values that not every database takes."""
    try:
        text = json.dumps(parameters, ensure_ascii=False, allow_nan=False)
        text.encode("utf-8")
    except (ValueError, RecursionError):
        raise _invalid("a value cannot be kept") from None
    if "\\u0000" in text.replace("\\\\", ""):
        raise _invalid("a value has a NUL character")


def _invalid(detail: str) -> APIError:
    return APIError(INVALID_REQUEST, detail)
