"""Store imported numbers as claims: the later verification wins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Literal, TypeAlias

from django.db import transaction

from ... import signals
from ...models import VerifiedNumber
from ..verifications.number_changes import IMPORT, TAKEOVER, NumberChange, announce_changes
from .rows import Entry

Outcome: TypeAlias = Literal["created", "updated", "taken_over", "unchanged", "refused"]
Claims: TypeAlias = Mapping[str, VerifiedNumber]


def outcome_of(entry: Entry, owner_id: Any, since: datetime) -> Outcome:
    """Return the outcome of an entry whose number has an owner, who verified it at ``since``."""
    is_newer = since < entry.verified_at
    if str(owner_id) == str(entry.user_id):
        return "updated" if is_newer else "unchanged"
    return "taken_over" if is_newer else "refused"


def store(entries: Sequence[Entry]) -> list[Outcome]:
    """Store entries of different numbers in the caller's transaction, and return their outcomes in the same order."""
    before = VerifiedNumber.objects.locked(entry.number for entry in entries)
    newest = _newest_numbers(entries, before) if signals.number_changed.has_listeners(VerifiedNumber) else None
    claims = {**before, **_insert([entry for entry in entries if entry.number not in before])}
    outcomes: list[Outcome] = []
    for entry in entries:
        owner_id, since = claims[entry.number].user_id, claims[entry.number].verified_at
        is_new = entry.number not in before and (owner_id, since) == (entry.user_id, entry.verified_at)
        outcomes.append("created" if is_new else outcome_of(entry, owner_id, since))
    pairs = list(zip(entries, outcomes, strict=True))
    _update([entry for entry, outcome in pairs if outcome in ("updated", "taken_over")], claims)
    taken = [entry for entry, outcome in pairs if outcome == "taken_over"]
    for entry in taken:
        _announce_takeover(entry, claims[entry.number])
    if newest is not None:
        _announce_changes(entries, taken, claims, newest)
    return outcomes


def _insert(entries: Sequence[Entry]) -> Claims:
    """Insert claims, and return the claims of their numbers: another process may have inserted one before."""
    if not entries:
        return {}
    VerifiedNumber.objects.insert_missing([_claim(entry) for entry in entries])
    return VerifiedNumber.objects.locked(entry.number for entry in entries)


def _update(entries: Sequence[Entry], claims: Claims) -> None:
    rows = [_claim(entry, pk=claims[entry.number].pk) for entry in entries]
    VerifiedNumber.objects.bulk_update(rows, ["user", "verification", "verified_at"])


def _claim(entry: Entry, pk: Any = None) -> VerifiedNumber:
    return VerifiedNumber(pk=pk, number=entry.number, user_id=entry.user_id, verified_at=entry.verified_at)


def _announce_takeover(entry: Entry, former: VerifiedNumber) -> None:
    claim = _claim(entry, pk=former.pk)
    claim.taken_over = True
    announce = partial(
        signals.number_taken_over.send_robust,
        VerifiedNumber,
        verified_number=claim,
        old_user_id=former.user_id,
        new_user_id=entry.user_id,
    )
    transaction.on_commit(announce, robust=True)


def _announce_changes(
    entries: Sequence[Entry], taken: Sequence[Entry], claims: Claims, before: Mapping[Any, str]
) -> None:
    """Announce the numbers that users lost, and those that are now the ones that users verified last."""
    after = _newest_numbers(entries, claims)
    former_owners = {entry.number: claims[entry.number].user_id for entry in taken}
    changes = [NumberChange(owner, number, after.get(owner, ""), TAKEOVER) for number, owner in former_owners.items()]
    for user_id in dict.fromkeys(entry.user_id for entry in entries):
        old, new = before.get(user_id, ""), after.get(user_id, "")
        if new not in ("", old):
            changes.append(NumberChange(user_id, old, new, IMPORT))
    announce_changes(changes)


def _newest_numbers(entries: Iterable[Entry], claims: Claims) -> dict[Any, str]:
    """Return the number that each user of the entries, and each owner of the claims, verified last."""
    users = {entry.user_id for entry in entries} | {claim.user_id for claim in claims.values()}
    rows = VerifiedNumber.objects.filter(user_id__in=users).order_by("verified_at")
    return dict(rows.values_list("user_id", "number"))
