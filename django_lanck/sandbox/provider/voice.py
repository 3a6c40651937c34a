"""Calls: flash calls, and voices that dictate a code (Pin-2-Speech) or read a text out (Text-2-Speech)."""

from __future__ import annotations

import secrets
from typing import Final

from ..api import fields
from ..api.fields import Field
from . import magic, texts
from .content import CALLER, FLASH_CALLER_PREFIX, Content, Values

CODE_LENGTH: Final = 4  # of the code of a flash call without a requested one
RANDOM_DIGITS: Final = 6

CALL_FIELDS: Final = {"from": Field(fields.caller, default="")}
FLASH_FIELDS: Final = CALL_FIELDS | {"code": Field(fields.pin, default="")}
P2S_FIELDS: Final = CALL_FIELDS | {
    "code": Field(fields.pin, required=True),
    "language": Field(fields.language, default="en"),
}
T2S_FIELDS: Final = CALL_FIELDS | {
    "text": Field(fields.text, required=True),
    "language": Field(fields.read_out_language, default="en"),
}


def flash(values: Values) -> Content:
    """Return the content of a flash call: its code is the end of the calling number."""
    code = values["code"]
    caller = _to_e164(values["from"]) or _random_caller(values["number"], code)
    return Content(caller, code=caller[-(len(code) or CODE_LENGTH) :])


def _random_caller(number: str, code: str) -> str:
    ending = code or "".join(secrets.choice("0123456789") for _ in range(RANDOM_DIGITS))
    if magic.effect_of(number).other_caller:
        ending = ending[:-1] + str((int(ending[-1]) + 1) % 10)
    return FLASH_CALLER_PREFIX + ending


def p2s(values: Values) -> Content:
    """Return the content of a call that dictates a code."""
    return Content(_caller(values), texts.spoken(values["code"], values["language"]), values["code"])


def t2s(values: Values) -> Content:
    """Return the content of a call that reads a text out."""
    return Content(_caller(values), values["text"])


def call_with_code(code: str, values: Values) -> Content:
    """Return the content of a call that dictates the code of a verification."""
    return Content(values["from"] or CALLER, texts.spoken(code, values["language"]), code)


def flash_call_with_code(code: str, values: Values) -> Content:
    """Return the content of a flash call whose calling number ends with the code of a verification."""
    return Content(FLASH_CALLER_PREFIX + code, code=code)


def _caller(values: Values) -> str:
    return _to_e164(values["from"]) or CALLER


def _to_e164(caller: str) -> str:
    return f"+{caller.removeprefix('+')}" if caller else ""
