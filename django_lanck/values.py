"""Functions that test the values of settings, and the error of the system checks."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import Any, Final

from django.core.checks import CheckMessage, Error
from django.utils.module_loading import import_string

CheckMessages = Iterator[CheckMessage]
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


def is_path_of_function(value: object) -> bool:
    """Return whether a value is empty, or the dotted path of something that can be called."""
    try:
        return not value or callable(import_string(value))  # type: ignore[arg-type]
    except (ImportError, AttributeError, TypeError, ValueError):
        return False


def is_list(value: object, is_valid: Callable[[Any], bool]) -> bool:
    """Return whether a value is a list or tuple of valid items; an empty one is."""
    return isinstance(value, list | tuple) and all(map(is_valid, value))


def one_of(choices: Collection[str]) -> Callable[[Any], bool]:
    """Return a test for one of the choices. It accepts values that cannot be hashed."""
    return tuple(choices).__contains__


def some_of(choices: Collection[str]) -> Callable[[Any], bool]:
    """Return a test for a list of some of the choices, at least one."""
    is_choice = one_of(choices)
    return lambda value: bool(value) and is_list(value, is_choice)
