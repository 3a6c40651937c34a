"""The tables of the sandbox. The app under test does not use them."""

from __future__ import annotations

import secrets
import string

from django.db import models
from django.utils import timezone

ALPHABET = string.ascii_letters + string.digits


def new_request_id() -> str:
    """Return 32 random letters and digits, like the ids in LANCK's documentation."""
    return "".join(secrets.choice(ALPHABET) for _ in range(32))


class SandboxRequest(models.Model):
    """A request that the sandbox accepted. ``status`` is the status of its delivery."""

    request_id = models.CharField(max_length=32, unique=True, default=new_request_id)
    product = models.CharField(max_length=32)
    channel = models.CharField(max_length=16)
    number = models.CharField(max_length=16)
    sender = models.CharField(max_length=20)
    status = models.CharField(max_length=32)
    mccmnc = models.CharField(max_length=6)
    network = models.CharField(max_length=64)
    country = models.CharField(max_length=2, blank=True)
    payload = models.JSONField(default=dict)
    callback_url = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["number", "-id"], name="sandbox_request_number"),
            models.Index(fields=["updated_at"], name="sandbox_request_updated"),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.request_id}"


class SandboxVerification(models.Model):
    """The code of a ``/verify`` request, and the number of its checks."""

    request = models.OneToOneField(SandboxRequest, on_delete=models.CASCADE, related_name="verification")
    method = models.CharField(max_length=8)
    code = models.CharField(max_length=6)
    checks = models.PositiveIntegerField(default=0)
    checks_allowed = models.PositiveIntegerField()
    expires_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.method} verification {self.request_id}"


class SandboxMessage(models.Model):
    """A message or call that a phone received. ``channel`` is that of the step if it belongs to a failover chain."""

    request = models.ForeignKey(SandboxRequest, on_delete=models.CASCADE, related_name="messages")
    number = models.CharField(max_length=16)
    channel = models.CharField(max_length=16)
    sender = models.CharField(max_length=20)
    text = models.TextField(blank=True)
    code = models.CharField(max_length=8, blank=True)
    title = models.TextField(blank=True)
    image_url = models.TextField(blank=True)
    button_caption = models.TextField(blank=True)
    button_url = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["number", "-id"], name="sandbox_message_number")]

    def __str__(self) -> str:
        return f"{self.channel} to {self.number}"


class SandboxGoal(models.Model):
    """A goal that the site reported for a request."""

    request = models.ForeignKey(SandboxRequest, on_delete=models.CASCADE, related_name="goals")
    name = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class SandboxReceipt(models.Model):
    """One POST of a receipt to the callback URL. ``problem`` is the reason if there is no ``http_status``."""

    request = models.ForeignKey(SandboxRequest, on_delete=models.CASCADE, related_name="receipts")
    status = models.CharField(max_length=32)
    payload = models.JSONField(default=dict)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    problem = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.status} {self.http_status or self.problem}"


class SandboxInbound(models.Model):
    """An SMS from a phone to the rented number of the account."""

    message_id = models.CharField(max_length=32, unique=True, default=new_request_id)
    sender = models.CharField(max_length=20)
    recipient = models.CharField(max_length=20)
    text = models.TextField()
    parts = models.PositiveSmallIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["sender", "-id"], name="sandbox_inbound_sender")]

    def __str__(self) -> str:
        return f"{self.message_id} from {self.sender}"


class SandboxInboundPost(models.Model):
    """One POST of an inbound SMS to the site. ``problem`` is the reason if there is no ``http_status``."""

    inbound = models.ForeignKey(SandboxInbound, on_delete=models.CASCADE, related_name="posts")
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    problem = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return str(self.http_status or self.problem)


class SandboxSecond(models.Model):
    """The number of requests accepted in a second, for the rate limit."""

    second = models.BigIntegerField(primary_key=True)
    requests = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.requests} in {self.second}"


class SandboxPause(models.Model):
    """The time until which a magic number that responds with 429 once accepts all requests."""

    name = models.CharField(max_length=40, primary_key=True)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} until {self.until}"
