from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from ..conf.profiles import Profile

Action: TypeAlias = Literal["start", "resend", "check", "send"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request that the guard judges: a start, resend or check of a verification, or the send of another message.

    ``number`` is E.164; ``country`` is its ISO code, or empty; ``channel`` is the channel of the message, empty for a
    check. ``profile`` is that of the purpose, None for a send. ``user_id`` is the key of the user, or None;
    ``session`` a hash of the binding. ``address`` is the person's IP address and ``request`` their HTTP request
    (Django's or Django REST framework's), where the caller provides them.
    """

    action: Action
    number: str
    country: str
    channel: str = ""
    profile: Profile | None = None
    user_id: Any = None
    session: str = ""
    address: str | None = None
    request: Any = None
    is_test: bool = False

    @property
    def purpose(self) -> str:
        return self.profile.purpose if self.profile else ""

    @property
    def prefix(self) -> str:
        """The number without its last four digits: often one operator owns all numbers of such a block."""
        return self.number[:-4]
