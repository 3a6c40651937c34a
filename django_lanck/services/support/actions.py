"""What support staff can do for the person of a number, and who may do it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ...exceptions import Refusal
from ...models import DatabaseNow, Message, Verification
from ...models.status import FINAL_RANK
from ..limits import lift_limits
from ..messages.refresh import Refreshed, refresh_messages
from .diagnosis import resend_methods
from .story import Story, people_of_number

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, PermissionsMixin

    User = AnonymousUser | PermissionsMixin

# A story consists of verifications and messages, and misleads without either.
STORY_PERMISSIONS: Final = ("lanck.view_verification", "lanck.view_message")
# The permission for each action, besides those for the story.
ACTION_PERMISSIONS: Final[Mapping[str, str]] = {
    "resend": "lanck.send_message",
    "lift": "lanck.lift_limit",
    "forget": "lanck.forget_number",
}


@dataclass(frozen=True, slots=True)
class Actions:
    """What a user can do for the person of a number now.

    ``resends`` are the pending verifications whose code can be sent again, each with its methods.
    """

    refresh: bool
    resends: list[tuple[Verification, list[str]]]
    lift: bool
    forget: bool


def may_read_stories(user: User) -> bool:
    return user.has_perms(STORY_PERMISSIONS)


def may_act(user: User, action: str) -> bool:
    """Return whether the user may take an action: ``"refresh"``, ``"resend"``, ``"lift"`` or ``"forget"``."""
    return may_read_stories(user) and (action not in ACTION_PERMISSIONS or user.has_perm(ACTION_PERMISSIONS[action]))


def possible_actions(story: Story, user: User) -> Actions:
    """Return what the user may do now for the person of the story's number."""
    resendable = [each for each in story.pending if each.attempts_left and each.resend_at]
    return Actions(
        refresh=any(not message.is_final and message.request_id for message in story.messages),
        resends=[(each, resend_methods(each)) for each in resendable] if may_act(user, "resend") else [],
        lift=may_act(user, "lift") and any(limit.is_in_the_way and limit.is_personal for limit in story.limits),
        forget=may_act(user, "forget"),
    )


def refresh_number(*, number: str) -> Refreshed:
    """Refresh the newest messages of a number without a final status. As :func:`refresh_messages`."""
    messages = Message.objects.filter(number=number, is_test=False, status_rank__lt=FINAL_RANK)
    return refresh_messages(messages=messages.order_by("-created_at"))


def resendable_verification(*, number: str, verification_id: str, method: str) -> Verification:
    """Return the number's pending verification whose code can be sent again by a method.

    Raises Refusal ``not_found`` (no such pending verification of this number) or ``invalid_method``.
    """
    try:
        pk = uuid.UUID(verification_id)
    except ValueError:
        raise Refusal("not_found") from None
    row = Verification.objects.filter(pk=pk, number=number)
    verification = row.annotate(now=DatabaseNow()).first()  # type: ignore[no-redef]
    if verification is None or verification.current_state != Verification.State.PENDING:
        raise Refusal("not_found")
    if method not in resend_methods(verification):
        raise Refusal("invalid_method")
    return verification


def lift_limits_of_person(*, number: str) -> int:
    """Lift the limits of a number, its owner and its newest sessions; return how many were counting."""
    return lift_limits(number=number, **people_of_number(number))
