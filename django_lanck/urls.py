"""What LANCK calls. Include it where LANCK can reach it: ``path("lanck/", include("django_lanck.urls"))``."""

from django.urls import path

from . import webhooks

app_name = "lanck"
urlpatterns = [path("receipts/<str:token>/", webhooks.receipt, name="receipt")]
