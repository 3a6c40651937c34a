"""For staff, once ``LANCK["STAFF_API"]`` is True: ``path("api/staff/", include("django_lanck.api.staff_urls"))``."""

from django.urls import path

from . import staff_views as views

app_name = "lanck_staff_api"
urlpatterns = [
    path("messages/", views.MessagesView.as_view(), name="messages"),
    path("messages/<str:message_id>/", views.MessageView.as_view(), name="message"),
    path("inbound-messages/", views.InboundMessagesView.as_view(), name="inbound-messages"),
    path("inbound-messages/<str:message_id>/", views.InboundMessageView.as_view(), name="inbound-message"),
    path("delivery/", views.DeliveryView.as_view(), name="delivery"),
]
