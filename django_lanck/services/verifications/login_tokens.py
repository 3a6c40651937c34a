"""The tokens of REST framework's token authentication."""

from __future__ import annotations

from typing import Any

from django.views.decorators.debug import sensitive_variables


@sensitive_variables()
def rest_framework_key(user: Any) -> str:
    """Return the key of the user's token of ``rest_framework.authtoken``; create the token where there is none."""
    from rest_framework.authtoken.models import Token

    token, _ = Token.objects.get_or_create(user=user)
    return str(token.key)
