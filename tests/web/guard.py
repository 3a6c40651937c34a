"""A rule of a site's own that lets nobody through."""

from django_lanck.exceptions import Refusal


def refuse(attempt):
    raise Refusal("riddle", detail="Solve the riddle first.", retry_after=90)
