"""The settings of this app: the dictionary ``LANCK`` in the site's settings.

Each property is one key, read at use, so that ``override_settings`` works. Defaults are here and nowhere else.
``django_lanck.checks`` reports every value that does not fit when the site starts.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ..channels import LANCK_CODE_CHANNELS, SITE_CODE_CHANNELS
from .guard import GuardSettings
from .profiles import Profile, make_profile

CODE_SOURCES = ("lanck", "site")
CODE_LENGTHS = (4, 5, 6)
SENDER_LENGTH = 20
# What LANCK can write and speak codes in. Source: "Create verification request" on LANCK's page.
LANGUAGES = (
    "am ar az bn de en es fa fr he hi hy id it ja ka kk km ky mg mn ms my ne ps pt ru si sn so sv sw ta tg tk uk ur "
    "uz vi zh"
).split()

# What a purpose may have of its own, else the site, else is this. Times are seconds.
PROFILE_DEFAULTS: Mapping[str, Any] = {
    "CODE_SOURCE": "lanck",
    "METHODS": LANCK_CODE_CHANNELS,
    "CHANNELS": SITE_CODE_CHANNELS,
    "CODE_LENGTH": 6,
    "MAX_ATTEMPTS": 5,
    "CODE_LIFETIME": 600,
    "PROOF_LIFETIME": 900,
    "RESEND_WAITS": (30, 40, 60, 90, 120),
    "COUNTRIES": None,
    "FRAUD_CHECK": "off",
    "HLR_CHECK": "off",
}
PROFILE_KEYS = frozenset([*PROFILE_DEFAULTS, "LIMITS", "CHECK_LIMITS"])
# What only a purpose has.
PURPOSE_KEYS = frozenset(["PUBLIC", "STRICT"])

# What numbers are verified for. The JSON API deals with the public ones, the ready pages with all of these.
PURPOSES: Mapping[str, Mapping[str, Any]] = {
    "signup": {"PUBLIC": True},
    "login": {},
    "change_number": {},
    "confirm": {},
}

# Days that each kind of row is kept.
RETENTION: Mapping[str, float | None] = {
    "verifications": 365,
    "messages": 365,
    "receipts": 90,
    "inbound": 365,
    "insights": 90,
    "counters": 1,
    "refusals": 365,
    "figures": 1_095,
}

KEYS = PROFILE_KEYS | frozenset(
    "ACCESS_TOKEN BASE_URL CALLBACK_BASE_URL CONNECT_TIMEOUT READ_TIMEOUT TOTAL_TIMEOUT RATE_LIMIT_WAIT PROXIES "
    "CA_FILE MAX_ANSWER_BYTES SENDERS SEND_CLIENT_IP PROVIDER_CODE_EXPIRY PROVIDER_CHECK_ATTEMPTS PURPOSES "
    "CODE_TEXTS CODE_HOST CODE_FLOW INBOUND_SECRETS STOP_WORDS INSIGHT_LIFETIME RECONCILE_AFTER RECONCILE_DAYS "
    "BACKGROUND_RATE BREAKER_FAILURES RETENTION API_PERMISSION_CLASSES API_THROTTLE_CLASSES "
    "API_AUTHENTICATION_CLASSES STAFF_API SEND_LIMITS WATCH REFUSED_LINE_TYPES CONVERSION CONVERSION_PAUSE "
    "TRUSTED_PROXIES GUARD SCREENING_TIMEOUT SCREENING_FAILED REFUSED_FRAUD_STATES REFUSED_HLR_STATES TEST_NUMBERS "
    "TEST_NUMBERS_IN_PRODUCTION SIGNUP_FORM RECENT_AUTHENTICATION METRICS_TOKENS".split()
)


def lancks_language(language: str) -> str:
    """LANCK's code for a language such as ``pt-br`` or ``zh-hans``; empty for one that it does not speak."""
    code = language.partition("-")[0]
    return code if code in LANGUAGES else ""


