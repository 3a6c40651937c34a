import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.urls import path
from django.views.generic import View

from django_lanck.web.access import (
    PhoneVerifiedRequiredMixin,
    phone_verified_required,
    recent_authentication_required,
)
from tests.web.conftest import address
from tests.web.urls import urlpatterns as pages


def answer(request, word="let in"):
    return HttpResponse(word)


class Verified(PhoneVerifiedRequiredMixin, View):
    def get(self, request, word="let in"):
        return answer(request, word)


urlpatterns = [
    path("verified/<word>/", phone_verified_required(answer)),
    path("verified-class/<word>/", Verified.as_view()),
    path("recent/<word>/", recent_authentication_required(answer)),
    *pages,
]


@pytest.fixture(autouse=True)
def views(settings):
    settings.ROOT_URLCONF = __name__


BOTH = pytest.mark.parametrize("page", ["/verified/yes/", "/verified-class/yes/"])


@BOTH
def test_who_has_a_verified_number_is_let_in(visitor, account, page):
    visitor.log_in(account())
    assert visitor.client.get(page).content == b"yes"


@BOTH
def test_who_has_none_is_asked_for_it_and_comes_back(visitor, phone, page):
    visitor.log_in(get_user_model().objects.create_user("ada"))
    assert visitor.client.get(page)["Location"] == f"{address('change')}?next={page}"
    assert visitor.prove("change", phone, next=page)["Location"] == page
    assert visitor.client.get(page).content == b"yes"


@BOTH
def test_who_is_not_logged_in_logs_in_first(visitor, page):
    assert visitor.client.get(page)["Location"] == f"{address('login')}?next={page}"


def test_who_showed_lately_who_they_are_is_let_in_and_others_are_asked(visitor, account):
    page = "/recent/yes/"
    assert visitor.client.get(page)["Location"] == f"{address('login')}?next={page}"
    visitor.log_in(account())
    assert visitor.client.get(page).content == b"yes"
    session = visitor.client.session
    session["lanck_authenticated_at"] -= 901
    session.save()
    assert visitor.client.get(page)["Location"] == f"{address('confirm')}?next={page}"


def test_a_view_keeps_its_name():
    assert phone_verified_required(answer).__name__ == recent_authentication_required(answer).__name__ == "answer"


@pytest.mark.parametrize("template", ["{% verified_number user as number %}{{ number }}", "{% verified_number user %}"])
def test_templates_have_the_number_of_a_user(visitor, account, phone, template):
    from django.template import Context, Template

    render = Template("{% load lanck %}" + template).render
    assert render(Context({"user": account()})) == phone
    assert render(Context({"user": AnonymousUser()})) == ""


def test_templates_know_who_has_one_and_how_it_is_written(account, phone):
    from django.template import Context, Template

    template = Template(
        "{% load lanck %}{% if user|has_verified_number %}yes{% else %}no{% endif %} "
        "{{ number|masked }} {{ number|national }} {{ number|international }} {{ 'ACME'|national }}"
    )
    written = "+1201•••0123 (201) 555-0123 +1 201-555-0123 ACME"
    user = account()
    for number in (phone, user.verified_numbers.get()):
        assert template.render(Context({"user": user, "number": number})) == f"yes {written}"
    assert template.render(Context({"user": AnonymousUser(), "number": phone})) == f"no {written}"
