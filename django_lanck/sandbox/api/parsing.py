"""Parses the parameters of a request. Strict, to find mistakes of the client."""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl

from django.http import HttpRequest

from .errors import INVALID_REQUEST, APIError
from .parameters import RawParameters

MAX_BODY: Final = 65_536
MAX_PARAMETERS: Final = 100


def parse_parameters(request: HttpRequest) -> RawParameters:
    """Return the parameters in the query of a GET request, or in the form or JSON body of any other."""
    query = request.META.get("QUERY_STRING", "")
    if request.method == "GET":
        parameters = _parse_form(query)
    elif query:
        raise _invalid("a POST must not have parameters in its URL")
    else:
        parameters = _parse_body(request)
    _refuse_unstorable_values(parameters)
    return parameters


def _parse_body(request: HttpRequest) -> RawParameters:
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BODY or len(request.body) > MAX_BODY:
        raise _invalid(f"the body is longer than {MAX_BODY} bytes")
    if request.content_params and request.content_params.get("charset", "utf-8").lower() != "utf-8":
        raise _invalid("the charset is not utf-8")
    try:
        body = request.body.decode("utf-8")
    except UnicodeDecodeError:
        raise _invalid("the body is not UTF-8") from None
    if request.content_type == "application/x-www-form-urlencoded":
        # The curl example for failover in LANCK's documentation sends JSON with the content type of a form.
        return parse_json(body) if body.lstrip().startswith("{") else _parse_form(body)
    if request.content_type == "application/json":
        return parse_json(body)
    raise _invalid("the content type is neither application/x-www-form-urlencoded nor application/json")


def _parse_form(text: str) -> RawParameters:
    if not text:
        return {}
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MAX_PARAMETERS
        )
    except ValueError:
        raise _invalid("the form cannot be parsed") from None
    return _refuse_repeated_names(list(pairs))


def parse_json(text: str) -> RawParameters:
    """Return the JSON object in a text, or raise error 10."""
    try:
        value = json.loads(text, object_pairs_hook=_refuse_repeated_names, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise _invalid("the JSON cannot be parsed") from None
    if not isinstance(value, dict):
        raise _invalid("the JSON is not an object")
    return value


def _refuse_repeated_names(pairs: list[tuple[str, Any]]) -> RawParameters:
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise _invalid("a parameter is repeated")
    return parameters


def _refuse_constant(name: str) -> NoReturn:
    """Refuse ``NaN`` and ``Infinity``, which are not JSON."""
    raise ValueError(name)


def _refuse_unstorable_values(parameters: RawParameters) -> None:
    """Refuse NUL characters, lone surrogates and infinite numbers, which some databases cannot store."""
    try:
        text = json.dumps(parameters, ensure_ascii=False, allow_nan=False)
        text.encode("utf-8")
    except (ValueError, RecursionError):
        raise _invalid("a value cannot be stored") from None
    if "\\u0000" in text.replace("\\\\", ""):
        raise _invalid("a value has a NUL character")


def _invalid(detail: str) -> APIError:
    return APIError(INVALID_REQUEST, detail)
