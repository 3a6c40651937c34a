"""The model that ``test_states`` compares verifications with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django_lanck.models import Verification
from django_lanck.models.status import RANKS, Status
from django_lanck.testing import Sent

ALLOWED, LIFETIME, PROOF_LIFETIME, WAITS = 2, 990, 890, (30, 30, 30)


@dataclass
class ModelMessage:
    """A message in the model.

    ``statuses`` has the rank, time and status of each report about it. ``known`` is whether the site knows its request
    id, ``lost`` has the digits of checks without an answer.
    """

    pk: int
    sent: Sent | None
    known: bool
    statuses: list[tuple[int, float, str]] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)

    @property
    def status(self) -> str:
        return max(self.statuses)[2]

    @property
    def refused(self) -> bool:
        return self.statuses[0][2] == Status.REFUSED

    @property
    def code(self) -> str:
        return self.sent.code if self.sent else ""


@dataclass
class ModelVerification:
    """A verification in the model."""

    pk: Any
    source: str
    messages: list[ModelMessage] = field(default_factory=list)
    state: str = "pending"
    attempts: int = 0
    failures: int = 0
    resends: int = 0
    age: int = 0
    expires: int = LIFETIME
    resend_at: int | None = WAITS[0]
    proof: str = ""
    proved_at: int = 0
    redeemed: bool = False

    @property
    def row(self) -> Verification:
        return Verification.objects.get(pk=self.pk)

    @property
    def is_expired(self) -> bool:
        return self.state == "pending" and self.age >= self.expires

    @property
    def valid_messages(self) -> list[ModelMessage]:
        """The messages whose code is right: the newest that LANCK accepted, and newer ones of unknown outcome."""
        found = []
        for message in reversed(self.messages):
            if not message.refused:
                found.append(message)
            if max(message.statuses)[0] > RANKS["unknown"]:
                break
        return found if self.source == "site" else found[:1]
