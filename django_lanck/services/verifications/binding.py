"""Who a verification belongs to. For anyone else it does not exist."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

SESSION_KEY = "lanck_binding"


def binding_for(request: HttpRequest, *, create: bool = False) -> list[str]:
    """The bindings of a request: its user, and the random value inside its session.

    A verification is bound to the first one and found by any of them, so that it survives a login (which changes the
    session's key, not what is inside). ``create`` puts the value into a session that has none; a start needs that.
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
                raise ImproperlyConfigured("Someone who is not logged in can be told apart only by a session.")
            session[SESSION_KEY] = value
    return [*bindings, f"session:{value}"]


@contextmanager
def new_binding(request: HttpRequest) -> Iterator[list[str]]:
    """The bindings for a start. A refused one leaves no session behind that was made for it."""
    session = getattr(request, "session", {})
    is_new = SESSION_KEY not in session
    try:
        yield binding_for(request, create=True)
    except Exception:
        if is_new:
            session.pop(SESSION_KEY, None)
        raise


def binding_hashes(binding: str | Sequence[str]) -> list[str]:
    bindings = [binding] if isinstance(binding, str) else binding
    return [hashlib.sha256(value.encode()).hexdigest() if value else "" for value in bindings]
