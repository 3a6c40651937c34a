from django.urls import path

from . import views
from .handset import views as handset

app_name = "lanck_sandbox"

urlpatterns = [
    path("", handset.page, name="handset_page"),
    path("handsets/", handset.phones_json, name="handsets"),
    path("handset/<str:number>/", handset.messages_json, name="handset"),
    path("handset/<str:number>/text/", handset.write, name="handset_text"),
    path("v1", views.api, name="api_root"),
    path("v1/", views.api),
    path("v1/<path:path>", views.api, name="api"),
]
