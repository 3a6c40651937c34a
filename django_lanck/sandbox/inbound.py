"""Texts from a handset to the number that the account rents."""

from __future__ import annotations

from .conf import conf
from .models import SandboxInbound


def send(sender: str, text: str) -> SandboxInbound:
    """Have a handset text the rented number."""
    return SandboxInbound.objects.create(sender=sender, recipient=conf.rented_number, text=text)
