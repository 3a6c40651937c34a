"""``{% load lanck %}``: whose number it is, and how it is written."""

from __future__ import annotations

from typing import Any

from django import template

from .. import services
from ..exceptions import Refusal
from ..models import VerifiedNumber
from ..models.number import mask_number

register = template.Library()


@register.simple_tag
def verified_number(user: Any) -> str:
    """The number that a user proved, in E.164; empty where there is none. ``{% verified_number user as number %}``."""
    return _number(services.verified_number_of(user))


@register.filter
def has_verified_number(user: Any) -> bool:
    """``{% if user|has_verified_number %}``."""
    return services.verified_number_of(user) is not None


@register.filter
def masked(number: Any) -> str:
    """``+12015550123`` → ``+1201•••0123``."""
    return mask_number(_number(number))


@register.filter
def national(number: Any) -> str:
    """``+12015550123`` → ``(201) 555-0123``, as people in its country write it."""
    return _written(number, "as_national")


@register.filter
def international(number: Any) -> str:
    """``+12015550123`` → ``+1 201-555-0123``."""
    return _written(number, "as_international")


def _written(number: Any, how: str) -> str:
    text = _number(number)
    try:
        return str(getattr(services.parse_number(text), how))
    except Refusal:
        return text  # what is no number is shown as it is


def _number(number: Any) -> str:
    return number.number if isinstance(number, VerifiedNumber) else str(number or "")
