"""Validate the options of a start or a resend: purpose, code source, method and language."""

from __future__ import annotations

from django.utils.translation import get_language

from ...conf import CODE_SOURCES, LANGUAGES, conf, lancks_language
from ...conf.profiles import Profile
from ...exceptions import InvalidArgument, Refusal
from ...models import Verification
from ...models.verification import LANGUAGE_LENGTH


def profile_of(purpose: str) -> Profile:
    """Return the settings of a purpose. Raises Refusal ``invalid_purpose``."""
    try:
        return conf.profile(purpose)
    except KeyError:
        raise Refusal("invalid_purpose") from None


def code_source_of(profile: Profile, code_source: str | None) -> str:
    """Return who generates the code, by default as the purpose says. Raises InvalidArgument."""
    code_source = code_source or profile.code_source
    if code_source not in CODE_SOURCES:
        raise InvalidArgument("code_source", f"It has to be one of {', '.join(CODE_SOURCES)}.")
    return code_source


def method_of(profile: Profile, code_source: str, method: str | None) -> str:
    """Return the method, by default the purpose's first. Raises Refusal ``invalid_method``."""
    offered = profile.methods_of(code_source)
    method = method or offered[0]
    if method not in offered:
        raise Refusal("invalid_method")
    return method


def language_of(code_source: str, language: str | None) -> str:
    """Return the language of the code, by default the active one. Raises Refusal ``invalid_language``.

    The active language applies to LANCK's codes only if LANCK has it; the site's own texts may have any.
    """
    if language is None:
        active = get_language() or ""
        own_text = code_source == Verification.CodeSource.SITE and len(active) <= LANGUAGE_LENGTH
        return active if own_text else lancks_language(active)
    if language not in LANGUAGES:
        raise Refusal("invalid_language")
    return language
