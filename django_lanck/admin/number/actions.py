"""The actions of staff on the page of a number. Each writes an entry into the admin's log."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from ...exceptions import Refusal
from ...services import forget_number, resend_for_person
from ...services.support.actions import lift_limits_of_person, refresh_number, resendable_verification
from ..labels import channel_noun
from ..masking import shown_number
from .base import NumberPagesAdmin
from .forget import forgotten_kinds
from .results import show_forgotten, show_lifted, show_not_resent, show_refreshed, show_resent


class NumberActionsAdmin(NumberPagesAdmin):
    # Views that call LANCK or delete in batches hold no transaction, also on a site with ATOMIC_REQUESTS.

    @transaction.non_atomic_requests
    def refresh_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Refresh the newest messages without a final status."""
        row, number = self.open_row(request, object_id, "refresh")
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        self.log_change(request, row, show_refreshed(request, refresh_number(number=number)))
        return redirect(self.number_url(row))

    @transaction.non_atomic_requests
    def resend_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for confirmation, then send the code of a pending verification again."""
        row, number = self.open_row(request, object_id, "resend")
        given = request.POST if request.method == "POST" else request.GET
        pk, method = given.get("verification", ""), given.get("method", "")
        try:
            verification = resendable_verification(number=number, verification_id=pk, method=method)
        except Refusal:
            messages.error(request, _("The code cannot be sent again this way. See the verification."))
            return redirect(self.number_url(row))
        if request.method != "POST":
            title = _("Send the code again by %s?") % channel_noun(method)
            context = {"verification": verification, "method": method, "shown": shown_number(request, number)}
            return self._confirmation(request, "resend", title, row, **context)
        try:
            result = show_resent(request, resend_for_person(verification_id=verification.pk, method=method), method)
        except Refusal as refusal:
            result = show_not_resent(request, refusal, method)
        self.log_change(request, verification, result)
        return redirect(self.number_url(row))

    def lift_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lift the limits of the number's person."""
        row, number = self.open_row(request, object_id, "lift")
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        self.log_change(request, row, show_lifted(request, lift_limits_of_person(number=number)))
        return redirect(self.number_url(row))

    @transaction.non_atomic_requests
    def forget_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for confirmation, then forget the number."""
        row, number = self.open_row(request, object_id, "forget")
        if request.method != "POST":
            known = forget_number(number=number, dry_run=True)
            title = _("Forget %s?") % shown_number(request, number)
            context = {"known": forgotten_kinds(known), "opted_out": known.opted_out}
            return self._confirmation(request, "forget", title, row, **context)
        result = show_forgotten(request, forget_number(number=number))
        setattr(row, self.number_fields[0], "")  # keeps the number out of the log entry
        self.log_change(request, row, result)
        return redirect("admin:app_list", "lanck")

    def _confirmation(self, request: HttpRequest, template: str, title: str, row: Any, **context: Any) -> HttpResponse:
        return self.number_page(request, template, title, row=row, back=self.number_url(row), **context)
