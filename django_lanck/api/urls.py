"""Include it where clients find it: ``path("api/phone/", include("django_lanck.api.urls"))``."""

from django.urls import path

from . import account_views, views

app_name = "lanck_api"
urlpatterns = [
    path("verifications/", views.VerificationsView.as_view(), name="verifications"),
    path("verifications/<str:verification_id>/", views.VerificationView.as_view(), name="verification"),
    path("verifications/<str:verification_id>/check/", views.CheckView.as_view(), name="check"),
    path("verifications/<str:verification_id>/resend/", views.ResendView.as_view(), name="resend"),
    path("signup/", account_views.SignupView.as_view(), name="signup"),
    path("login/", account_views.LoginView.as_view(), name="login"),
    path("number/", account_views.NumberView.as_view(), name="number"),
    path("me/", account_views.MeView.as_view(), name="me"),
]
