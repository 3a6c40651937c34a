"""Report goals to LANCK."""

from __future__ import annotations

from ...client import get_client
from ...exceptions import InvalidArgument
from ...models import Message
from ..provider.call import call_provider
from ..provider.errors import SAFE_TO_RETRY


def report_goal(*, message: Message, goal: str) -> None:
    """Report to LANCK that a message reached a goal: ``NUMBER_VERIFIED``, ``LINK_OPENED`` or one of the site's own.

    Reconciliation reports the goals of the site's codes and of links by itself. Raises InvalidArgument for a message
    without LANCK's request id, and what the client raises (APIError, NotSent, OutcomeUnknown). Must not be called
    inside a transaction.
    """
    if message.request_id is None:
        raise InvalidArgument("message", "It has no request id, so that LANCK does not know it.")
    client, request_id = get_client(), message.request_id
    call_provider(lambda: client.set_goal(request_id=request_id, goal=goal))


def report_reached_goal(message: Message) -> bool:
    """Report the stored goal of a message; return False if another process does. Raises what the client raises."""
    row = Message.objects.filter(pk=message.pk)
    if not row.claim_goal():
        return False
    try:
        report_goal(message=message, goal=message.goal)
    except SAFE_TO_RETRY:
        row.update(goal_reported_at=None)
        raise
    return True
