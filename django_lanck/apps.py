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
        from .services.verifications import number_changes  # noqa: F401 (it listens to deletions of claims)

        if find_spec("drf_spectacular"):
            from .api import schema, staff_schema  # noqa: F401 (they describe the views)
