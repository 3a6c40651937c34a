from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ...exceptions import Refusal
from ...models import InboundMessage, OptOut
from ...services import opt_out
from ...services.messages.opt_outs import lift_opt_outs, restore_opt_outs
from ...services.numbers import parse_known_number
from ..base import link_to
from ..day_filter import DayFilter
from ..filters import OptOutStateFilter
from ..labels import badge
from ..masking import Mask
from ..number.events import newest_notes, note_events
from ..number.page import NumberAdmin
from ..timeline import Event, in_order, opt_out_events

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[OptOut]
else:
    ModelForm = forms.ModelForm


class OptOutForm(ModelForm):
    number = forms.CharField(
        label=gettext_lazy("Number"),
        max_length=100,
        help_text=gettext_lazy("With its country code, in any spelling."),
        widget=forms.TextInput(attrs={"type": "tel", "class": "vTextField"}),
    )

    class Meta:
        model = OptOut
        fields = ["number"]

    def clean_number(self) -> str:
        try:
            number = str(parse_known_number(self.cleaned_data["number"]).as_e164)
        except Refusal as refusal:
            raise ValidationError(refusal.detail) from None
        if OptOut.objects.standing().filter(number=number).exists():
            raise ValidationError(_("This number is on the list already."))
        return number

    def validate_unique(self) -> None:
        """Accept a number whose opt-out was lifted: it becomes active again."""


@admin.register(OptOut)
class OptOutAdmin(NumberAdmin):
    """The list of opt-outs. Staff add, lift and restore them; each change is written into the admin's log."""

    form = OptOutForm
    list_display = ["opted_out_at", "number", "state", "origin", "lifted_at"]
    time_field = "opted_out_at"
    list_filter = [("opted_out_at", DayFilter), OptOutStateFilter]
    search_help_text = gettext_lazy("A phone number with its country code, in any spelling.")
    fields = ["number", "state", "origin", "opted_out_at", "lifted_at"]
    actions = ["lift", "put_back"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("lanck.add_optout")

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("lanck.change_optout")

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return super().get_fieldsets(request, obj) if obj else [(None, {"fields": ["number"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return super().get_readonly_fields(request, obj) if obj else []

    def save_model(self, request: HttpRequest, obj: OptOut, form: Any, change: bool) -> None:
        opt_out(number=obj.number)
        obj.pk = OptOut.objects.values_list("pk", flat=True).get(number=obj.number)

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        return _("Put the number on the list by hand.")

    @admin.action(description=gettext_lazy("Lift the opt-out"), permissions=["lift"])
    def lift(self, request: HttpRequest, queryset: QuerySet[OptOut]) -> None:
        note = partial(self.log_change, request, message=_("Lifted the opt-out."))
        changed = lift_opt_outs(rows=queryset, on_change=note)
        text = ngettext("%d opt-out was lifted.", "%d opt-outs were lifted.", changed)
        self.message_user(request, text % changed)

    @admin.action(description=gettext_lazy("Put back on the list"), permissions=["lift"])
    def put_back(self, request: HttpRequest, queryset: QuerySet[OptOut]) -> None:
        note = partial(self.log_change, request, message=_("Put the number back on the list."))
        changed = restore_opt_outs(rows=queryset, on_change=note)
        text = ngettext("%d number was put back on the list.", "%d numbers were put back on the list.", changed)
        self.message_user(request, text % changed)

    def events(self, row: OptOut, mask: Mask) -> list[Event]:
        return in_order([*opt_out_events(row), *note_events(newest_notes([row]), row.number)])

    @admin.display(description=gettext_lazy("state"))
    def state(self, row: OptOut) -> SafeString:
        return badge("lifted" if row.lifted_at else "active")

    @admin.display(description=gettext_lazy("origin"))
    def origin(self, row: OptOut) -> SafeString | str:
        return link_to(InboundMessage, row.inbound_id, _("a text message")) if row.inbound_id else _("no text message")
