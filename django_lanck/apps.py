from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LanckConfig(AppConfig):
    name = "django_lanck"
    label = "lanck"
    verbose_name = _("Phone verification")
    default_auto_field = "django.db.models.BigAutoField"
