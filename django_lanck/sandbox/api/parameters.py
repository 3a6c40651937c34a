"""The types that operations and the API pass to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

RawParameters = dict[str, Any]
ResponseBody = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a request to the API.

    ``values`` are validated, with defaults. ``raw`` is what the client sent. ``request_id`` is the id in the path.
    """

    values: Mapping[str, Any]
    raw: RawParameters
    request_id: str = ""

    def __getitem__(self, name: str) -> Any:
        return self.values[name]