def parse_address(value: object) -> SplitResult | None:
    """The parts of an http or https address that names a host and nothing secret, or None."""
    if not isinstance(value, str) or not value.isprintable() or " " in value:  # a line's end from a file, for one
        return None
    try:
        parts = urlsplit(value)
        plain = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    plain = plain and not (parts.username or parts.query or parts.fragment)
    return parts if plain and parts.scheme in ("http", "https") else None


def is_base_url(value: object) -> bool:
    """Whether it can be LANCK's: https, or http to a loopback host (the sandbox)."""
    parts = parse_address(value)
    return parts is not None and (parts.scheme == "https" or is_loopback(parts.hostname or ""))


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_access_token(value: object) -> bool:
    return isinstance(value, str) and all(value.partition(":")) and value == value.strip()


class LanckSettings(GuardSettings):
    """Typed view of ``settings.LANCK``."""

    # The account

    @property
    def access_token(self) -> str:
        """LANCK's access token, ``id:secret`` in one string."""
        return self._get("ACCESS_TOKEN", "") or ""

    @property
    def base_url(self) -> str:
        """Where LANCK's API is, up to and with ``/v1``."""
        return str(self._get("BASE_URL", "") or "").rstrip("/")

    @property
    def callback_base_url(self) -> str:
        """Public origin of this site for LANCK's callbacks, such as ``https://www.example.com``; empty for none."""
        return str(self._get("CALLBACK_BASE_URL", "") or "").rstrip("/")

    # The transport

    @property
    def connect_timeout(self) -> float:
        """Seconds until a connection is made."""
        return self._get("CONNECT_TIMEOUT", 5.0)

    @property
    def read_timeout(self) -> float:
        """Seconds for the whole answer, however it drips."""
        return self._get("READ_TIMEOUT", 10.0)

    @property
    def total_timeout(self) -> float:
        """Seconds that a call may take, waits and repeats included."""
        return self._get("TOTAL_TIMEOUT", 15.0)

    @property
    def rate_limit_wait(self) -> float:
        """How many seconds a call may wait in all when LANCK answers 429."""
        return self._get("RATE_LIMIT_WAIT", 3.0)

    @property
    def proxies(self) -> Mapping[str, str]:
        """As ``requests`` takes them; the environment's are not used."""
        return self._get("PROXIES", {})

    @property
    def ca_file(self) -> str:
        """CA bundle to trust instead of the one that ``requests`` brings; empty for that one."""
        return str(self._get("CA_FILE", "") or "")

    @property
    def max_answer_bytes(self) -> int:
        """Longer answers of LANCK's are not read."""
        return self._get("MAX_ANSWER_BYTES", 1_048_576)

    @property
    def breaker_failures(self) -> int:
        """After how many requests in a row without an answer LANCK is taken to be down; 0 for never."""
        return self._get("BREAKER_FAILURES", 5)

    # What LANCK is told

    @property
    def senders(self) -> Mapping[str, str]:
        """Sender by ``"method:COUNTRY"``, ``"COUNTRY"`` or ``"method"``, the most specific one first."""
        return self._get("SENDERS", {})

    def sender(self, method: str, country: str) -> str | None:
        keys = (f"{method}:{country}", country, method)
        return next((self.senders[key] for key in keys if key in self.senders), None)

    @property
    def send_client_ip(self) -> bool:
        """Whether LANCK is told the person's IP address, for its fraud prevention."""
        return self._get("SEND_CLIENT_IP", False)

    @property
    def provider_code_expiry(self) -> int | None:
        """``codeExpiry`` in seconds, sent only when set."""
        return self._get("PROVIDER_CODE_EXPIRY", None)

    @property
    def provider_check_attempts(self) -> int | None:
        """``checkAttemptsAllowed``, sent only when set."""
        return self._get("PROVIDER_CHECK_ATTEMPTS", None)

    # Verifications

    @property
    def purposes(self) -> Mapping[str, Mapping[str, Any]]:
        """Purpose → the keys of its profile that differ from the site's (``METHODS``, ``CODE_LENGTH`` …)."""
        return self._get("PURPOSES", PURPOSES)

    @property
    def public_purposes(self) -> list[str]:
        """Those that the JSON API deals with."""
        return [purpose for purpose, own in self.purposes.items() if own.get("PUBLIC", False)]

    def profile(self, purpose: str) -> Profile:
        """The profile of a purpose. Raises KeyError for one that is not in ``PURPOSES``."""
        return make_profile(purpose, self.purposes[purpose], self.raw, PROFILE_DEFAULTS)

    def profile_of_started(self, purpose: str) -> Profile:
        """The same, also of a purpose that was removed while somebody typed its code."""
        return make_profile(purpose, self.purposes.get(purpose, {}), self.raw, PROFILE_DEFAULTS)

    # The site's own codes

    @property
    def code_texts(self) -> Mapping[str, str]:
        """Language → the text around ``{code}``; the language ``""`` is for all others. Default: this app's own."""
        return self._get("CODE_TEXTS", {})

    @property
    def code_host(self) -> str:
        """Host for the last line of a code's SMS, ``@host #code``, by which browsers fill it in; empty for none."""
        return self._get("CODE_HOST", "")

    @property
    def code_flow(self) -> Sequence[Sequence[Any]]:
        """The steps of the channel ``failover``: ``(channel, wait, unless)``, and of the last one the channel alone."""
        return self._get("CODE_FLOW", (("push", 30, "delivered"), ("viber", 60, "delivered"), ("sms",)))

    # What comes in

    @property
    def inbound_secrets(self) -> Sequence[str]:
        """The secrets that the inbound URL may have; several while one takes the other's place."""
        return self._get("INBOUND_SECRETS", ())

    @property
    def stop_words(self) -> Sequence[str]:
        """Texts by which the sender of an inbound SMS refuses marketing, whatever their case."""
        return self._get("STOP_WORDS", ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "СТОП"))

    # Insight and reconciliation

    @property
    def insight_lifetime(self) -> float:
        """For how many seconds an answer about a number is used again; 0 to ask each time."""
        return self._get("INSIGHT_LIFETIME", 86_400)

    @property
    def reconcile_after(self) -> float:
        """Seconds that a message may have no final status before LANCK is asked about it."""
        return self._get("RECONCILE_AFTER", 300)

    @property
    def reconcile_days(self) -> float:
        """Days after which LANCK is not asked about a message any more."""
        return self._get("RECONCILE_DAYS", 3)

    @property
    def background_rate(self) -> float:
        """How many requests a second all background work makes at most."""
        return self._get("BACKGROUND_RATE", 10)

    @property
    def retention(self) -> Mapping[str, float | None]:
        """Kind of row → days after which ``prune`` erases it; None keeps it. What is left out has its default."""
        return {**RETENTION, **self._get("RETENTION", {})}

    # The JSON API: dotted paths; None means what Django REST framework is set to

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
        """Whether ``django_lanck.api.staff_urls`` answers. Only True switches it on, and not the text ``"False"``."""
        return self._get("STAFF_API", False) is True

    # The ready pages

    @property
    def signup_form(self) -> str:
        """Dotted path of the form that a signup asks after the code; it makes the user."""
        return self._get("SIGNUP_FORM", "django_lanck.web.forms.SignupForm")

    @property
    def recent_authentication(self) -> int:
        """Seconds since somebody showed who they are, after which it is asked again before a number is changed."""
        return self._get("RECENT_AUTHENTICATION", 900)

    @property
    def metrics_tokens(self) -> Sequence[str]:
        """Whoever has one may read the metrics; several while one takes the other's place. Without any they are off."""
        return self._get("METRICS_TOKENS", ())


conf = LanckSettings()
