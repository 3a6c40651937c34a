"""Run inside an environment that holds nothing but the wheel and what it requires: is everything in it?"""

import importlib
import pkgutil
from pathlib import Path

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="x",
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django_lanck",
        "django_lanck.sandbox",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    LANCK={"ACCESS_TOKEN": "id:secret", "BASE_URL": "https://lanck.example/v1"},
)
django.setup()
import django_lanck

root = Path(django_lanck.__file__).parent
needs_extra = {"django_lanck.api.schema", "django_lanck.api.staff_schema", "django_lanck.testing.pytest_plugin"}
names = [module.name for module in pkgutil.walk_packages([str(root)], "django_lanck.")]
for name in names:
    if name not in needs_extra:
        importlib.import_module(name)
for path in ["py.typed", "static/lanck/admin.css", "templates/admin/lanck/change_form.html"]:
    assert (root / path).is_file(), f"{path} is not in the wheel"
assert list((root / "sandbox/static").rglob("*.css")), "the sandbox's style is not in the wheel"
assert list((root / "sandbox/templates").rglob("*.html")), "the sandbox's pages are not in the wheel"

from django.core.management import call_command

call_command("migrate", verbosity=0)
print(f"The wheel of django-lanck {django_lanck.__version__} holds {len(names)} modules; all can be imported.")
