"""Mask phone numbers for staff without the permission to see them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from django.http import HttpRequest

from ..models.number import mask_number, mask_numbers
from ..services import may_see_numbers

# Masks the numbers in a text or in JSON, or returns it unchanged.
Mask = Callable[[Any], Any]


def sees_numbers(request: HttpRequest) -> bool:
    return may_see_numbers(request.user)


def mask_for(request: HttpRequest, numbers: Collection[str]) -> Mask:
    """Return the function that masks these and other numbers for the user of the request."""
    return (lambda value: value) if sees_numbers(request) else partial(without_numbers, numbers=numbers)


def shown_number(request: HttpRequest, number: str) -> str:
    return number if sees_numbers(request) else mask_number(number)


def without_numbers(value: Any, numbers: Collection[str]) -> Any:
    """Return a text or JSON with all numbers masked: these in any form, others where they look like numbers."""
    if isinstance(value, Mapping):
        return {name: without_numbers(inner, numbers) for name, inner in value.items()}
    if isinstance(value, list):
        return [without_numbers(inner, numbers) for inner in value]
    if not isinstance(value, str | int) or isinstance(value, bool):
        return value
    text = str(value)
    for number in numbers:
        digits = number.removeprefix("+")
        if digits.isdigit():
            text = text.replace(number, mask_number(number)).replace(digits, mask_number(number))
    if isinstance(value, str):
        return mask_numbers(text)
    return value if text == str(value) else text


def owner_name(user: Any, number: str) -> str:
    """Return the user's name with all numbers masked, or a dash for no user."""
    return str(without_numbers(str(user), [number])) if user else "–"
