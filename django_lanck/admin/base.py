from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ..exceptions import LanckError, Refusal, RequestNotFound
from ..models import Message, Status, Verification
from ..models.number import mask_number
from ..services import parse_number, refresh_message

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

# The colour of a word; any other word of LANCK's is neutral.
TONES: dict[str, str] = {
    Status.ACCEPTED: "waiting",
    Status.SENDING: "waiting",
    Status.SENT: "waiting",
    Status.DELIVERED: "good",
    Status.ANSWERED: "good",
    Status.REFUSED: "bad",
    Status.REJECTED: "bad",
    Status.UNDELIVERED: "bad",
    Status.UNKNOWN: "unknown",
    Verification.State.PENDING: "waiting",
    Verification.State.VERIFIED: "good",
    Verification.State.EXHAUSTED: "bad",
    Verification.State.EXPIRED: "neutral",
    Verification.State.CANCELED: "neutral",
}
WORDS: dict[str, Any] = {**dict(Status.choices), **dict(Verification.State.choices)}
MOST_ASKED = 50
ASKING_SECONDS = 20


def badge(word: str) -> SafeString:
    """A word with its colour; the colour says nothing that the word does not say."""
    return format_html(
        '<span class="lanck-badge lanck-{}">{}</span>', TONES.get(word, "neutral"), WORDS.get(word, word)
    )


def filter_by(field: str, title: Any, choices: Iterable[tuple[str, Any]]) -> type[admin.SimpleListFilter]:
    """A filter with fixed choices: it does not read the table to learn which values there are."""
    known = list(choices)

    class ChoicesFilter(admin.SimpleListFilter):
        parameter_name = field

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
            return known

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(**{field: self.value()}) if self.value() else queryset

    ChoicesFilter.title = title
    return ChoicesFilter


METHOD_CHOICES = [
    ("sms", gettext_lazy("SMS")),
    ("voice", gettext_lazy("voice call")),
    ("call", gettext_lazy("flash call")),
]


def owner_name(user: Any, number: str) -> str:
    """The user as staff see it; where the username is the number, masked."""
    return str(user).replace(number, mask_number(number)) if user else "–"


class ReadOnlyAdmin(ModelAdmin):
    """Rows can be looked at and searched by a whole number; numbers are masked for those who may not see them."""

    class Media:
        css = {"all": ["lanck/admin.css"]}

    show_full_result_count = False
    list_per_page = 50
    search_help_text = gettext_lazy("A phone number with its country code, in any spelling, or an id.")
    id_fields: tuple[str, ...] = ()
    actions: Any = ["ask_lanck"]

    # LANCK may be asked from here, and nothing is to be held meanwhile.
    @method_decorator(transaction.non_atomic_requests)
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, extra_context)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what the filters use: by a lookup on the number, one could find out what is masked."""
        names = {getattr(each, "parameter_name", each) for each in self.list_filter}
        return lookup.partition("__")[0] in names

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [_shown(request, str(name)) for name in self.list_display]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return [_shown(request, str(name)) for name in self.fields or ()]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return self.get_fields(request, obj)

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return ("number",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        for field in self.id_fields:
            try:
                found = queryset.filter(**{field: self.model._meta.get_field(field).to_python(term)})
            except (ValueError, TypeError, ValidationError):
                continue
            if found.exists():
                return found, False
        return queryset.filter(number=_number(term)), False

    @admin.display(description=gettext_lazy("number"), ordering="number")
    def masked_number(self, row: Any) -> str:
        return str(row.masked_number)

    @admin.action(description=gettext_lazy("Ask LANCK for the status"), permissions=["view"])
    def ask_lanck(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Ask about the newest of the selected messages, and say plainly how it went."""
        asked = changed = 0
        ends = time.monotonic() + ASKING_SECONDS
        for message in self.messages_of(queryset).exclude(request_id=None).order_by("-pk")[:MOST_ASKED]:
            if time.monotonic() > ends:
                self.message_user(request, _("LANCK is slow. Ask about the others again later."), messages.WARNING)
                break
            asked += 1
            try:
                changed += refresh_message(message=message)
            except RequestNotFound:
                self.message_user(request, _("LANCK does not know %s.") % message, messages.WARNING)
            except LanckError as error:
                self.message_user(request, _("LANCK did not tell: %s") % error, messages.ERROR)
                break
        text = ngettext(
            "Asked about %(asked)d message. News: %(changed)d.",
            "Asked about %(asked)d messages. News: %(changed)d.",
            asked,
        )
        self.message_user(request, text % {"asked": asked, "changed": changed})

    def messages_of(self, queryset: QuerySet[Any]) -> QuerySet[Message]:
        raise NotImplementedError


def _shown(request: HttpRequest, name: str) -> str:
    may_see = request.user.has_perm("lanck.view_number")
    return "masked_number" if name == "number" and not may_see else name


def _number(term: str) -> str:
    try:
        return str(parse_number(term).as_e164)
    except Refusal:
        return term
