"""A ``GUARD`` that refuses every request."""

from django_lanck.exceptions import Refusal


def refuse(attempt):
    raise Refusal("riddle", detail="Solve the riddle first.", retry_after=90)
