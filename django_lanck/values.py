"""What the value of a setting can be asked, and how a check says that it does not fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import Any, Final

from django.core.checks import CheckMessage, Error

Found = Iterator[CheckMessage]
SECRET: Final = re.compile(r"[A-Za-z0-9_-]{20,}")


def error(number: int, text: str, hint: str) -> Error:
    return Error(text, hint=hint, id=f"django_lanck.E{number:03}")


def is_number(value: object, *, above: float, most: float = 10**9) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and above < value <= most


def is_whole(value: object, least: int, most: int = 10**9) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def is_secret(value: object) -> bool:
    return isinstance(value, str) and bool(SECRET.fullmatch(value))


def is_list(value: object, fits: Callable[[Any], bool]) -> bool:
    return isinstance(value, list | tuple) and all(map(fits, value))


def some_of(choices: Collection[str]) -> Callable[[Any], bool]:
    known = tuple(choices)  # in which a value that has no hash can be looked for too
    return lambda value: bool(value) and is_list(value, known.__contains__)
