"""Telling LANCK what a message achieved."""

from __future__ import annotations

from ...client import get_client
from ...exceptions import InvalidArgument
from ...models import Message
from ..provider.call import call_provider
from ..provider.errors import SAFE_TO_RETRY


def report_goal(*, message: Message, goal: str) -> None:
    """Tell LANCK at once that a message reached a goal: ``NUMBER_VERIFIED``, ``LINK_OPENED`` or one of your own.

    The goals of this app's own codes and links are reported by reconciliation. Raises InvalidArgument for a message
    without LANCK's request id, and what the client raises (APIError, NotSent, OutcomeUnknown). Must not be called
    inside a transaction.
    """
    if message.request_id is None:
        raise InvalidArgument("message", "LANCK's request id of it is not known, so there is nothing to report to.")
    client, request_id = get_client(), message.request_id
    call_provider(lambda: client.set_goal(request_id=request_id, goal=goal))


def report_reached_goal(message: Message) -> bool:
    """Report the goal that a message reached, once: True for the one who does. Raises what the client raises."""
    row = Message.objects.filter(pk=message.pk)
    if not row.claim_goal():
        return False
    try:
        report_goal(message=message, goal=message.goal)
    except SAFE_TO_RETRY:
        row.update(goal_reported_at=None)
        raise
    return True
