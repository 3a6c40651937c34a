"""``{% load lanck %}``: the verified number of a user, and the formats of numbers."""

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
    """Return the verified number of a user in E.164; empty for none. ``{% verified_number user as number %}``."""
    return _number(services.verified_number_of(user))


@register.filter
def has_verified_number(user: Any) -> bool:
    """Return whether a user has a verified number. ``{% if user|has_verified_number %}``."""
    return services.verified_number_of(user) is not None


@register.filter
def masked(number: Any) -> str:
    """Return a number with its middle digits masked: ``+1201•••0123``."""
    return mask_number(_number(number))


@register.filter
def national(number: Any) -> str:
    """Return a number in national format: ``(201) 555-0123``."""
    return _formatted(number, "as_national")


@register.filter
def international(number: Any) -> str:
    """Return a number in international format: ``+1 201-555-0123``."""
    return _formatted(number, "as_international")


def _formatted(number: Any, attribute: str) -> str:
    text = _number(number)
    try:
        return str(getattr(services.parse_number(text), attribute))
    except Refusal:
        return text  # an invalid number is shown unchanged


def _number(number: Any) -> str:
    return number.number if isinstance(number, VerifiedNumber) else str(number or "")
