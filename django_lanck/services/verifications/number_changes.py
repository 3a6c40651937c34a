"""Announces that a user's number became another: the signal ``number_changed``, and a text to the former number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils.translation import gettext as _

from ... import signals
from ...conf import conf
from ...exceptions import LanckError
from ...models import VerifiedNumber
from ..messages.send import send_sms
from ..provider.errors import log_failure

# The reasons of the signal.
SIGNUP: Final = "signup"
CHANGE: Final = "change"
TAKEOVER: Final = "takeover"
IMPORT: Final = "import"
RENUMBER: Final = "renumber"
REMOVAL: Final = "removal"


def announce_change(user: Any, old_number: str, new_number: str, reason: str) -> None:
    """Announce a user's number after the commit. Numbers are E.164, or empty for none."""
    transaction.on_commit(partial(_announce, user, old_number, new_number, reason), robust=True)


@dataclass(frozen=True, slots=True)
class NumberChange:
    """A number of a user that became another. Both are E.164, or empty for none."""

    user_id: Any
    old_number: str = field(repr=False)
    new_number: str = field(repr=False)
    reason: str


def announce_changes(changes: Sequence[NumberChange]) -> None:
    """Announce many changes after the commit. Without a receiver of the signal no user is read."""
    if changes and signals.number_changed.has_listeners(VerifiedNumber):
        transaction.on_commit(partial(_announce_all, changes), robust=True)


def announce_loss(user_id: Any, number: str, reason: str) -> None:
    """Announce after the commit that a user lost a number; the signal names the number that is theirs then."""
    if _is_awaited(reason):
        transaction.on_commit(partial(_announce_loss_to, user_id, number, reason), robust=True)


@receiver(post_delete, sender=VerifiedNumber, dispatch_uid="lanck_number_changed")
def _claim_deleted(instance: VerifiedNumber, **kwargs: Any) -> None:
    """Announce the loss of a number whose claim is deleted, whoever deletes it."""
    if not _is_awaited(instance.loss_reason):
        return
    try:
        user = instance.user  # it may be deleted together with the claim, so it is read now
    except ObjectDoesNotExist:
        return
    transaction.on_commit(partial(_announce_loss, user, instance.number, instance.loss_reason), robust=True)


def _is_awaited(reason: str) -> bool:
    """Return whether anybody is told, so that no statement is spent otherwise."""
    return signals.number_changed.has_listeners(VerifiedNumber) or (reason == CHANGE and conf.notify_former_number)


def _announce_all(changes: Sequence[NumberChange]) -> None:
    users = get_user_model()._default_manager.in_bulk({change.user_id for change in changes})
    for change in changes:
        if user := users.get(change.user_id):
            _announce(user, change.old_number, change.new_number, change.reason)


def _announce_loss_to(user_id: Any, number: str, reason: str) -> None:
    if user := get_user_model()._default_manager.filter(pk=user_id).first():
        _announce_loss(user, number, reason)


def _announce_loss(user: Any, number: str, reason: str) -> None:
    numbers = VerifiedNumber.objects.filter(user_id=user.pk).order_by("-verified_at").values_list("number", flat=True)
    _announce(user, number, numbers.first() or "", reason)


def _announce(user: Any, old_number: str, new_number: str, reason: str) -> None:
    signals.number_changed.send_robust(
        VerifiedNumber, user=user, old_number=old_number, new_number=new_number, reason=reason
    )
    if reason == CHANGE and old_number and conf.notify_former_number:
        notify_former_number(old_number)


def notify_former_number(number: str) -> None:
    """Send the text of ``NOTIFY_FORMER_NUMBER``. It names no account; a failure is only logged."""
    text = _("This phone number was replaced by another one in your account. If this was not you, please contact us.")
    try:
        send_sms(number=number, text=text)
    except LanckError as error:
        log_failure("The former number of a user was not notified", error)
