from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client, override_settings

import django_lanck
from django_lanck.models import VerifiedNumber
from django_lanck.services import check_verification, claim_number, redeem_proof, start_verification

ROOT = "/account/phone"
TEMPLATES = Path(django_lanck.__file__).parent / "templates"
OTHER = "+12015550124"


class Visitor:
    """Somebody with a browser who goes through the pages of a flow: ``signup``, ``login``, ``change``, ``confirm``."""

    def __init__(self, lanck, **client) -> None:
        self.lanck, self.client = lanck, Client(**client)

    @property
    def user(self):
        key = self.client.session.get("_auth_user_id")
        return get_user_model().objects.get(pk=key) if key else None

    def open(self, flow, step="", **query):
        return self.client.get(address(flow, step), query)

    def give(self, flow, number, **more):
        """Give a number; the page that follows."""
        return self.client.post(address(flow), {"number": number, **more})

    def type(self, flow, code=None):
        """Type a code; without one, the right one."""
        return self.client.post(address(flow, "code"), {"code": code or self.lanck.sent[-1].code})

    def prove(self, flow, number, **more):
        self.give(flow, number, **more)
        return self.type(flow)

    def press(self, flow, step, **fields):
        return self.client.post(address(flow, step), fields)

    def log_in(self, user):
        self.client.force_login(user)
        return self

    @property
    def proof(self) -> str:
        return self.client.cookies["lanck_proof_token"].value


def address(flow: str, step: str = "") -> str:
    steps = {"": "", "status": "code/status/"}
    return f"{ROOT}/{flow}/{steps.get(step, f'{step}/')}"


@pytest.fixture(scope="package", autouse=True)
def ready_pages():
    """Use the URLs and the base template that come with the app, not those of the demo; compiled once."""
    with override_settings(
        TEMPLATES=[{**settings.TEMPLATES[0], "DIRS": [TEMPLATES]}],
        ROOT_URLCONF="tests.web.urls",
        LOGIN_URL="lanck_web:login",
        LOGIN_REDIRECT_URL="members",
    ):
        yield


@pytest.fixture(autouse=True)
def fake_lanck(lanck):
    """Point every test at the fake LANCK."""


@pytest.fixture
def site(lanck):
    """The settings with other keys: ``site(METHODS=["sms"])``."""
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
def stranger(lanck, db) -> Visitor:
    """Another browser."""
    return Visitor(lanck)


@pytest.fixture
def account(lanck, phone, db):
    """Make a user who owns a number: ``account()``, ``account(number, is_staff=True)``."""

    def make(number=phone, password=None, **fields):
        users = get_user_model().objects
        user = users.create_user(username=f"user-{users.count()}", password=password, **fields)
        verification = start_verification(number=number)
        proof = check_verification(verification_id=verification.pk, code=lanck.sent[-1].code).proof
        redeem_proof(proof=proof)
        claim_number(user=user, proof=proof)
        return user

    return make


def owner(number):
    claim = VerifiedNumber.objects.filter(number=number).first()
    return claim and claim.user


def text(response) -> str:
    return " ".join(response.content.decode().split())
