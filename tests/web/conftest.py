from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.test import Client, override_settings

import django_lanck
from django_lanck.models import VerifiedNumber
from django_lanck.services import claim_number, redeem_proof
from tests.helpers import prove

ROOT = "/account/phone"
TEMPLATES = Path(django_lanck.__file__).parent / "templates"
OTHER = "+12015550124"


class Visitor:
    """A browser on the pages of a flow: ``signup``, ``login``, ``change`` or ``confirm``. Steps return the response."""

    def __init__(self, lanck, **client) -> None:
        self.lanck, self.client = lanck, Client(**client)

    @property
    def user(self):
        key = self.client.session.get("_auth_user_id")
        return get_user_model().objects.get(pk=key) if key else None

    def open(self, flow, step="", **query):
        return self.client.get(url_of(flow, step), query)

    def submit_number(self, flow, number, **fields):
        return self.client.post(url_of(flow), {"number": number, **fields})

    def type_code(self, flow, code=None):
        """Submit a code; by default the right one."""
        return self.client.post(url_of(flow, "code"), {"code": code or self.lanck.sent[-1].code})

    def prove(self, flow, number, **fields):
        """Submit the number and the right code."""
        self.submit_number(flow, number, **fields)
        return self.type_code(flow)

    def post(self, flow, step, **fields):
        return self.client.post(url_of(flow, step), fields)

    def log_in(self, user):
        self.client.force_login(user)
        return self

    @property
    def proof(self) -> str:
        return self.client.cookies["lanck_proof_token"].value


def url_of(flow: str, step: str = "") -> str:
    paths = {"": "", "status": "code/status/"}
    return f"{ROOT}/{flow}/{paths.get(step, f'{step}/')}"


@pytest.fixture(autouse=True)
def pages(settings, lanck):
    """Use the ready pages with their default templates, unlike the demo."""
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [TEMPLATES]}]
    settings.ROOT_URLCONF = "tests.web.urls"
    settings.LOGIN_URL = "lanck_web:login"
    settings.LOGIN_REDIRECT_URL = "members"


@pytest.fixture
def lanck_settings(lanck):
    """Override keys of ``LANCK`` for the test: ``lanck_settings(METHODS=["sms"])``."""
    overrides = []

    def change(**keys):
        override = override_settings(LANCK={**lanck.settings, **keys})
        override.enable()
        overrides.append(override)

    yield change
    for override in reversed(overrides):
        override.disable()


@pytest.fixture
def visitor(lanck, db) -> Visitor:
    return Visitor(lanck)


@pytest.fixture
def other_browser(lanck, db) -> Visitor:
    """Another browser."""
    return Visitor(lanck)


@pytest.fixture
def create_account(lanck, phone, db):
    """Create a user who owns a number: ``create_account()``, ``create_account(number, is_staff=True)``."""

    def create(number=phone, password=None, **fields):
        users = get_user_model().objects
        user = users.create_user(username=f"user-{users.count()}", password=password, **fields)
        proof = prove(lanck, number)
        redeem_proof(proof=proof)
        claim_number(user=user, proof=proof)
        return user

    return create


def owner(number):
    """Return the user who owns a number, or None."""
    claim = VerifiedNumber.objects.filter(number=number).first()
    return claim and claim.user


def text(response) -> str:
    """Return the content of a response with normalized whitespace."""
    return " ".join(response.content.decode().split())
