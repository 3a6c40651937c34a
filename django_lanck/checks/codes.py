"""Purposes, their profiles, and codes of the site's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..channels import LANCK_CODE_CHANNELS, SITE_CODE_CHANNELS
from ..client import TEXT_TYPES
from ..conf import CODE_LENGTHS, CODE_SOURCES, PROFILE_KEYS, PURPOSE_KEYS, conf
from ..guard import checks as guard
from ..text import fits_one_sms
from ..values import Found, error, is_list, is_whole, some_of

PURPOSE_LENGTH = 50
HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", re.IGNORECASE)
PROFILE_VALUES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "METHODS": (
        some_of(LANCK_CODE_CHANNELS),
        f"It is a list of some of {', '.join(map(repr, LANCK_CODE_CHANNELS))}; the first one is the default.",
    ),
    "CHANNELS": (
        some_of(SITE_CODE_CHANNELS),
        f"It is a list of some of {', '.join(SITE_CODE_CHANNELS)}; the first one is the default.",
    ),
    "CODE_SOURCE": (lambda value: value in CODE_SOURCES, "It is 'lanck' or 'site'."),
    "CODE_LENGTH": (lambda value: is_whole(value, min(CODE_LENGTHS), max(CODE_LENGTHS)), "It is 4, 5 or 6."),
    "MAX_ATTEMPTS": (lambda value: is_whole(value, 1, 100), "It is a whole number from 1 to 100."),
    "CODE_LIFETIME": (lambda value: is_whole(value, 1), "It is a whole number of seconds."),
    "PROOF_LIFETIME": (lambda value: is_whole(value, 1), "It is a whole number of seconds."),
    "RESEND_WAITS": (
        lambda value: is_list(value, lambda wait: is_whole(wait, 0)),
        "It is a list of whole seconds: the wait before the first resend, the second, and so on.",
    ),
    "PUBLIC": (lambda value: isinstance(value, bool), "It is True or False."),
    **guard.PROFILE_VALUES,
}


def check_purposes() -> Found:
    purposes = conf.purposes
    fits = isinstance(purposes, Mapping) and all(
        isinstance(purpose, str) and 0 < len(purpose) <= PURPOSE_LENGTH and isinstance(own, Mapping)
        for purpose, own in purposes.items()
    )
    if not fits:
        hint = (
            "Such as {'signup': {'PUBLIC': True}}; what a purpose leaves out is the site's. "
            f"Its name has at most {PURPOSE_LENGTH} characters."
        )
        yield error(14, "LANCK['PURPOSES'] is no dictionary of purposes.", hint)
        return
    yield from _check_profile(conf.raw, "LANCK")
    for purpose, own in purposes.items():
        for key in sorted(set(map(str, own)) - PROFILE_KEYS - PURPOSE_KEYS):
            yield error(2, f"LANCK['PURPOSES'][{purpose!r}] has an unknown key {key!r}.", "Look for a slip.")
        yield from _check_profile(own, f"LANCK['PURPOSES'][{purpose!r}]")


def _check_profile(values: Mapping[str, Any], where: str) -> Found:
    for key, (fits, hint) in PROFILE_VALUES.items():
        if key in values and not fits(values[key]):
            yield error(15, f"{where}[{key!r}] does not fit.", hint)


def check_own_codes() -> Found:
    texts = conf.code_texts
    fits = isinstance(texts, Mapping) and all(
        isinstance(language, str) and isinstance(text, str) and "{code}" in text for language, text in texts.items()
    )
    if not fits:
        hint = "Such as {'': '{code} is your code.', 'de': '{code} ist Ihr Code.'}: each text has {code} in it."
        yield error(19, "LANCK['CODE_TEXTS'] is no dictionary of texts.", hint)
    if not isinstance(conf.code_host, str) or not (conf.code_host == "" or HOST.fullmatch(conf.code_host)):
        yield error(20, "LANCK['CODE_HOST'] is no host.", "Such as 'www.example.com', without https:// and port.")
    elif fits:
        last_line = f"\n\n@{conf.code_host} #123456" if conf.code_host else ""
        for language, text in texts.items():
            if not fits_one_sms(text.replace("{code}", "123456") + last_line):
                yield error(
                    21,
                    f"LANCK['CODE_TEXTS'][{language!r}] is longer than one SMS.",
                    "With a code of 6 digits and the line for CODE_HOST it has room for 160 characters, 70 where one "
                    "of them is not in the GSM alphabet.",
                )
    if not _is_code_flow(conf.code_flow):
        hint = "Such as [('push', 30, 'delivered'), ('sms',)]: channel, seconds, and 'delivered' or 'read'."
        yield error(22, "LANCK['CODE_FLOW'] is no list of steps.", hint)


def _is_code_flow(steps: Any) -> bool:
    if not is_list(steps, lambda step: isinstance(step, list | tuple)) or not steps:
        return False
    *before, last = steps
    return _is_channel(last) and all(
        len(step) == 3 and _is_channel(step[:1]) and is_whole(step[1], 1) and step[2] in ("delivered", "read")
        for step in before
    )


def _is_channel(step: Sequence[Any]) -> bool:
    """Return whether a step names one channel, which can be part of a failover chain, and nothing else."""
    return len(step) == 1 and isinstance(step[0], str) and step[0] in TEXT_TYPES
