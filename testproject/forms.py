from __future__ import annotations

from typing import Any

from django import forms

from django_lanck.conf import conf
from django_lanck.exceptions import Refusal

from .wording import METHODS, sentence


class RefusableForm(forms.Form):
    def refuse(self, refusal: Refusal) -> None:
        """Show a refusal where it belongs: at its field, or above the form."""
        field = next((name for name in refusal.errors if name in self.fields), None)
        self.add_error(field, sentence(refusal))


class NumberForm(RefusableForm):
    number = forms.CharField(
        label="Your phone number",
        help_text="Start with + and your country code.",
        max_length=100,
        widget=forms.TextInput(
            attrs={"type": "tel", "autocomplete": "tel", "placeholder": "+1 201 555 0123", "autofocus": True}
        ),
        error_messages={"required": "Enter your phone number."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        methods = conf.profile("signup").methods
        self.fields["method"] = forms.ChoiceField(
            label="How should the code reach you?",
            choices=[(name, METHODS[name].label) for name in methods],
            initial=methods[0],
            error_messages={"required": "Choose one.", "invalid_choice": "Choose one of these."},
        )

    def method_choices(self) -> list[dict[str, object]]:
        """The radio buttons with their explanations."""
        chosen = self["method"].value()
        return [
            {"name": name, "words": METHODS[name], "chosen": name == chosen} for name in conf.profile("signup").methods
        ]


class CodeForm(RefusableForm):
    code = forms.CharField(
        label="Your code",
        max_length=40,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "autofocus": True,
                "spellcheck": "false",
                "class": "code",
            }
        ),
        error_messages={"required": "Type the code that you got."},
    )
