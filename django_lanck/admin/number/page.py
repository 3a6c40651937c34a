"""The page of a number: its story, reached from any row that has the number or by a search."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from ...exceptions import Refusal
from ...services import number_as_kept
from ...services.support.actions import may_read_stories, possible_actions
from ...services.support.diagnosis import diagnose
from ...services.support.story import Story, newest_row, read_story
from ..labels import channel_noun
from ..masking import mask_for, sees_numbers, shown_number
from .actions import NumberActionsAdmin
from .diagnosis import explain
from .events import story_events
from .summary import limit_rows, summary_rows


class NumberAdmin(NumberActionsAdmin):
    """A model whose rows lead to the story of their number."""

    def get_urls(self) -> list[URLPattern]:
        views: dict[str, Callable[..., HttpResponse]] = {
            "story": self.story_view,
            "story/ask": self.refresh_view,
            "story/resend": self.resend_view,
            "story/lift": self.lift_view,
            "story/forget": self.forget_view,
        }
        own = [
            path(
                f"<path:object_id>/{page}/",
                self.admin_site.admin_view(view),
                name=f"lanck_{self.opts.model_name}_{page.replace('/', '_')}",
            )
            for page, view in views.items()
        ]
        return own + super().get_urls()

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = kwargs.get("obj")
        if row is not None and may_read_stories(request.user) and self.number_of(row):
            context["story"] = self.number_url(row)
        return super().render_change_form(request, context, *args, **kwargs)

    def story_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._story_page(request, *self.open_row(request, object_id))

    def find_view(self, request: HttpRequest) -> HttpResponse:
        """Redirect from a number in any spelling to its story. The number is posted, so no log of URLs has it."""
        if not (may_read_stories(request.user) and sees_numbers(request)):
            raise PermissionDenied
        if request.method != "POST":
            return self.number_page(request, "find", _("The story of a number"))
        try:
            number = number_as_kept(request.POST.get("number", ""))
        except Refusal as refusal:
            messages.error(request, refusal.detail)
            return redirect("admin:lanck_find_number")
        if row := newest_row(number, partial(self.may_view, request)):
            return redirect(self.number_url(row))
        return self._story_page(request, None, number)

    def _story_page(self, request: HttpRequest, row: Any, number: str) -> TemplateResponse:
        """Return the page of a number; without ``row``, of a number that has no rows."""
        may_view = partial(self.may_view, request)
        story = read_story(number, may_view)
        diagnosis = diagnose(story)
        return self.number_page(
            request,
            "story",
            _("The story of %s") % shown_number(request, number),
            diagnosis=explain(diagnosis, story),
            summary=list(summary_rows(story, may_view)) if row else [],
            actions=self._actions(request, row, story, diagnosis.action) if row else {},
            limits=limit_rows(story),
            events=story_events(story, mask_for(request, [number])),
            number_links=self._lists(request, story),
            is_truncated=bool(story.truncated),
            row=row,
        )

    def _actions(self, request: HttpRequest, row: Any, story: Story, advised: str) -> dict[str, Any]:
        """Return the URLs of the actions that the user can take, and the names of the methods for a resend."""
        possible = possible_actions(story, request.user)
        return {
            "advised": advised,
            "refresh": possible.refresh and self.number_url(row, "story/ask"),
            "resend": self.number_url(row, "story/resend"),
            "resends": [
                (verification, [(method, channel_noun(method)) for method in methods])
                for verification, methods in possible.resends
            ],
            "lift": possible.lift and self.number_url(row, "story/lift"),
            "forget": possible.forget and self.number_url(row, "story/forget"),
        }

    def _lists(self, request: HttpRequest, story: Story) -> list[tuple[str, str, str]]:
        """Return name, count and URL of each list of the number's rows. The URLs contain the number."""
        if not sees_numbers(request):
            return []
        counts = Counter(type(row) for row in story.rows)
        return [
            (
                capfirst(str(model._meta.verbose_name_plural)),
                f"{count}+" if model in story.truncated else str(count),
                f"{reverse(f'admin:lanck_{model._meta.model_name}_changelist')}?{urlencode({'q': story.number})}",
            )
            for model, count in counts.items()
        ]
