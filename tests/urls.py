from testproject.urls import urlpatterns

__all__ = ["urlpatterns"]
