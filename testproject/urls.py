from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from . import views

urlpatterns = [
    path("", views.home, name="home"),
    path("members/", views.members, name="members"),
    path("account/phone/", include("django_lanck.web.urls")),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("language/", include("django.conf.urls.i18n")),
    path("favicon.ico", RedirectView.as_view(url=static("demo/icon.svg")), name="favicon"),
    path("admin/", admin.site.urls),
    path("api/phone/", include("django_lanck.api.urls")),
    path("api/staff/", include("django_lanck.api.staff_urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="api-docs"),
    path("lanck/", include("django_lanck.urls")),
    path("sandbox/", include("django_lanck.sandbox.urls")),
]
