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
from tests.web.conftest import url_of
from tests.web.urls import urlpatterns as pages


def answer(request, word="allowed"):
    return HttpResponse(word)


class Verified(PhoneVerifiedRequiredMixin, View):
    def get(self, request, word="allowed"):
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
def test_user_with_a_verified_number_opens_the_view(visitor, create_account, page):
    visitor.log_in(create_account())
    assert visitor.client.get(page).content == b"yes"


@BOTH
def test_user_without_a_number_verifies_one_and_returns(visitor, phone, page):
    visitor.log_in(get_user_model().objects.create_user("ada"))
    assert visitor.client.get(page)["Location"] == f"{url_of('change')}?next={page}"
    assert visitor.prove("change", phone, next=page)["Location"] == page
    assert visitor.client.get(page).content == b"yes"


@BOTH
def test_anonymous_visitor_is_redirected_to_the_login(visitor, page):
    assert visitor.client.get(page)["Location"] == f"{url_of('login')}?next={page}"


def test_view_needs_a_recent_authentication(visitor, create_account):
    page = "/recent/yes/"
    assert visitor.client.get(page)["Location"] == f"{url_of('login')}?next={page}"
    visitor.log_in(create_account())
    assert visitor.client.get(page).content == b"yes"
    session = visitor.client.session
    session["lanck_authenticated_at"] -= 901
    session.save()
    assert visitor.client.get(page)["Location"] == f"{url_of('confirm')}?next={page}"


def test_decorated_view_keeps_its_name():
    assert phone_verified_required(answer).__name__ == recent_authentication_required(answer).__name__ == "answer"


@pytest.mark.parametrize("template", ["{% verified_number user as number %}{{ number }}", "{% verified_number user %}"])
def test_verified_number_tag_returns_the_number(visitor, create_account, phone, template):
    from django.template import Context, Template

    render = Template("{% load lanck %}" + template).render
    assert render(Context({"user": create_account()})) == phone
    assert render(Context({"user": AnonymousUser()})) == ""


def test_filters_format_the_number(create_account, phone):
    from django.template import Context, Template

    template = Template(
        "{% load lanck %}{% if user|has_verified_number %}yes{% else %}no{% endif %} "
        "{{ number|masked }} {{ number|national }} {{ number|international }} {{ 'ACME'|national }}"
    )
    written = "+1201•••0123 (201) 555-0123 +1 201-555-0123 ACME"
    user = create_account()
    for number in (phone, user.verified_numbers.get()):
        assert template.render(Context({"user": user, "number": number})) == f"yes {written}"
    assert template.render(Context({"user": AnonymousUser(), "number": phone})) == f"no {written}"
