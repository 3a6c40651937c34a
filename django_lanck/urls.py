"""What LANCK calls, and the links in texts. Include it: ``path("lanck/", include("django_lanck.urls"))``."""

from django.urls import path

from . import views, webhooks

app_name = "lanck"
urlpatterns = [
    path("receipts/<str:token>/", webhooks.receipt, name="receipt"),
    path("inbound/<str:secret>/", webhooks.inbound, name="inbound"),
    path("l/<str:token>/", views.link, name="link"),
]
