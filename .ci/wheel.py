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
needs_extra = (
    "django_lanck.api.schema",
    "django_lanck.api.staff_schema",
    "django_lanck.prometheus",
    "django_lanck.testing.pytest_plugin",
    "django_lanck.web.",
)
names = [module.name for module in pkgutil.walk_packages([str(root)], "django_lanck.")]
for name in names:
    if not name.startswith(needs_extra):
        importlib.import_module(name)
checkout = Path(__file__).parents[1] / "django_lanck"
files = {path.relative_to(checkout) for path in checkout.rglob("*") if path.is_file() and path.suffix != ".pyc"}
missing = sorted(str(path) for path in files if not (root / path).is_file())
assert not missing, f"not in the wheel: {', '.join(missing)}"

from django.core.management import call_command

call_command("migrate", verbosity=0)
print(f"The wheel of django-lanck {django_lanck.__version__} holds {len(names)} modules; all can be imported.")
