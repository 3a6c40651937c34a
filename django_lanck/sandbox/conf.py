"""The sandbox's settings: the dictionary ``LANCK_SANDBOX`` in the site's settings, read at use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

from django.conf import settings as django_settings

KEYS = frozenset(
    [
        "TOKEN",
        "ALLOW_WITHOUT_DEBUG",
        "REQUESTS_PER_SECOND",
        "RECEIPT_DELAY",
        "HANG_SECONDS",
        "CALLBACK_HOSTS",
        "RENTED_NUMBER",
        "INBOUND_URL",
    ]
)


Value = TypeVar("Value")


class SandboxSettings:
    """Typed view of ``settings.LANCK_SANDBOX``. Defaults are here and nowhere else."""

    @property
    def raw(self) -> Mapping[str, Any]:
        return cast(Mapping[str, Any], getattr(django_settings, "LANCK_SANDBOX", {}))

    def _value(self, key: str, default: Value) -> Value:
        return cast(Value, self.raw.get(key, default))

    @property
    def token(self) -> str:
        """The one access token that the sandbox accepts, ``id:secret``."""
        return self._value("TOKEN", "sandbox:sandbox")

    @property
    def allow_without_debug(self) -> bool:
        return self._value("ALLOW_WITHOUT_DEBUG", False)

    @property
    def permitted(self) -> bool:
        """Whether the sandbox may run at all: everyone who reaches it reads every code."""
        return bool(django_settings.DEBUG) or self.allow_without_debug is True

    @property
    def requests_per_second(self) -> int:
        return self._value("REQUESTS_PER_SECOND", 30)

    @property
    def receipt_delay(self) -> float:
        """Seconds between the answer and the first receipt, and between one receipt and the next."""
        return self._value("RECEIPT_DELAY", 1.0)

    @property
    def hang_seconds(self) -> float:
        """How long the magic numbers that hang keep the client waiting."""
        return self._value("HANG_SECONDS", 30.0)

    @property
    def callback_hosts(self) -> Sequence[str]:
        """Hosts that receipts are posted to besides the loopback ones."""
        return self._value("CALLBACK_HOSTS", ())

    @property
    def rented_number(self) -> str:
        """The number that handsets text to."""
        return self._value("RENTED_NUMBER", "+9995550000")

    @property
    def inbound_url(self) -> str:
        """Where those texts are posted; nowhere if it is empty."""
        return self._value("INBOUND_URL", "")


conf = SandboxSettings()
