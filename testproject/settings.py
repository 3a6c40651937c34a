"""Settings of the demo site. By default it uses the sandbox inside it; these variables connect a real account:

LANCK_ACCESS_TOKEN        the account's access token, ``id:secret``
LANCK_BASE_URL            the URL of LANCK's API, ``https://HOST/v1``
LANCK_CALLBACK_BASE_URL   the public URL of this site, ``https://www.example.com``; requires SECRET_KEY
LANCK_INBOUND_SECRET      the secret in the URL that LANCK posts inbound SMS to, ``/lanck/inbound/SECRET/``
LANCK_METRICS_TOKEN       the token that Prometheus sends to ``/lanck/metrics``
LANCK_COUNTRIES           the countries that codes may be sent to, ``US,DE``

LANCK_CALLBACK_BASE_URL makes the site public, so set a password for the admin before the first start:

DEMO_ADMIN_PASSWORD       the password of the user ``admin`` (default: ``admin``)
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from phonenumbers import SUPPORTED_REGIONS

HERE = Path(__file__).resolve().parent
PORT = os.environ.get("PORT", "8000")
ORIGIN = f"http://127.0.0.1:{PORT}"

DEBUG = True
IS_PUBLIC = "LANCK_CALLBACK_BASE_URL" in os.environ
SECRET_KEY = os.environ.get("SECRET_KEY", "demo-only-not-a-secret")
if IS_PUBLIC and "SECRET_KEY" not in os.environ:
    # It signs the tokens of receipts, and the default is in the repository.
    raise ImproperlyConfigured("A demo with LANCK_CALLBACK_BASE_URL is public: set SECRET_KEY to a secret value.")
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", "testserver"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "phonenumber_field",
    "testproject",  # before django_lanck, whose templates it overrides
    "django_lanck",
    "django_lanck.sandbox",
]

# The defaults are in the repository, so a public demo does not use them.
METRICS_TOKEN = os.environ.get("LANCK_METRICS_TOKEN", "" if IS_PUBLIC else "demo-only-metrics-token")
INBOUND_SECRET = os.environ.get("LANCK_INBOUND_SECRET", "" if IS_PUBLIC else "demo-only-inbound-secret")

LANCK = {
    "ACCESS_TOKEN": os.environ.get("LANCK_ACCESS_TOKEN", "sandbox:sandbox"),
    "BASE_URL": os.environ.get("LANCK_BASE_URL", f"{ORIGIN}/sandbox/v1"),
    "CALLBACK_BASE_URL": os.environ.get("LANCK_CALLBACK_BASE_URL", ORIGIN),
    "INBOUND_SECRETS": [INBOUND_SECRET] if INBOUND_SECRET else [],
    "STAFF_API": True,
    "METRICS_TOKENS": [METRICS_TOKEN] if METRICS_TOKEN else [],
    "COUNTRIES": os.environ["LANCK_COUNTRIES"].split(",") if "LANCK_COUNTRIES" in os.environ else None,
}
if "LANCK_BASE_URL" not in os.environ:
    # Messages to the sandbox cost nothing, so all countries and many messages per hour are allowed.
    LANCK |= {
        "COUNTRIES": sorted(SUPPORTED_REGIONS),
        "LIMITS": {"number": ["100/hour"], "user": ["100/hour"], "session": ["100/hour"]},
        "CHECK_LIMITS": {"number": ["100/hour"], "number_purpose": ["100/hour"]},
        "CONVERSION": {"prefix": (20, 10)},
        "WATCH": ["ladder", "prefix_conversion"],
    }
LANCK_SANDBOX = {"INBOUND_URL": f"{ORIGIN}/lanck/inbound/{INBOUND_SECRET}/" if INBOUND_SECRET else ""}
ALLOWED_HOSTS.append(urlsplit(str(LANCK["CALLBACK_BASE_URL"])).hostname or "localhost")

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "testproject.csp.strict_csp",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

DEMO_ADMIN_PASSWORD = os.environ.get("DEMO_ADMIN_PASSWORD", "admin")

ROOT_URLCONF = "testproject.urls"
WSGI_APPLICATION = "testproject.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "testproject.views.sandbox",
            ]
        },
    }
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": HERE / "db.sqlite3",
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
SPECTACULAR_SETTINGS = {
    "TITLE": "django-lanck demo",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# Show only failed requests: the pages poll, and the printed URLs should stay visible.
LOGGING = {"version": 1, "incremental": True, "loggers": {"django.server": {"level": "WARNING"}}}

LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", "English"),
    ("ru", "Русский"),
    ("de", "Deutsch"),
    ("fr", "Français"),
    ("es", "Español"),
    ("ar", "العربية"),
]
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
LOGIN_URL = "lanck_web:login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
