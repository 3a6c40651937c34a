"""A plain site: Django's usual middleware, sessions in cookies so that they cost neither side a statement."""

import os
import tempfile

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.benchmarks"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "tests.benchmarks.urls"
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ALLOWED_HOSTS = ["*"]
DATABASES["default"]["CONN_MAX_AGE"] = 600
if "BENCHMARK_DATABASE" in os.environ:  # in a process that a benchmark started
    DATABASES["default"]["NAME"] = os.environ["BENCHMARK_DATABASE"]
elif DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    folder = tempfile.TemporaryDirectory(prefix="django-lanck-benchmark-")  # removed when the process ends
    DATABASES["default"]["TEST"] = {"NAME": f"{folder.name}/test.sqlite3"}
    # The durability of a production database, unlike that of the tests.
    DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"
LOGGING = {"version": 1, "disable_existing_loggers": True}
