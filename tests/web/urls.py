from django.http import HttpResponse
from django.urls import include, path

from tests.urls import urlpatterns as demo


def members(request):
    return HttpResponse("members only")


urlpatterns = [
    path("account/phone/", include("django_lanck.web.urls")),
    path("members/", members, name="members"),
    *demo,
]
