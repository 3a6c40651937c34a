"""The page with the number."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property

from .. import services
from ..exceptions import Refusal
from ..models import Verification
from ..services.numbers import country_of, same_digits
from ..services.verifications.lookup import refusal_code
from .base import FirstPageView
from .countries import Country, countries, likely_country
from .forms import NumberForm


class NumberView(FirstPageView):
    """The form for the number and the method."""

    @cached_property
    def previous(self) -> Verification | None:
        """The verification that this browser started before in the same flow."""
        return self.current_verification()

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show(NumberForm(profile=self.profile, countries=self.countries(), initial=self.initial()))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NumberForm(request.POST, profile=self.profile, countries=self.countries(), user=request.user)
        if not form.is_valid():
            return self.show(form)
        try:
            return self.start_verification(
                number=form.cleaned_data["number"], method=form.cleaned_data["method"] or None
            )
        except Refusal as refusal:
            form.refuse(refusal)
            return self.show(form)

    def show(self, form: NumberForm) -> HttpResponse:
        waiting = self.previous if self.previous and not refusal_code(self.previous) else None
        owned = services.verified_number_of(self.request.user) if self.flow.needs_login else None
        return self.render_page("number", form=form, waiting=waiting, owned=owned)

    def countries(self) -> list[Country]:
        return countries(self.profile.countries)

    def initial(self) -> dict[str, str]:
        """Return the number of the previous verification, or else the country of the user's number or languages."""
        if self.previous:
            number = same_digits(self.previous.number)
            return {"country": country_of(number), "number": number.as_international} if number else {}
        owned = services.verified_number_of(self.request.user)
        return {"country": country_of(owned.number) if owned else likely_country(self.request, self.countries())}
