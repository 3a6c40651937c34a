"""The site's addresses, and one where a proof is redeemed as a signup would."""

from django.http import HttpRequest, JsonResponse
from django.urls import path

from django_lanck.exceptions import Refusal
from django_lanck.services import binding_for, redeem_proof
from tests.urls import urlpatterns as of_the_site


def redeem(request: HttpRequest) -> JsonResponse:
    try:
        number = redeem_proof(proof=request.GET["proof"], binding=binding_for(request))
    except Refusal as refusal:
        return JsonResponse({"code": refusal.code}, status=refusal.http_status)
    return JsonResponse({"number": number})


urlpatterns = [path("redeem/", redeem), *of_the_site]
