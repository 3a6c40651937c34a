"""The form that builds the user of a signup. Sites import it from ``django_lanck.web.forms``."""

from __future__ import annotations

import secrets
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured, ValidationError

from ...values import CheckMessages, error


class PhoneSignupMixin:
    """Turns a form, with or without a model, into the form of a signup, for ``SIGNUP_FORM``.

    A field of a plain form is set on the user where the user model has that field.
    :func:`~django_lanck.services.sign_up` calls :meth:`build_user`, saves the user and claims the number.
    """

    @classmethod
    def check(cls) -> CheckMessages:
        """Yield the errors for the system check: the form has to ask for what cannot be generated."""
        builds_its_own = cls.build_user is not PhoneSignupMixin.build_user
        if builds_its_own or get_user_model().USERNAME_FIELD in cls.base_fields:  # type: ignore[attr-defined]
            return
        try:
            random_username()
        except ImproperlyConfigured as problem:
            hint = "Give the form that field, or a build_user() of its own."
            yield error(52, f"LANCK['SIGNUP_FORM'] cannot make a user: {problem}", hint)

    def build_user(self, number: str) -> Any:
        """Return the user, not saved yet. ``number`` is the proved one, in E.164; do not use it as a username."""
        user = self._filled_in()
        if not user.get_username():
            setattr(user, user.USERNAME_FIELD, random_username())
        if not user.password:
            user.set_unusable_password()
        return user

    def _filled_in(self) -> Any:
        if isinstance(self, forms.ModelForm):
            return self.save(commit=False)
        fields = {field.name for field in get_user_model()._meta.concrete_fields}
        given: dict[str, Any] = self.cleaned_data  # type: ignore[attr-defined]
        user = get_user_model()(**{name: value for name, value in given.items() if name in fields - {"password"}})
        if "password" in given:
            user.set_password(given["password"])
        return user


class SignupForm(PhoneSignupMixin, forms.Form):
    """Default signup form, no extra fields."""


def random_username() -> str:
    """Return a random username. Not the number: usernames are shown, and numbers change their owners.

    Raises ImproperlyConfigured where usernames cannot be generated, such as email addresses.
    """
    user_model = get_user_model()
    field: Any = user_model._meta.get_field(user_model.USERNAME_FIELD)
    name = f"phone-{secrets.token_hex(8)}"
    try:
        field.clean(name, None)
    except ValidationError:
        text = f"{user_model.__name__}.{user_model.USERNAME_FIELD} cannot be made up: SIGNUP_FORM has to ask for it."
        raise ImproperlyConfigured(text) from None
    return name
