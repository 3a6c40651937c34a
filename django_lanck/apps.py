from importlib.util import find_spec

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LanckConfig(AppConfig):
    name = "django_lanck"
    label = "lanck"
    verbose_name = _("Phone verification")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks  # noqa: F401 (registers them)

        if find_spec("drf_spectacular"):
            from .api import schema, staff_schema  # noqa: F401 (they describe the views)
