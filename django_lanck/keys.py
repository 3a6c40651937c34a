"""Keyed hashes that stay valid after a change of SECRET_KEY while the old key is in SECRET_KEY_FALLBACKS."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac


def keyed_digests(salt: str, value: str) -> Iterator[bytes]:
    """Yield the SHA-256 HMACs of a value: by SECRET_KEY, then by each key of SECRET_KEY_FALLBACKS."""
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        yield salted_hmac(salt, value, secret=key, algorithm="sha256").digest()


def keyed_hash(salt: str, value: str) -> str:
    """Return the hexadecimal HMAC of a value by SECRET_KEY."""
    return next(keyed_digests(salt, value)).hex()


def is_keyed_hash(given: str, salt: str, value: str) -> bool:
    """Return whether a hash is that of a value, by the current or a former key. Compares in constant time."""
    return any(constant_time_compare(given, digest.hex()) for digest in keyed_digests(salt, value))
