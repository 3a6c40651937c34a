from __future__ import annotations

import json

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

# Codes of refusals that no view of the JSON API gives.
NOT_IN_THE_API = {"invalid_receipt", "invalid_inbound"}


class StaffClient(Client):
    """A test client of a user with the given permissions of the app and no others."""

    def __init__(self, *permissions: str, **options) -> None:
        super().__init__(**options)
        self.user = get_user_model().objects.create_user(f"staff {get_user_model().objects.count()}")
        for permission in permissions:
            self.user.user_permissions.add(Permission.objects.get(codename=permission, content_type__app_label="lanck"))
        self.force_login(self.user)

    def post_json(self, url: str, body: object, **headers: str):
        return self.post(url, json.dumps(body), "application/json", **headers)


@pytest.fixture
def create_staff_client(db):
    """Create a client of a user with these permissions: ``create_staff_client("view_message")``."""
    return StaffClient


@pytest.fixture
def masked_client(create_staff_client):
    """A staff client without the permission to see numbers."""
    return create_staff_client("view_message", "view_inboundmessage", "send_message")


@pytest.fixture
def staff_client(create_staff_client):
    """A staff client with all permissions of the staff API."""
    return create_staff_client("view_message", "view_inboundmessage", "send_message", "view_number", "view_delivery")
