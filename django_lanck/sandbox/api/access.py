"""Access to the sandbox: the permission to run, and the authentication of the API's clients."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from ..conf import conf
from .errors import UNAUTHENTICATED, APIError

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

REFUSAL = (
    "The LANCK sandbox shows verification codes to everyone, so it does not run while DEBUG is off. "
    "To allow it nevertheless, set LANCK_SANDBOX = {'ALLOW_WITHOUT_DEBUG': True}.\n"
)


def if_permitted(view: View[P]) -> View[P]:
    """Decorate a view to answer 403 unless ``DEBUG`` or ``ALLOW_WITHOUT_DEBUG`` is set."""

    @wraps(view)
    def wrapper(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not conf.permitted:
            return HttpResponse(REFUSAL, status=403, content_type="text/plain; charset=utf-8")
        return view(request, *args, **kwargs)

    return wrapper


def authenticate(request: HttpRequest) -> None:
    """Raise error 1 unless the request has the access token in HTTP Basic authentication."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    try:
        token = base64.b64decode(credentials.strip(), validate=True)
    except (binascii.Error, ValueError):
        token = b""
    if scheme.lower() != "basic" or not hmac.compare_digest(token, conf.token.encode()):
        raise APIError(UNAUTHENTICATED)
