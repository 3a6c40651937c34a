"""The settings of the sandbox: the dictionary ``LANCK_SANDBOX`` in the site's settings, read at each use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

from django.conf import settings as django_settings

KEYS = frozenset(
    [
        "TOKEN", "ALLOW_WITHOUT_DEBUG", "REQUESTS_PER_SECOND", "RECEIPT_DELAY", "HANG_SECONDS", "WAIT_SCALE",
        "CALLBACK_HOSTS", "RENTED_NUMBER", "INBOUND_URL",
    ]
)  # fmt: skip

Value = TypeVar("Value")


class SandboxSettings:
    """A typed view of ``settings.LANCK_SANDBOX`` with the defaults."""

    @property
    def raw(self) -> Mapping[str, Any]:
        return cast(Mapping[str, Any], getattr(django_settings, "LANCK_SANDBOX", {}))

    def _value(self, key: str, default: Value) -> Value:
        return cast(Value, self.raw.get(key, default))

    @property
    def token(self) -> str:
        """The access token of the only account, ``id:secret``."""
        return self._value("TOKEN", "sandbox:sandbox")

    @property
    def allow_without_debug(self) -> bool:
        return self._value("ALLOW_WITHOUT_DEBUG", False)

    @property
    def permitted(self) -> bool:
        """Whether the sandbox may run: everyone who can open its pages can read every code."""
        return bool(django_settings.DEBUG) or self.allow_without_debug is True

    @property
    def requests_per_second(self) -> int:
        return self._value("REQUESTS_PER_SECOND", 30)

    @property
    def receipt_delay(self) -> float:
        """Seconds between the response and the first receipt, and between one receipt and the next."""
        return self._value("RECEIPT_DELAY", 1.0)

    @property
    def hang_seconds(self) -> float:
        """Seconds that the magic numbers that hang wait before they respond."""
        return self._value("HANG_SECONDS", 30.0)

    @property
    def wait_scale(self) -> float:
        """The factor for the waits of failover chains and the pauses between the posts of an inbound SMS."""
        return self._value("WAIT_SCALE", 0.1)

    @property
    def callback_hosts(self) -> Sequence[str]:
        """Hosts besides loopback ones that receipts and inbound SMS may be posted to."""
        return self._value("CALLBACK_HOSTS", ())

    @property
    def rented_number(self) -> str:
        """The number of the account that phones can send SMS to."""
        return self._value("RENTED_NUMBER", "+12065550100")

    @property
    def inbound_url(self) -> str:
        """The URL that inbound SMS are posted to. If it is empty, they are not posted."""
        return self._value("INBOUND_URL", "")


conf = SandboxSettings()
