"""Checks of purposes, their profiles, and the site's own codes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..client import TEXT_TYPES
from ..conf import PROFILE_KEYS, PURPOSE_KEYS, conf
from ..text import fits_one_sms
from ..values import CheckMessages, error, is_list, is_whole
from .profiles import PROFILE_VALUES

PURPOSE_LENGTH = 50
HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", re.IGNORECASE)


def check_purposes() -> CheckMessages:
    purposes = conf.purposes
    is_valid = isinstance(purposes, Mapping) and all(
        isinstance(purpose, str) and 0 < len(purpose) <= PURPOSE_LENGTH and isinstance(own, Mapping)
        for purpose, own in purposes.items()
    )
    if not is_valid:
        hint = (
            "Such as {'signup': {'PUBLIC': True}}. A purpose inherits the keys that it omits from the site. "
            f"Its name has at most {PURPOSE_LENGTH} characters."
        )
        yield error(14, "LANCK['PURPOSES'] is not a dictionary of purposes.", hint)
        return
    yield from _check_profile(conf.raw, "LANCK")
    for purpose, own in purposes.items():
        for key in sorted(set(map(str, own)) - PROFILE_KEYS - PURPOSE_KEYS):
            yield error(2, f"LANCK['PURPOSES'][{purpose!r}] has an unknown key {key!r}.", "Check its spelling.")
        yield from _check_profile(own, f"LANCK['PURPOSES'][{purpose!r}]")


def _check_profile(values: Mapping[str, Any], where: str) -> CheckMessages:
    for key, (is_valid, hint) in PROFILE_VALUES.items():
        if key in values and not is_valid(values[key]):
            yield error(15, f"{where}[{key!r}] is invalid.", hint)


def check_own_codes() -> CheckMessages:
    texts = conf.code_texts
    are_texts = isinstance(texts, Mapping) and all(
        isinstance(language, str) and isinstance(text, str) and "{code}" in text for language, text in texts.items()
    )
    if not are_texts:
        hint = "Such as {'': '{code} is your code.', 'de': '{code} ist Ihr Code.'}: each text contains {code}."
        yield error(19, "LANCK['CODE_TEXTS'] is not a dictionary of texts.", hint)
    if not isinstance(conf.code_host, str) or not (conf.code_host == "" or HOST.fullmatch(conf.code_host)):
        yield error(
            20, "LANCK['CODE_HOST'] is not a host name.", "Such as 'www.example.com', without https:// and port."
        )
    elif are_texts:
        yield from _check_text_lengths(texts)
    if not _is_code_flow(conf.code_flow):
        hint = "Such as [('push', 30, 'delivered'), ('sms',)]: channel, seconds, and 'delivered' or 'read'."
        yield error(22, "LANCK['CODE_FLOW'] is not a list of steps.", hint)


def _check_text_lengths(texts: Mapping[str, str]) -> CheckMessages:
    last_line = f"\n\n@{conf.code_host} #123456" if conf.code_host else ""
    for language, text in texts.items():
        if not fits_one_sms(text.replace("{code}", "123456") + last_line):
            yield error(
                21,
                f"LANCK['CODE_TEXTS'][{language!r}] is longer than one SMS.",
                "Including a code of 6 digits and the line for CODE_HOST, it can have 160 characters, or 70 where one "
                "of them is not in the GSM alphabet.",
            )


def _is_code_flow(steps: Any) -> bool:
    if not is_list(steps, lambda step: isinstance(step, list | tuple)) or not steps:
        return False
    *before, last = steps
    return _is_channel(last) and all(
        len(step) == 3 and _is_channel(step[:1]) and is_whole(step[1], 1) and step[2] in ("delivered", "read")
        for step in before
    )


def _is_channel(step: Sequence[Any]) -> bool:
    """Return whether a step is one channel, which can be part of a failover chain, and nothing else."""
    return len(step) == 1 and isinstance(step[0], str) and step[0] in TEXT_TYPES
