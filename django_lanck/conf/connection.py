"""The settings of the LANCK account, of the HTTP transport, and of what requests to LANCK contain."""

from __future__ import annotations

from collections.abc import Mapping

from .base import Settings


class ConnectionSettings(Settings):
    # The account

    @property
    def access_token(self) -> str:
        """The LANCK access token, ``id:secret`` in one string."""
        return self._get("ACCESS_TOKEN", "") or ""

    @property
    def base_url(self) -> str:
        """The address of LANCK's API, up to and including ``/v1``."""
        return str(self._get("BASE_URL", "") or "").rstrip("/")

    @property
    def callback_base_url(self) -> str:
        """The public origin of this site for callbacks, such as ``https://www.example.com``; empty for none."""
        return str(self._get("CALLBACK_BASE_URL", "") or "").rstrip("/")

    # The transport

    @property
    def connect_timeout(self) -> float:
        """Seconds to wait for a connection."""
        return self._get("CONNECT_TIMEOUT", 5.0)

    @property
    def read_timeout(self) -> float:
        """Seconds for the whole response, however slowly it arrives."""
        return self._get("READ_TIMEOUT", 10.0)

    @property
    def total_timeout(self) -> float:
        """Seconds for a whole call, pauses and retries included."""
        return self._get("TOTAL_TIMEOUT", 15.0)

    @property
    def rate_limit_wait(self) -> float:
        """Seconds that a call may wait in total when LANCK answers 429."""
        return self._get("RATE_LIMIT_WAIT", 3.0)

    @property
    def proxies(self) -> Mapping[str, str]:
        """Proxies in the format of ``requests``. Proxies from the environment are not used."""
        return self._get("PROXIES", {})

    @property
    def ca_file(self) -> str:
        """A CA bundle to trust instead of the one of ``requests``; empty for that one."""
        return str(self._get("CA_FILE", "") or "")

    @property
    def max_answer_bytes(self) -> int:
        """The size of the largest response that is read."""
        return self._get("MAX_ANSWER_BYTES", 1_048_576)

    @property
    def breaker_failures(self) -> int:
        """The number of requests in a row without an answer after which LANCK counts as down; 0 for never."""
        return self._get("BREAKER_FAILURES", 5)

    # The contents of requests

    @property
    def senders(self) -> Mapping[str, str]:
        """Senders by ``"method:COUNTRY"``, ``"COUNTRY"`` or ``"method"``; the most specific key applies."""
        return self._get("SENDERS", {})

    def sender(self, method: str, country: str) -> str | None:
        """Return the sender for a channel and a country, or None."""
        keys = (f"{method}:{country}", country, method)
        return next((self.senders[key] for key in keys if key in self.senders), None)

    @property
    def send_client_ip(self) -> bool:
        """Whether LANCK receives the person's IP address, for its fraud prevention."""
        return self._get("SEND_CLIENT_IP", False)

    @property
    def provider_code_expiry(self) -> int | None:
        """``codeExpiry`` in seconds; None leaves it out of the request."""
        return self._get("PROVIDER_CODE_EXPIRY", None)

    @property
    def provider_check_attempts(self) -> int | None:
        """``checkAttemptsAllowed``; None leaves it out of the request."""
        return self._get("PROVIDER_CHECK_ATTEMPTS", None)
