"""Signup forms for the tests."""

from django import forms
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import Group, User

from django_lanck.web.forms import PhoneSignupMixin


class NameForm(PhoneSignupMixin, forms.Form):
    first_name = forms.CharField(max_length=30)
    coupon = forms.CharField(required=False)


class EmailForm(PhoneSignupMixin, forms.ModelForm):
    class Meta:
        model = User
        fields = ["email", "groups"]

    groups = forms.ModelMultipleChoiceField(Group.objects.all(), required=False)


class UsernameForm(PhoneSignupMixin, UserCreationForm):
    pass


class UncheckedUsernameForm(PhoneSignupMixin, forms.Form):
    username = forms.CharField()


class PasswordForm(PhoneSignupMixin, forms.Form):
    password = forms.CharField()


class NoSignupForm(forms.Form):
    pass
