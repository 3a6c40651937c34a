"""The URLs of the site, and one that redeems a proof."""

from django.http import HttpRequest, JsonResponse
from django.urls import path

from django_lanck.exceptions import Refusal
from django_lanck.services import binding_for, redeem_proof
from tests.urls import urlpatterns as site_urls


def redeem(request: HttpRequest) -> JsonResponse:
    try:
        number = redeem_proof(proof=request.GET["proof"], binding=binding_for(request))
    except Refusal as refusal:
        return JsonResponse({"code": refusal.code}, status=refusal.http_status)
    return JsonResponse({"number": number})


urlpatterns = [path("redeem/", redeem), *site_urls]
