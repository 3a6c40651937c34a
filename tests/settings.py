"""The demo's settings, on the database that ``DATABASE_URL`` names."""

from testproject.settings import *  # noqa: F403
from tests.databases import database

SECRET_KEY = "tests-only"
DEBUG = False
ROOT_URLCONF = "tests.urls"
DATABASES = {"default": database()}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Limits are tested where they are switched on: most tests send one number more than anybody should get.
NO_LIMITS = {"LIMITS": None, "CHECK_LIMITS": None, "SEND_LIMITS": None, "CONVERSION": {}}
LANCK = {key: value for key, value in LANCK.items() if key != "WATCH"} | NO_LIMITS  # noqa: F405
LANCK_SANDBOX = {"ALLOW_WITHOUT_DEBUG": True}
# Errors are reported by mail in some tests; Django 6.1 wants to be told how. Earlier ones do not read this.
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
