from django.apps import AppConfig


class SandboxConfig(AppConfig):
    name = "django_lanck.sandbox"
    label = "lanck_sandbox"
    verbose_name = "LANCK sandbox"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks  # noqa: F401 (registers the system checks)
