from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from ..exceptions import Refusal
from ..models.number import mask_number, mask_numbers, mask_party
from ..services import may_see_numbers, number_as_kept
from .changelist import NewestFirst
from .timeline import Event

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


class ReadOnlyAdmin(ModelAdmin):
    """Rows can be looked at. Numbers are masked, and not searched by, for those who may not see them."""

    class Media:
        css = {"all": ["lanck/admin.css"]}

    change_form_template = "admin/lanck/change_form.html"
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    # So many rows a list looks through, then people choose to look further back.
    list_reach = 5_000
    # The column of its time, which has an index: the list goes by it, and by nothing else.
    time_field = "created_at"
    sortable_by = ()
    search_help_text = _("A phone number with its country code, in any spelling, or an id.")
    actions: Any = None

    id_fields: tuple[str, ...] = ()
    # The columns that hold numbers; the first is the one that is searched.
    number_fields: tuple[str, ...] = ("number",)
    # What is shown instead to those who may not see numbers; of an empty name, nothing.
    masks: Mapping[str, str] = {"number": "masked_number"}
    # Fields of a page in which the number may stand among other things.
    free_texts: tuple[str, ...] = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what the filters use: by a lookup on the number, one could find out what is masked."""
        return lookup in {name for each in self.list_filter for name in _parameters(each)}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[NewestFirst]:
        return NewestFirst

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], *where: Any, **more: Any) -> Any:
        """An action is about the rows of a page that were ticked, never about all that the filters leave."""
        ticked = request.POST.getlist(ACTION_CHECKBOX_NAME)[: self.list_per_page]
        return super().response_action(request, self.get_queryset(request).filter(pk__in=ticked), *where, **more)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return self._shown(request, self.list_display)

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """What the row has nothing to say about is left out."""
        fieldsets = []
        for title, options in super().get_fieldsets(request, obj):
            names = [name for name in options["fields"] if obj is None or not _is_empty(obj, str(name))]
            if shown := self._shown(request, names):
                fieldsets.append((title, {**options, "fields": shown}))
        return fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return [name for _title, options in self.get_fieldsets(request, obj) for name in options["fields"]]

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return self.number_fields[:1]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        number = _as_kept(term)
        for field in () if _is_number(number) else self.id_fields:
            try:
                found = queryset.filter(**{field: self.model._meta.get_field(field).to_python(term)})
            except (ValueError, TypeError, ValidationError):
                continue
            if found.exists():
                return found, False
        if not sees_numbers(request) and mask_party(number) != number:
            # Masked, a number has three digits left to guess, and each search would be a guess.
            self.message_user(request, _("Only who may see whole numbers can search by one."), messages.WARNING)
            return queryset.none(), False
        return queryset.filter(**{self.number_fields[0]: number}), False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            veil = self.veil(request, row)
            for name in self.free_texts:
                setattr(row, name, veil(getattr(row, name)))
        return row

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        if obj is not None:
            context["events"] = self.events(obj, self.veil(request, obj))
            context["number_links"] = self.number_links(request, getattr(obj, self.number_fields[0]))
        return super().render_change_form(request, context, add, change, form_url, obj)

    def events(self, row: Any, veil: Callable[[Any], Any]) -> list[Event]:
        """The row's timeline, if it has one."""
        return []

    def number_links(self, request: HttpRequest, number: str) -> list[tuple[str, int, str]]:
        """What else there is of a number: name, count, address. The addresses hold the number."""
        if not (sees_numbers(request) and number.startswith("+")):
            return []
        links = []
        for model in self.opts.app_config.get_models():
            other = self.admin_site.is_registered(model) and self.admin_site.get_model_admin(model)
            if isinstance(other, ReadOnlyAdmin) and other.has_view_permission(request):
                count = model._default_manager.filter(**{other.number_fields[0]: number}).count()
                address = reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist")
                name = capfirst(str(model._meta.verbose_name_plural))
                links.append((name, count, f"{address}?{urlencode({'q': number})}"))
        return sorted(links)

    def veil(self, request: HttpRequest, row: Any) -> Callable[[Any], Any]:
        """What hides the row's numbers in a text or in JSON from those who may not see them."""
        if sees_numbers(request):
            return lambda value: value
        return partial(without_numbers, numbers=[getattr(row, name) for name in self.number_fields])

    def _shown(self, request: HttpRequest, names: Any) -> list[Any]:
        masks = {} if sees_numbers(request) else self.masks
        return [shown for name in names if (shown := masks.get(name, name))]

    @admin.display(description=_("number"))
    def masked_number(self, row: Any) -> str:
        return str(row.masked_number)


def _parameters(list_filter: Any) -> tuple[str, ...]:
    """The query parameters of a filter: of a pair those of ``DaysFilter``."""
    if isinstance(list_filter, tuple):
        return (f"{list_filter[0]}__gte", f"{list_filter[0]}__lt")
    return (list_filter.parameter_name,)


def _is_empty(row: Model, field: str) -> bool:
    """Whether it is a column that holds nothing."""
    return vars(row).get(field, True) in (None, "", {})


def sees_numbers(request: HttpRequest) -> bool:
    return may_see_numbers(request.user)


def without_numbers(value: Any, numbers: list[str]) -> Any:
    """A text, or whatever JSON holds, with the numbers masked wherever they stand in it."""
    if isinstance(value, Mapping):
        return {name: without_numbers(inner, numbers) for name, inner in value.items()}
    if isinstance(value, list):
        return [without_numbers(inner, numbers) for inner in value]
    if not isinstance(value, str | int) or isinstance(value, bool):
        return value
    text = str(value)
    for number in numbers:
        digits = number.removeprefix("+")
        if digits.isdigit():
            text = text.replace(number, mask_number(number)).replace(digits, mask_number(number))
    if isinstance(value, str):  # also in other spellings, and other people's
        return mask_numbers(text)
    return value if text == str(value) else text


def owner_name(user: Any, number: str) -> str:
    """The user as staff see it; where the username is the number, masked."""
    return str(without_numbers(str(user), [number])) if user else "–"


def link_to(model: type[Model], pk: Any, text: Any = None) -> SafeString | str:
    """A link to the page of a row, or a dash where there is none."""
    if pk is None:
        return "–"
    address = reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_change", args=[pk])
    return format_html('<a href="{}">{}</a>', address, text or pk)


def _as_kept(term: str) -> str:
    try:
        return number_as_kept(term)
    except Refusal:
        return term


def _is_number(kept: str) -> bool:
    """Whether it is a phone number, of 15 digits at most, and so no id of LANCK's."""
    return kept.startswith("+") and kept[1:].isdigit() and len(kept) <= 16
