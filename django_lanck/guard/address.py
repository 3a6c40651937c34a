"""The IP address of the person behind a request, as far as it cannot be forged."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, TypeAlias

from django.http import HttpRequest

from ..conf import conf

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
# In TRUSTED_PROXIES: a proxy that connects by a Unix socket and so has no address.
UNIX: Final = "unix:"


def client_address(request: HttpRequest) -> str | None:
    """Return the IP address of the person behind a request, or None if it is unknown.

    It is the address that connected, unless that is one of ``TRUSTED_PROXIES``: then it is the last address in
    ``X-Forwarded-For`` that is not a trusted proxy, or the first one if all are. Entries to the left of it, or of an
    entry that is not an address, are ignored. The header ``Forwarded`` (RFC 7239) is not read.
    """
    trusted = conf.trusted_proxies or ()
    connected = request.META.get("REMOTE_ADDR") or ""
    address = parse(connected)
    is_proxy = is_trusted(address, trusted) if connected else UNIX in trusted
    for hop in reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")):
        before = parse(hop)
        if not is_proxy or before is None:
            break
        address, is_proxy = before, is_trusted(before, trusted)
    return str(address) if address else None


def is_trusted(address: Address | None, trusted: Sequence[str]) -> bool:
    return address is not None and any(address in network for network in _networks(tuple(trusted)))


def parse(text: str) -> Address | None:
    """Return the IP address in a text without its port or zone, IPv4-mapped IPv6 as IPv4; None for anything else."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def network_of(address: Address) -> str:
    """Return what counts as one address: an IPv4 address, or the /64 network of an IPv6 subscriber."""
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))


def may_be_a_proxy(address: Address) -> bool:
    """Return whether an address could be a proxy that is not configured, whose visitors would share one limit."""
    return conf.trusted_proxies is None and not address.is_global


@lru_cache(maxsize=8)
def _networks(trusted: tuple[str, ...]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(network) for network in trusted if network != UNIX)
