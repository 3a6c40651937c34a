"""Messages in the states that reconciliation looks for."""

from datetime import timedelta

from django.db.models import F

from django_lanck.models import Goal, Message

FAST = {"BACKGROUND_RATE": 10_000}


def age(message, seconds):
    """Move the times of a message into the past."""
    shift = timedelta(seconds=seconds)
    row = Message.objects.filter(pk=message.pk)
    row.update(created_at=F("created_at") - shift, asked_at=F("asked_at") - shift)


def reach_goal(message, goal=Goal.LINK_OPENED):
    assert Message.objects.filter(pk=message.pk).reach_goal(goal)


def refreshes(lanck):
    """Return the requests for the status of a message."""
    return [line for line in lanck.requests if line.startswith("GET")]
