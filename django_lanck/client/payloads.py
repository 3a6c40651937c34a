"""LANCK's answers as frozen values. Only what LANCK documents is required; everything else may be missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..exceptions import OutcomeUnknown

REQUEST_ID_LENGTH = 128
MILLISECONDS_FROM = 100_000_000_000  # as seconds, the year 5138
EARLIEST, LATEST = 946_684_800, 4_102_444_800  # 2000 and 2100: no request has another time


def parse_time(value: object) -> datetime | None:
    """Return a time of LANCK's in UTC, or None. It is in seconds or milliseconds since 1970, or in ISO 8601."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return _parse_iso(value) if isinstance(value, str) else None
    seconds = number / 1000 if number >= MILLISECONDS_FROM else number
    return datetime.fromtimestamp(seconds, UTC) if EARLIEST <= seconds <= LATEST else None


def _parse_iso(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
        time = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return time if EARLIEST <= time.timestamp() <= LATEST else None


def to_e164(value: object) -> str:
    """Return a number of LANCK's, which may begin with ``+``, ``00`` or neither, in E.164. A name is unchanged."""
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    digits = text.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return text
    return f"+{digits.removeprefix('00')}"


def _text(answer: Mapping[str, Any], key: str) -> str:
    value = answer.get(key)
    return value if isinstance(value, str) else ""


def _flag(answer: Mapping[str, Any], key: str) -> bool | None:
    value = answer.get(key)
    return value if isinstance(value, bool) else None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to a message that LANCK accepted. Source: every ``POST`` that sends.

    ``caller`` is the calling number of a flash call in E.164, and empty for all other messages.
    """

    request_id: str
    caller: str = field(default="", repr=False)
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def parse(cls, answer: Mapping[str, Any]) -> Accepted:
        """Parse an answer. Raises OutcomeUnknown for one without a request id: LANCK may have accepted the message."""
        request_id = _text(answer, "requestId")
        if not 0 < len(request_id) <= REQUEST_ID_LENGTH or not request_id.strip("."):
            raise OutcomeUnknown("LANCK's answer has no request id")
        return cls(request_id=request_id, caller=to_e164(answer.get("from")), raw=answer)


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """The answer to a check with a right code. Source: ``POST /verify/check``."""

    request_id: str
    number: str = field(repr=False)
    method: str
    verified_at: datetime | None
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def parse(cls, answer: Mapping[str, Any]) -> CheckAnswer:
        return cls(
            request_id=_text(answer, "requestId"),
            number=to_e164(answer.get("number")),
            method=_text(answer, "method"),
            verified_at=parse_time(answer.get("verifiedAt")),
            raw=answer,
        )

    def proves(self, *, request_id: str, number: str) -> bool:
        """Return whether the answer confirms this request: it has the same id, a time, and no other number."""
        return self.request_id == request_id and self.verified_at is not None and self.number in ("", number)


@dataclass(frozen=True, slots=True)
class VerifyInfo:
    """The state of a verification at LANCK. Source: ``POST /verify/info``."""

    status: str
    number: str = field(repr=False)
    method: str
    verified_at: datetime | None
    requested_at: datetime | None
    check_attempts: int | None
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def parse(cls, answer: Mapping[str, Any]) -> VerifyInfo:
        attempts = answer.get("checkAttempts")
        return cls(
            status=_text(answer, "status"),
            number=to_e164(answer.get("number")),
            method=_text(answer, "method"),
            verified_at=parse_time(answer.get("verifiedAt")),
            requested_at=parse_time(answer.get("verificationRequestedAt")),
            check_attempts=attempts if isinstance(attempts, int) else None,
            raw=answer,
        )

    def proves(self, *, number: str) -> bool:
        """Return whether LANCK verified this number with a code of the request."""
        return self.status == "verified" and self.verified_at is not None and self.number in ("", number)


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """The state of any request at LANCK. Source: ``GET /requests/{id}``."""

    request_id: str
    product: str
    number: str = field(repr=False)
    mccmnc: str
    network: str
    country: str
    status: str
    created_at: datetime | None
    rate: str
    sender: str
    goals: tuple[Any, ...]
    payload: Mapping[str, Any] = field(repr=False)
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def parse(cls, answer: Mapping[str, Any]) -> RequestInfo:
        goals, payload, rate = answer.get("goals"), answer.get("payload"), answer.get("rate")
        return cls(
            request_id=_text(answer, "id"),
            product=_text(answer, "product"),
            number=to_e164(answer.get("number")),
            mccmnc=_text(answer, "mccmnc"),
            network=_text(answer, "network"),
            country=_text(answer, "country"),
            status=_text(answer, "status"),
            created_at=parse_time(answer.get("createdAt")),
            rate=str(rate) if isinstance(rate, str | int | float) and not isinstance(rate, bool) else "",
            sender=_text(answer, "sender"),
            goals=tuple(goals) if isinstance(goals, list) else (),
            payload=payload if isinstance(payload, dict) else {},
            raw=answer,
        )


@dataclass(frozen=True, slots=True)
class HLRAnswer:
    """The result of an HLR lookup. Source: "HLR lookup"; imsi, ported and roaming are not on LANCK's page.

    ``status`` is ``DELIVERED`` if the subscriber was found.
    """

    request_id: str
    number: str = field(repr=False)
    mccmnc: str
    network: str
    country: str
    status: str
    created_at: datetime | None
    imsi: str = field(repr=False)
    ported: bool | None
    roaming: bool | None
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def parse(cls, answer: Mapping[str, Any]) -> HLRAnswer:
        return cls(
            request_id=_text(answer, "id"),
            number=to_e164(answer.get("number")),
            mccmnc=_text(answer, "mccmnc"),
            network=_text(answer, "network"),
            country=_text(answer, "country"),
            status=_text(answer, "status"),
            created_at=parse_time(answer.get("createdAt")),
            imsi=_text(answer, "imsi"),
            ported=_flag(answer, "ported"),
            roaming=_flag(answer, "roaming"),
            raw=answer,
        )


# LANCK's page has both spellings.
FRAUD_SPELLINGS = {"FRAUDLENT": "FRAUDULENT"}


@dataclass(frozen=True, slots=True)
class FraudAnswer:
    """The result of a fraud check. Source: "Fraud Check".

    ``status`` is ``PASSED``, ``NOT_MOBILE_PREFIX``, ``SUSPICIOUS`` or ``FRAUDULENT``; LANCK may add others.
    """

    status: str
    mobile_prefix: bool | None
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def parse(cls, answer: Mapping[str, Any]) -> FraudAnswer:
        status = _text(answer, "status")
        return cls(
            status=FRAUD_SPELLINGS.get(status, status),
            mobile_prefix=_flag(answer, "mobilePrefix"),
            raw=answer,
        )
