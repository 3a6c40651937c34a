"""The settings of accounts, of the JSON APIs, the ready pages and the metrics."""

from __future__ import annotations

from collections.abc import Sequence

from .base import Settings


class InterfaceSettings(Settings):
    # The JSON API: dotted paths. None means the setting of Django REST framework.

    @property
    def api_permission_classes(self) -> Sequence[str]:
        return self._get("API_PERMISSION_CLASSES", ["rest_framework.permissions.AllowAny"])

    @property
    def api_throttle_classes(self) -> Sequence[str] | None:
        return self._get("API_THROTTLE_CLASSES", None)

    @property
    def api_authentication_classes(self) -> Sequence[str] | None:
        return self._get("API_AUTHENTICATION_CLASSES", None)

    @property
    def staff_api(self) -> bool:
        """Whether ``django_lanck.api.staff_urls`` answers. Only True enables it, not the text ``"False"``."""
        return self._get("STAFF_API", False) is True

    # Accounts

    @property
    def account_guard(self) -> str:
        """The dotted path of ``guard(user, purpose)``, which refuses access by a proof; empty for the default."""
        return self._get("ACCOUNT_GUARD", "") or ""

    @property
    def login_response(self) -> str:
        """The dotted path of ``response(request, user)``, what an API login returns; empty for a session."""
        return self._get("LOGIN_RESPONSE", "") or ""

    @property
    def notify_former_number(self) -> bool:
        """Whether a text is sent to the former number of a user whose number changed. Only True enables it."""
        return self._get("NOTIFY_FORMER_NUMBER", False) is True

    @property
    def signup_form(self) -> str:
        """The dotted path of the form that a signup shows after the code. It creates the user."""
        return self._get("SIGNUP_FORM", "django_lanck.web.forms.SignupForm")

    @property
    def recent_authentication(self) -> int:
        """Seconds for which an authentication counts as recent. Changing a number needs a recent one."""
        return self._get("RECENT_AUTHENTICATION", 900)

    # Metrics

    @property
    def metrics_tokens(self) -> Sequence[str]:
        """The tokens that give access to the metrics, several while one replaces another. Without any they are off."""
        return self._get("METRICS_TOKENS", ())
