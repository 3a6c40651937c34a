"""The API with a LANCK that answers at once, beside bare views that do as little as can be done."""

import itertools
import json
import time

from django.db import transaction
from django.db.models import F
from django.http import HttpResponse, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from django_lanck.client import Accepted
from django_lanck.services.messages import outgoing
from django_lanck.services.verifications import check as checking
from django_lanck.services.verifications import start as verification
from tests.benchmarks.models import Report, Row

ids = itertools.count()
run = time.time_ns()


class RightAnswer:
    def proves(self, *, request_id, number):
        return True


class InstantLanck:
    def send(self, content, **arguments):
        return Accepted(request_id=f"{run}-{next(ids)}", raw={})

    def verify_check(self, *, request_id, code):
        return RightAnswer()


instant = InstantLanck()
outgoing.get_client = verification.get_client = checking.get_client = lambda: instant


@csrf_exempt
def insert(request):
    body = json.loads(request.body)
    with transaction.atomic():
        row = Row.objects.create(number=body["number"])
    return JsonResponse({"id": row.pk}, status=201)


@csrf_exempt
def update(request, pk):
    json.loads(request.body)
    with transaction.atomic():
        Row.objects.filter(pk=pk, state="pending").update(attempts=F("attempts") + 1)
    row = Row.objects.get(pk=pk)
    return JsonResponse({"id": row.pk, "attempts": row.attempts})


@csrf_exempt
def receipt(request, pk):
    body = json.loads(request.body)
    with transaction.atomic():
        Row.objects.filter(pk=pk).update(status=body["status"])
        Report.objects.create(row_id=pk, status=body["status"], payload=body)
    return HttpResponse(status=204)


urlpatterns = [
    path("bare/receipts/<int:pk>/", receipt),
    path("bare/", insert),
    path("bare/<int:pk>/", update),
    path("api/phone/", include("django_lanck.api.urls")),
    path("lanck/", include("django_lanck.urls")),
]
