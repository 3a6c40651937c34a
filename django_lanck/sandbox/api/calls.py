"""What passes between the HTTP face and the provider core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One call, read and cleaned. ``source`` is what the client sent, ``request_id`` the id in the path."""

    values: Mapping[str, Any]
    source: Mapping[str, Any]
    request_id: str = ""
