"""What a login by the JSON API gives the client: a session, or what ``LOGIN_RESPONSE`` returns.

``rest_framework_token`` and ``simplejwt_tokens`` are for that setting. Each imports its package when it is called.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils.module_loading import import_string
from django.views.decorators.debug import sensitive_variables

from ..conf import conf
from ..services.verifications.login_tokens import rest_framework_key


@sensitive_variables()
def log_in(request: HttpRequest, user: Any) -> dict[str, Any]:
    """Log in and return what is merged into the answer."""
    if conf.login_response:
        answer: dict[str, Any] = import_string(conf.login_response)(request, user)
        return answer
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return {"csrf_token": get_token(request)}


@sensitive_variables()
def rest_framework_token(request: HttpRequest, user: Any) -> dict[str, Any]:
    """Return the user's token of ``rest_framework.authtoken``, as ``token``."""
    return {"token": rest_framework_key(user)}


@sensitive_variables()
def simplejwt_tokens(request: HttpRequest, user: Any) -> dict[str, Any]:
    """Return a new pair of tokens of djangorestframework-simplejwt, as ``access`` and ``refresh``."""
    from rest_framework_simplejwt.tokens import RefreshToken

    refresh = RefreshToken.for_user(user)
    return {"access": str(refresh.access_token), "refresh": str(refresh)}
