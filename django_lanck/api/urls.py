"""Include it where clients find it: ``path("api/phone/", include("django_lanck.api.urls"))``."""

from django.urls import path

from . import views

app_name = "lanck_api"
urlpatterns = [
    path("verifications/", views.VerificationsView.as_view(), name="verifications"),
    path("verifications/<str:verification_id>/", views.VerificationView.as_view(), name="verification"),
    path("verifications/<str:verification_id>/check/", views.CheckView.as_view(), name="check"),
    path("verifications/<str:verification_id>/resend/", views.ResendView.as_view(), name="resend"),
]
