"""A site that has the API and no ready pages."""

from testproject.urls import urlpatterns as demo

urlpatterns = [pattern for pattern in demo if getattr(pattern, "app_name", "") != "lanck_web"]
