"""The statuses of a message, and the order in which one replaces another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    """The status of a message: lower case for this app's own, upper case for LANCK's.

    A status of LANCK's that is not in this list is stored as LANCK sends it.
    """

    SENDING = "sending", _("being sent")
    UNKNOWN = "unknown", _("unknown whether sent")
    REFUSED = "refused", _("refused, not sent")
    ACCEPTED = "accepted", _("accepted by LANCK")
    SENT = "SENT", _("sent")
    REJECTED = "REJECTED", _("rejected")
    UNDELIVERED = "UNDELIVERED", _("not delivered")
    DELIVERED = "DELIVERED", _("delivered")
    ANSWERED = "ANSWERED", _("answered")


RANKS: Final[Mapping[str, int]] = {
    Status.SENDING: 0,
    Status.UNKNOWN: 1,
    Status.REFUSED: 1,
    Status.ACCEPTED: 2,
    # 3: a status of LANCK's that is not in this table
    Status.SENT: 4,
    Status.REJECTED: 5,
    Status.UNDELIVERED: 6,
    Status.DELIVERED: 7,
    Status.ANSWERED: 7,
}
LANCK_STATUSES: Final = frozenset(status for status in RANKS if status.isupper())
OTHER_RANK: Final = 3
FINAL_RANK: Final = RANKS[Status.REJECTED]
EARLIEST: Final = datetime.min.replace(tzinfo=UTC)


def rank_of(status: str) -> int:
    """Return the rank of a status that LANCK reports."""
    return RANKS[status] if status in LANCK_STATUSES else OTHER_RANK


def position(rank: int, at: datetime | None, status: str) -> tuple[int, datetime, str]:
    """Return the position of a status in the order: by rank, then by LANCK's time, then by name.

    A message only moves to a higher position, so that receipts end with the same status in every order of arrival.
    """
    return rank, at or EARLIEST, status


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A status that a message moves to if its position is higher than the stored one."""

    status: str
    rank: int
    columns: Mapping[str, Any]

    @classmethod
    def own(cls, status: Status) -> StatusChange:
        """Return the change to a status of this app's own, which has no time."""
        return cls(status, RANKS[status], {"status": status, "status_rank": RANKS[status]})

    @classmethod
    def reported(cls, status: str, at: datetime | None) -> StatusChange:
        """Return the change to a status that LANCK reports, with LANCK's time if there is one."""
        rank = rank_of(status)
        return cls(status, rank, {"status": status, "status_rank": rank, "status_at": at})

    @property
    def position(self) -> tuple[int, datetime, str]:
        return position(self.rank, self.columns.get("status_at"), self.status)
