"""Keyed hashes that outlive a change of SECRET_KEY, as long as the old key is among SECRET_KEY_FALLBACKS."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac


def keyed_digests(salt: str, value: str) -> Iterator[bytes]:
    """The SHA-256 HMAC of a value: by the key in use, then by the former ones."""
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        yield salted_hmac(salt, value, secret=key, algorithm="sha256").digest()


def keyed_hash(salt: str, value: str) -> str:
    return next(keyed_digests(salt, value)).hex()


def is_keyed_hash(given: str, salt: str, value: str) -> bool:
    return any(constant_time_compare(given, digest.hex()) for digest in keyed_digests(salt, value))
