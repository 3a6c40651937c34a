"""The admin class of all models of the app: read-only, with masked numbers and a search by whole numbers."""

from __future__ import annotations

from collections.abc import Mapping
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
from ..models.number import mask_party
from ..services import number_as_kept
from .changelist import NewestFirst
from .masking import Mask, mask_for, sees_numbers
from .timeline import Event

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


class ReadOnlyAdmin(ModelAdmin):
    """A model whose rows can be viewed. Without ``lanck.view_number``, numbers are masked and cannot be searched."""

    class Media:
        css = {"all": ["lanck/admin.css"]}

    change_form_template = "admin/lanck/change_form.html"
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    # A list shows the newest so many rows of the chosen days and links to the older ones.
    list_reach = 5_000
    # The indexed column that every list is ordered by.
    time_field = "created_at"
    sortable_by = ()
    search_help_text = _("A phone number with its country code, in any spelling, or an id.")
    actions: Any = None

    id_fields: tuple[str, ...] = ()
    # The columns that hold numbers. The search looks in the first one.
    number_fields: tuple[str, ...] = ("number",)
    # A column → the column that is shown to staff who must not see numbers; empty to show none.
    masks: Mapping[str, str] = {"number": "masked_number"}
    # Columns with texts or JSON in which numbers are masked.
    free_texts: tuple[str, ...] = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Allow the lookups of the filters only. A lookup on the number would reveal masked digits."""
        return lookup in {name for each in self.list_filter for name in _parameters(each)}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[NewestFirst]:
        return NewestFirst

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any) -> Any:
        """Apply an action to the selected rows of one page, never to the whole list."""
        selected = request.POST.getlist(ACTION_CHECKBOX_NAME)[: self.list_per_page]
        return super().response_action(request, self.get_queryset(request).filter(pk__in=selected), *args, **kwargs)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return self._shown(request, self.list_display)

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Leave out the fields that are empty in this row."""
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
        number = _as_stored(term)
        for field in () if _is_number(number) else self.id_fields:
            try:
                found = queryset.filter(**{field: self.model._meta.get_field(field).to_python(term)})
            except (ValueError, TypeError, ValidationError):
                continue
            if found.exists():
                return found, False
        if not sees_numbers(request) and mask_party(number) != number:
            # Only three digits are masked, so a thousand searches would reveal the number.
            self.message_user(
                request, _("Searching by number needs the permission to see whole numbers."), messages.WARNING
            )
            return queryset.none(), False
        return queryset.filter(**{self.number_fields[0]: number}), False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            mask = self.mask(request, row)
            for name in self.free_texts:
                setattr(row, name, mask(getattr(row, name)))
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
            context["events"] = self.events(obj, self.mask(request, obj))
            context["number_links"] = self.number_links(request, getattr(obj, self.number_fields[0]))
        return super().render_change_form(request, context, add, change, form_url, obj)

    def events(self, row: Any, mask: Mask) -> list[Event]:
        """Return the timeline of a row; empty for a model without one."""
        return []

    def number_links(self, request: HttpRequest, number: str) -> list[tuple[str, int, str]]:
        """Return name, count and URL of each list of the number's rows. The URLs contain the number."""
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

    def mask(self, request: HttpRequest, row: Any) -> Mask:
        """Return the function that masks the row's numbers for the user of the request."""
        return mask_for(request, [getattr(row, name) for name in self.number_fields])

    def _shown(self, request: HttpRequest, names: Any) -> list[Any]:
        masks = {} if sees_numbers(request) else self.masks
        return [shown for name in names if (shown := masks.get(name, name))]

    @admin.display(description=_("number"))
    def masked_number(self, row: Any) -> str:
        return str(row.masked_number)


def link_to(model: type[Model], pk: Any, text: Any = None) -> SafeString | str:
    """Return a link to the page of a row, or a dash for no row."""
    if pk is None:
        return "–"
    address = reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_change", args=[pk])
    return format_html('<a href="{}">{}</a>', address, text or pk)


def _parameters(list_filter: Any) -> tuple[str, ...]:
    """Return the query parameters of a filter; a pair is a field with its ``DayFilter``."""
    if isinstance(list_filter, tuple):
        return (f"{list_filter[0]}__gte", f"{list_filter[0]}__lt")
    return (list_filter.parameter_name,)


def _is_empty(row: Model, field: str) -> bool:
    """Return whether the field is a column without a value in this row."""
    return vars(row).get(field, True) in (None, "", {})


def _as_stored(term: str) -> str:
    try:
        return number_as_kept(term)
    except Refusal:
        return term


def _is_number(stored: str) -> bool:
    """Return whether it is a phone number: with 16 digits or more it can be an id of LANCK's."""
    return stored.startswith("+") and stored[1:].isdigit() and len(stored) <= 16
