"""Bindings: which user, session or client a verification belongs to. Other callers do not find it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

SESSION_KEY = "lanck_binding"
TOKEN_HEADER: Final = "Verification-Token"  # noqa: S105
TOKEN_PREFIX: Final = "token:"  # noqa: S105
# A client that changes its number has two verifications: of the new number, and of its own as a confirmation.
MOST_TOKENS: Final = 4


class Binding(str):
    """The binding of a client without cookies. Its repr is masked, as tracebacks with variables are."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{TOKEN_PREFIX}•••>"


def has_token(request: HttpRequest) -> bool:
    """Return whether a request has the header ``Verification-Token``: its client uses no cookies."""
    return TOKEN_HEADER in request.headers


def new_token() -> str:
    """Return a random token for a verification of a client without cookies."""
    return secrets.token_urlsafe(32)


def token_binding(token: str) -> Binding:
    """Return the binding of a verification that was started with a token."""
    return Binding(TOKEN_PREFIX + token)


def is_token_binding(binding: str | Sequence[str]) -> bool:
    """Return whether a binding, or each of several, is a token."""
    return isinstance(binding if isinstance(binding, str) else next(iter(binding), ""), Binding)


@sensitive_variables()
def _bindings_of_tokens(request: HttpRequest) -> list[str]:
    tokens = request.headers[TOKEN_HEADER].split(",")[:MOST_TOKENS]
    return [token_binding(token.strip()) for token in tokens]


@sensitive_variables()
def binding_for(request: HttpRequest, *, create: bool = False) -> list[str]:
    """Return the bindings of a request: its tokens if it has any, else its user, and the random value in its session.

    A verification is bound to the first and found by any of them, so that it survives a login, which changes the
    session's key but not its content. ``create`` stores the value in a session that has none; use it for a start.
    Where the header ``Verification-Token`` is, it alone counts and no session is read; a start ignores it.
    """
    if has_token(request) and not create:
        return _bindings_of_tokens(request)
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
    return [hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest() if value else "" for value in bindings]
