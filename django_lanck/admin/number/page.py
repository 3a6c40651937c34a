"""The story of one number, from any row that has it, and what staff can do for its person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ...exceptions import Refusal
from ...models import Message, Verification
from ...models.number import mask_number
from ...models.status import FINAL_RANK
from ...services import forget_number, lift_limits, number_as_kept, resend_for_person
from ..base import ReadOnlyAdmin, sees_numbers, without_numbers
from ..labels import channel_noun, time_span
from .diagnosis import other_methods, verdict
from .forget import forgotten_counts, forgotten_words
from .refresh_actions import ask_about
from .story import Sees, Story, newest_row, read_story, story_events
from .summary import facts, limit_facts


class NumberAdmin(ReadOnlyAdmin):
    """Rows that lead to the story of their number. A story is addressed by a row: no number is in an address."""

    def get_urls(self) -> list[URLPattern]:
        views: dict[str, Callable[..., HttpResponse]] = {
            "story": self.story_view,
            "story/ask": self.ask_view,
            "story/resend": self.resend_view,
            "story/lift": self.lift_view,
            "story/forget": self.forget_view,
        }
        own = [
            path(
                f"<path:object_id>/{place}/",
                self.admin_site.admin_view(view),
                name=f"lanck_{self.opts.model_name}_{place.replace('/', '_')}",
            )
            for place, view in views.items()
        ]
        return own + super().get_urls()

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **named: Any
    ) -> HttpResponse:
        row = named.get("obj")
        if row is not None and reads_stories(request) and self.number_of(row):
            context["story"] = self._address(row)
        return super().render_change_form(request, context, *args, **named)

    def story_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._story(request, *self._open(request, object_id))

    def find_view(self, request: HttpRequest) -> HttpResponse:
        """From a number in any spelling to the page of its story. It comes by POST, so that no log has it."""
        if not (reads_stories(request) and sees_numbers(request)):
            raise PermissionDenied
        if request.method != "POST":
            return self._page(request, "find", _("The story of a number"))
        try:
            number = number_as_kept(request.POST.get("number", ""))
        except Refusal as refusal:
            messages.error(request, refusal.detail)
            return redirect("admin:lanck_find_number")
        if row := newest_row(number, self._sees(request)):
            return redirect(self._address(row))
        return self._story(request, None, number)

    @transaction.non_atomic_requests
    def ask_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask LANCK about the newest messages without a final status."""
        row, number = self._open(request, object_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        unsettled = Message.objects.filter(number=number, is_test=False, status_rank__lt=FINAL_RANK)
        self.log_change(request, row, ask_about(request, unsettled.order_by("-created_at")))
        return redirect(self._address(row))

    @transaction.non_atomic_requests
    def resend_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send the code of a pending verification again, as the person could do themselves."""
        row, number = self._open(request, object_id, "lanck.send_message")
        given = request.POST if request.method == "POST" else request.GET
        story = read_story(number, self._sees(request))
        verification = next((each for each in story.pending if str(each.pk) == given.get("verification")), None)
        method = given.get("method", "")
        if verification is None or method not in other_methods(verification):
            messages.error(request, _("There is no code to send again this way. Look at the verification."))
            return redirect(self._address(row))
        if request.method != "POST":
            title = _("Send the code again by %s?") % channel_noun(method)
            more = {"verification": verification, "method": method, "shown": shown_number(request, number)}
            return self._page(request, "resend", title, row=row, back=self._address(row), **more)
        self._resend(request, verification, method)
        return redirect(self._address(row))

    def lift_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let the person begin anew with all that is counted of them."""
        row, number = self._open(request, object_id, "lanck.lift_limit")
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        story = read_story(number, self._sees(request))
        count = lift_limits(number=number, **story.people)
        said = ngettext("%d limit was lifted.", "%d limits were lifted.", count) % count
        self.log_change(request, row, said)
        messages.success(request, said if count else _("No limit was counting, so none was lifted."))
        return redirect(self._address(row))

    @transaction.non_atomic_requests
    def forget_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row, number = self._open(request, object_id, "lanck.forget_number")
        if request.method != "POST":
            known = forget_number(number=number, dry_run=True)
            title = _("Forget %s?") % shown_number(request, number)
            return self._page(
                request,
                "forget",
                title,
                row=row,
                back=self._address(row),
                known=forgotten_words(known),
                opted_out=known.opted_out,
            )
        done = forget_number(number=number)
        said = _("The number was forgotten: %s.") % forgotten_counts(done)
        setattr(row, self.number_fields[0], "")  # the note tells who did it, and nothing of the number
        self.log_change(request, row, said)
        messages.success(request, said)
        return redirect("admin:app_list", "lanck")

    def number_of(self, row: Any) -> str:
        """The number of a row; empty where it is forgotten, or a name."""
        number = str(getattr(row, self.number_fields[0]))
        return number if number.startswith("+") else ""

    def _open(self, request: HttpRequest, object_id: str, permission: str = "") -> tuple[Any, str]:
        row = self.get_object(request, unquote(object_id))
        if not (reads_stories(request) and self.has_view_permission(request, row)):
            raise PermissionDenied
        if permission and not request.user.has_perm(permission):
            raise PermissionDenied
        if row is None or not self.number_of(row):
            raise Http404
        return row, self.number_of(row)

    def _story(self, request: HttpRequest, row: Any, number: str) -> TemplateResponse:
        """The page; without a row, of a number of which nothing is known."""
        story, shown = read_story(number, self._sees(request)), shown_number(request, number)
        veil = (lambda value: value) if sees_numbers(request) else partial(without_numbers, numbers=[number])
        found = verdict(story)
        return self._page(
            request,
            "story",
            _("The story of %s") % shown,
            verdict=found,
            facts=list(facts(story, self._sees(request))) if row else [],
            acts=self._acts(request, row, story, found.act) if row else {},
            limits=limit_facts(story),
            events=story_events(story, veil),
            number_links=self._links(request, story),
            is_cut=bool(story.cut),
            row=row,
        )

    def _acts(self, request: HttpRequest, row: Any, story: Story, advised: str) -> dict[str, Any]:
        """What this reader can do for the person, by what it is."""
        may = request.user.has_perm
        acts: dict[str, Any] = {"advised": advised}
        if any(not message.is_final and message.request_id for message in story.messages):
            acts["ask"] = self._address(row, "story/ask")
        if may("lanck.send_message"):
            acts["resend"] = self._address(row, "story/resend")
            acts["resends"] = [
                (verification, [(method, channel_noun(method)) for method in other_methods(verification)])
                for verification in story.pending
                if verification.attempts_left and verification.resend_at
            ]
        if may("lanck.lift_limit") and any(limit.is_in_the_way and limit.is_personal for limit in story.limits):
            acts["lift"] = self._address(row, "story/lift")
        if may("lanck.forget_number"):
            acts["forget"] = self._address(row, "story/forget")
        return acts

    def _resend(self, request: HttpRequest, verification: Verification, method: str) -> None:
        words = {"method": channel_noun(method)}
        try:
            sent = resend_for_person(verification_id=verification.pk, method=method)
        except Refusal as refusal:
            wait = _("Wait %s.") % time_span(refusal.retry_after) if refusal.retry_after else ""
            why = f"{refusal.detail} {wait}".strip()
            said = _("The code was not sent again by %(method)s: %(why)s") % {**words, "why": why}
            messages.error(request, said)
        else:
            is_known = sent.delivery != "unknown"
            said = _("The code was sent again by %(method)s.") if is_known else ""
            said = (said or _("It is not known whether LANCK took the %(method)s.")) % words
            messages.add_message(request, messages.SUCCESS if is_known else messages.WARNING, said)
        self.log_change(request, verification, said)

    def _links(self, request: HttpRequest, story: Story) -> list[tuple[str, str, str]]:
        """The whole lists. Their addresses hold the number, so they are for those who may search by it."""
        if not sees_numbers(request):
            return []
        counts = Counter(type(row) for row in story.rows)
        return [
            (
                capfirst(str(model._meta.verbose_name_plural)),
                f"{count}+" if model in story.cut else str(count),
                f"{reverse(f'admin:lanck_{model._meta.model_name}_changelist')}?{urlencode({'q': story.number})}",
            )
            for model, count in counts.items()
        ]

    def _sees(self, request: HttpRequest) -> Sees:
        def sees(model: type[Model]) -> bool:
            known = self.admin_site.is_registered(model)
            return known and self.admin_site.get_model_admin(model).has_view_permission(request)

        return sees

    def _address(self, row: Model, place: str = "story") -> str:
        name = f"lanck_{row._meta.model_name}_{place.replace('/', '_')}"
        return reverse(f"admin:{name}", args=[quote(row.pk)])

    def _page(self, request: HttpRequest, name: str, title: str, **context: Any) -> TemplateResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media, "title": title}
        return TemplateResponse(request, f"admin/lanck/{name}.html", {**shared, **context})


def reads_stories(request: HttpRequest) -> bool:
    """A story is made of verifications and their messages, and says nothing right without either."""
    return request.user.has_perms(["lanck.view_verification", "lanck.view_message"])


def shown_number(request: HttpRequest, number: str) -> str:
    return number if sees_numbers(request) else mask_number(number)
