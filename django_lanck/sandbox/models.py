"""What the simulated provider remembers. None of it belongs to the app under test."""

from __future__ import annotations

import secrets
import string

from django.db import models
from django.utils import timezone

ALPHABET = string.ascii_letters + string.digits


def new_request_id() -> str:
    """32 letters and digits, like the ids on LANCK's page."""
    return "".join(secrets.choice(ALPHABET) for _ in range(32))


class SandboxRequest(models.Model):
    """One request that the sandbox accepted. ``status`` is the truth about its delivery."""

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
    """The code of a ``/verify`` request, and the checks that were spent on it."""

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
    """Something that reached a simulated phone. ``channel`` is the one it came by: of a failover chain, the step's."""

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
    """A goal that the client reported for a request."""

    request = models.ForeignKey(SandboxRequest, on_delete=models.CASCADE, related_name="goals")
    name = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class SandboxReceipt(models.Model):
    """One attempt to post one receipt. ``problem`` says why there is no ``http_status``."""

    request = models.ForeignKey(SandboxRequest, on_delete=models.CASCADE, related_name="receipts")
    status = models.CharField(max_length=32)
    payload = models.JSONField(default=dict)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    problem = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.status} {self.http_status or self.problem}"


class SandboxInbound(models.Model):
    """An SMS that somebody typed on a handset, to the number that the account rents."""

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
    """One attempt to post an inbound SMS to the site. ``problem`` says why there is no ``http_status``."""

    inbound = models.ForeignKey(SandboxInbound, on_delete=models.CASCADE, related_name="posts")
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    problem = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return str(self.http_status or self.problem)


class SandboxSecond(models.Model):
    """How many requests one second of the clock has admitted."""

    second = models.BigIntegerField(primary_key=True)
    requests = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.requests} in {self.second}"


class SandboxPause(models.Model):
    """Until when the magic numbers that answer 429 once let everything through."""

    name = models.CharField(max_length=40, primary_key=True)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} until {self.until}"
