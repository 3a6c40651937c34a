"""Bindings: which user or session a verification belongs to. Other callers do not find it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

SESSION_KEY = "lanck_binding"


def binding_for(request: HttpRequest, *, create: bool = False) -> list[str]:
    """Return the bindings of a request: its user, and the random value in its session.

    A verification is bound to the first and found by any of them, so that it survives a login, which changes the
    session's key but not its content. ``create`` stores the value in a session that has none; use it for a start.
    """
    bindings = []
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        bindings.append(f"user:{user.pk}")
    session = getattr(request, "session", None)
    value = session.get(SESSION_KEY) if session is not None else None
    if value is None:
        value = secrets.token_urlsafe(32)
        if create and not bindings:
            if session is None:
                raise ImproperlyConfigured("A verification of an anonymous user needs a session to be bound to.")
            session[SESSION_KEY] = value
    return [*bindings, f"session:{value}"]


@contextmanager
def new_binding(request: HttpRequest) -> Iterator[list[str]]:
    """Provide the bindings for a start. If it raises, the value is removed again from a session that had none."""
    session = getattr(request, "session", {})
    is_new = SESSION_KEY not in session
    try:
        yield binding_for(request, create=True)
    except Exception:
        if is_new:
            session.pop(SESSION_KEY, None)
        raise


def binding_hashes(binding: str | Sequence[str]) -> list[str]:
    """Return the hashes of one or several bindings as they are stored; an empty binding has an empty hash."""
    bindings = [binding] if isinstance(binding, str) else binding
    return [hashlib.sha256(value.encode()).hexdigest() if value else "" for value in bindings]
