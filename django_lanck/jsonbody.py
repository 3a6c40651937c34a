"""A strict JSON reader with limits on size and depth, for the API and the webhooks."""

from __future__ import annotations

import json
import math
from typing import Any, Final, NoReturn, Protocol

from django.utils.translation import gettext as _

MAX_BYTES: Final = 65_536
MAX_DEPTH: Final = 16


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class BadJSON(ValueError):
    """The body is not acceptable JSON; the text says why."""


def read_json(stream: Readable) -> Any:
    """Return the value of a JSON body of at most 64 kB, nested at most 16 levels.

    Raises BadJSON, also for NUL, surrogates, NaN and infinity: every database can store the value as JSON and as text.
    """
    body = stream.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise BadJSON(_("The body is longer than %d bytes.") % MAX_BYTES)
    return parse_json(body)


def parse_json(body: bytes) -> Any:
    """Return the value of a JSON body whose size the caller limits; else the same as :func:`read_json`."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except RecursionError:
        raise BadJSON(_("The body is nested deeper than %d levels.") % MAX_DEPTH) from None
    except ValueError:  # not UTF-8, not JSON, or a number of thousands of digits
        raise BadJSON(_("The body is not valid JSON.")) from None
    _check(value)
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _check(value: Any) -> None:
    level: list[Any] = [value]
    for _depth in range(MAX_DEPTH):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner += [*item.keys(), *item.values()]
            elif isinstance(item, list):
                inner += item
            elif isinstance(item, str):
                _check_text(item)
            elif isinstance(item, float) and not math.isfinite(item):
                raise BadJSON(_("A number in the body is too large."))
        if not inner:
            return
        level = inner
    raise BadJSON(_("The body is nested deeper than %d levels.") % MAX_DEPTH)


def _check_text(text: str) -> None:
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise BadJSON(_("A text in the body has characters that are not allowed."))
