"""The forms of the pages. Sites import ``PhoneSignupMixin`` from here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from .. import services
from ..channels import ChannelTexts, channel_spec
from ..conf.profiles import Profile
from ..exceptions import REFUSALS, Refusal
from ..models import Verification
from ..services.numbers import LONGEST_TEXT
from ..services.verifications.signup_forms import PhoneSignupMixin, SignupForm
from . import texts

if TYPE_CHECKING:  # Babel is not installed on a site that uses only PhoneSignupMixin
    from .countries import Country

__all__ = ["CodeForm", "MethodForm", "NumberForm", "PasswordForm", "PhoneSignupMixin", "SignupForm", "focus"]

INVALID_NUMBER: Final = _("Enter a valid phone number.")
INVALID_METHOD: Final[Any] = REFUSALS["invalid_method"][1]
INVALID_CODE: Final[Any] = REFUSALS["invalid_code"][1]


class RefusableForm(forms.Form):
    def refuse(self, refusal: Refusal) -> None:
        """Add a refusal as the error of its field, or of the form."""
        field = next((name for name in refusal.errors if name in self.fields), None)
        self.add_error(field, texts.refusal_text(refusal))


class MethodsMixin:
    """Adds the radio buttons of ``method``, each with the texts of its channel."""

    def method_choices(self) -> list[tuple[Any, ChannelTexts]]:
        field: Any = self["method"]  # type: ignore[index]
        return [(radio, channel_spec(radio.data["value"]).texts) for radio in field]


class CountrySelect(forms.Select):
    """A select whose options have the dialling code as ``data-code``, for the script that formats the number."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        option["attrs"]["data-code"] = self.codes.get(value, "")
        return option

    def __init__(self, countries: Sequence[Country]) -> None:
        self.codes = {country.region: country.code for country in countries}
        super().__init__({"autocomplete": "country"})


class NumberForm(MethodsMixin, RefusableForm):
    """The number and the method. In ``cleaned_data``, ``number`` is a PhoneNumber."""

    number = forms.CharField(
        label=_("Phone number"),
        max_length=LONGEST_TEXT,
        widget=forms.TextInput({"type": "tel", "autocomplete": "tel", "dir": "ltr"}),
        error_messages={"required": _("Enter your phone number."), "max_length": INVALID_NUMBER},
    )

    def __init__(
        self,
        data: Any = None,
        *,
        profile: Profile,
        countries: Sequence[Country],
        initial: Any = None,
        user: Any = None,
    ) -> None:
        super().__init__(data, initial=initial)
        self.user = user
        choices = [(country.region, str(country)) for country in countries]
        if len(choices) > 1:
            choices = [("", str(_("Choose your country"))), *choices]
        self.fields["country"] = forms.ChoiceField(
            label=_("Country"), choices=choices, widget=CountrySelect(countries), required=False
        )
        self.fields["method"] = method_field(profile)
        self.order_fields(["country", "number", "method"])

    def clean(self) -> dict[str, Any]:
        """Parse the number; a national one in the chosen country."""
        cleaned: dict[str, Any] = self.cleaned_data
        region = cleaned.get("country") or None
        if "number" in cleaned:
            try:
                cleaned["number"] = services.number_in_text(cleaned["number"], region=region, user=self.user)
            except Refusal as refusal:
                self.add_error("number", INVALID_NUMBER if region else refusal.detail)
        return cleaned


class MethodForm(MethodsMixin, RefusableForm):
    """The method for a known number."""

    def __init__(self, data: Any = None, *, profile: Profile) -> None:
        super().__init__(data)
        self.fields["method"] = method_field(profile)


def focus(form: forms.BaseForm) -> None:
    """Set ``autofocus`` on the first field with an error; in an unbound form on its main field."""
    invalid = [name for name in form.fields if form.is_bound and name in form.errors]
    main = [name for name in ("number", "code", "password") if name in form.fields and not form.is_bound]
    for name in [*invalid, *main][:1]:
        form.fields[name].widget.attrs["autofocus"] = True


def method_field(profile: Profile) -> forms.ChoiceField:
    """Return the field ``method``; hidden where there is only one method."""
    methods = profile.methods_of(profile.code_source)
    return forms.ChoiceField(
        label=_("How should the code reach you?"),
        choices=[(method, channel_spec(method).texts.label) for method in methods],
        initial=methods[0],
        required=False,
        widget=forms.RadioSelect if len(methods) > 1 else forms.HiddenInput,
        error_messages={"invalid_choice": INVALID_METHOD},
    )


class CodeForm(RefusableForm):
    """The code, typed or pasted with text around it."""

    code = forms.CharField(
        label=_("Code"),
        max_length=LONGEST_TEXT,
        widget=forms.TextInput(
            {"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false", "dir": "ltr"}
        ),
        error_messages={"required": _("Type the code that you got."), "max_length": INVALID_CODE},
    )

    def __init__(self, data: Any = None, *, verification: Verification) -> None:
        super().__init__(data)
        self.length, self.is_end_of_number = verification.code_length, channel_spec(verification.method).code_is_caller
        self.fields["code"].widget.attrs |= {"data-lanck-code": "", "data-length": self.length}

    def clean_code(self) -> str:
        return services.code_in_text(self.cleaned_data["code"], self.length, is_end_of_number=self.is_end_of_number)


class PasswordForm(forms.Form):
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
        error_messages={"required": _("Enter your password.")},
    )
