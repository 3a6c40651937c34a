"""Calls with a code or a text of the site's own: flash, Pin-2-Speech, Text-2-Speech."""

from __future__ import annotations

import secrets
from typing import Final

from ..api.calls import Answer, Call
from . import ledger, magic, phones, texts
from .phones import Content

CODE_LENGTH: Final = 4  # of a flash call for which no code was asked
GENERATED_DIGITS: Final = 6


def flash(call: Call) -> Answer:
    """``POST /calls/flash``. ``from`` is answered without its plus, as on LANCK's page."""
    code = call.values["code"]
    caller = _in_e164(call.values["from"]) or _generated_caller(call.values["number"], code)
    content = Content("flash", caller, code=caller[-(len(code) or CODE_LENGTH) :])
    request = ledger.accept(call, "calls.flash", content)
    return {"requestId": request.request_id, "from": caller.removeprefix("+")}


def _generated_caller(number: str, code: str) -> str:
    ending = code or "".join(secrets.choice("0123456789") for _ in range(GENERATED_DIGITS))
    if magic.meaning_of(number).other_caller:
        ending = ending[:-1] + str((int(ending[-1]) + 1) % 10)
    return phones.FLASH_CALLER_PREFIX + ending


def p2s(call: Call) -> Answer:
    """``POST /calls/p2s``: the voice dictates a code."""
    code = call.values["code"]
    return _speak(call, "p2s", texts.spoken(code, call.values["language"]), code)


def t2s(call: Call) -> Answer:
    """``POST /calls/t2s``: the voice reads a text out."""
    return _speak(call, "t2s", call.values["text"])


def _speak(call: Call, channel: str, text: str, code: str = "") -> Answer:
    caller = _in_e164(call.values["from"]) or phones.CALLER
    request = ledger.accept(call, f"calls.{channel}", Content(channel, caller, text, code))
    return {"requestId": request.request_id}


def _in_e164(caller: str) -> str:
    return f"+{caller.removeprefix('+')}" if caller else ""
