from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from ..conf.profiles import Profile

Action: TypeAlias = Literal["start", "resend", "check", "send"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody wants to have sent or checked, as the rules see it.

    ``number`` is E.164, ``country`` its ISO code or empty, ``channel`` how it is to travel (of a check: empty).
    ``profile`` is that of the purpose; None for what is no verification. ``session`` is a hash of the binding.
    ``address`` is the person's IP address, ``request`` the request they made (Django's or Django REST framework's),
    where the caller gave them.
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
        """The number without its last four digits: of those, one operator often has all."""
        return self.number[:-4]
