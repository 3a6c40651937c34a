"""Checks of the LANCK account, the transport, and the addresses for callbacks."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from django.core.checks import Warning
from django.urls import NoReverseMatch, reverse

from ..conf import SENDER_LENGTH, conf, is_access_token, is_base_url, parse_address
from ..values import CheckMessages, error, is_number, is_text, is_whole


def check_access_token() -> CheckMessages:
    if not is_access_token(conf.raw.get("ACCESS_TOKEN")):
        yield error(
            3,
            "LANCK['ACCESS_TOKEN'] is not an access token.",
            "It is one string, 'id:secret', from LANCK's developer console. Read it from the environment.",
        )


def check_base_url() -> CheckMessages:
    if not is_base_url(conf.raw.get("BASE_URL")):
        yield error(
            4,
            "LANCK['BASE_URL'] is not the address of LANCK's API.",
            "It looks like 'https://HOST/v1'. Plain http is only for a sandbox on this machine.",
        )


def check_callback_base_url() -> CheckMessages:
    value = conf.raw.get("CALLBACK_BASE_URL")
    parts = parse_address(value)
    if value and (parts is None or parts.path.strip("/")):
        hint = "It looks like 'https://www.example.com', without a path."
        yield error(5, "LANCK['CALLBACK_BASE_URL'] is not an origin.", hint)
    if not value:
        yield Warning(
            "LANCK['CALLBACK_BASE_URL'] is not set, so LANCK cannot report whether a message was delivered.",
            hint="Set it to this site's public origin, such as 'https://www.example.com'.",
            id="django_lanck.W001",
        )


def check_callback_route() -> CheckMessages:
    if not conf.callback_base_url:
        return
    try:
        reverse("lanck:receipt", args=["token"])
    except NoReverseMatch:
        yield error(
            6,
            "There is no URL for LANCK's delivery receipts.",
            "Add path('lanck/', include('django_lanck.urls')) to the root URLconf.",
        )


def check_times() -> CheckMessages:
    for key in ("CONNECT_TIMEOUT", "READ_TIMEOUT", "TOTAL_TIMEOUT"):
        if key in conf.raw and not is_number(conf.raw[key], above=0):
            yield error(7, f"LANCK['{key}'] is not a time.", "It is a number of seconds above 0.")
    if not is_number(conf.rate_limit_wait, above=-1) or conf.rate_limit_wait < 0:
        yield error(7, "LANCK['RATE_LIMIT_WAIT'] is not a time.", "It is a number of seconds, 0 for no wait.")


def check_transport() -> CheckMessages:
    if conf.ca_file and not _is_ca_file(conf.ca_file):
        yield error(8, "LANCK['CA_FILE'] is not a PEM bundle.", "Set it to the path of one, or leave it out.")
    if not isinstance(conf.proxies, Mapping) or not all(map(_is_proxy, conf.proxies.values())):
        yield error(9, "LANCK['PROXIES'] is not a dictionary of proxies.", "Such as {'https': 'http://proxy:3128'}.")
    if not is_whole(conf.max_answer_bytes, 1024):
        yield error(10, "LANCK['MAX_ANSWER_BYTES'] is not a size.", "It is a number of bytes, at least 1024.")
    if not is_whole(conf.breaker_failures, 0):
        yield error(
            29, "LANCK['BREAKER_FAILURES'] is not a number.", "It is a whole number, 0 to disable the circuit breaker."
        )


def _is_ca_file(path: str) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except (OSError, ValueError):
        return False
    return True


def _is_proxy(value: object) -> bool:
    """Return whether a proxy has a host. Without a scheme, requests assumes http."""
    if not isinstance(value, str) or not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def check_senders() -> CheckMessages:
    senders = conf.senders
    is_valid = isinstance(senders, Mapping) and all(
        isinstance(key, str) and is_text(sender) and len(sender) <= SENDER_LENGTH for key, sender in senders.items()
    )
    if not is_valid:
        yield error(
            11,
            "LANCK['SENDERS'] is not a dictionary of senders.",
            "Keys are such as 'sms', 'GB' or 'sms:GB'; values are senders that LANCK allows, of at most 20 characters.",
        )


def check_provider_limits() -> CheckMessages:
    for key in ("PROVIDER_CODE_EXPIRY", "PROVIDER_CHECK_ATTEMPTS"):
        if conf.raw.get(key) is not None and not is_whole(conf.raw[key], 1):
            yield error(12, f"LANCK['{key}'] is not a positive number.", "Leave it out for LANCK's default.")
    if not isinstance(conf.send_client_ip, bool):
        yield error(13, "LANCK['SEND_CLIENT_IP'] is neither True nor False.", "Set it to True or False.")
