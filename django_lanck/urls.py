"""What LANCK calls, links in texts, and metrics. Include it: ``path("lanck/", include("django_lanck.urls"))``."""

from django.urls import path

from . import views, webhooks

app_name = "lanck"
urlpatterns = [
    path("receipts/<str:token>/", webhooks.receipt, name="receipt"),
    path("inbound/<str:secret>/", webhooks.inbound, name="inbound"),
    path("metrics", views.metrics, name="metrics"),
    path("l/<str:token>/", views.link, name="link"),
]
