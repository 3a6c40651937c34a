from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ..conf import conf
from ..exceptions import Refusal
from ..models import Verification
from ..services import methods_of


class StartSerializer(serializers.Serializer[Any]):
    """What a start takes. Which methods and languages there are is the service's to say."""

    number = serializers.CharField(max_length=100, help_text="In any spelling that has the country code.")
    method = serializers.CharField(max_length=20, required=False, help_text="Default: the first one offered.")
    purpose = serializers.CharField(max_length=50, required=False, default="signup")
    language = serializers.CharField(max_length=10, required=False, help_text="Of the code's message or voice.")

    def validate_purpose(self, purpose: str) -> str:
        if purpose not in conf.public_purposes():
            raise serializers.ValidationError(Refusal("invalid_purpose").detail)
        return purpose


class ResendSerializer(serializers.Serializer[Any]):
    method = serializers.CharField(max_length=20, required=False, help_text="Default: the one used last.")


class CheckSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=100, help_text="The digits, as typed.")


class VerificationSerializer(serializers.Serializer[Verification]):
    """A verification as its owner sees it. For the OpenAPI description; :func:`represent` makes it."""

    id = serializers.UUIDField()
    number = serializers.CharField(help_text="Masked.")
    method = serializers.CharField(help_text="How the newest code travels.")
    methods = serializers.ListField(child=serializers.CharField(), help_text="The methods that a resend may use.")
    purpose = serializers.CharField()
    status = serializers.ChoiceField(choices=Verification.State.choices)
    code_length = serializers.IntegerField()
    attempts_left = serializers.IntegerField()
    expires_at = serializers.DateTimeField()
    resend_at = serializers.DateTimeField(
        allow_null=True, help_text="From when on a resend is taken; null when no more are."
    )
    delivery = serializers.CharField(
        help_text="Status of the newest message: `sending`, `accepted`, `unknown`, `refused`, "
        "or LANCK's word: `SENT`, `DELIVERED`, `UNDELIVERED`, `REJECTED`, `ANSWERED` …"
    )


class VerifiedSerializer(VerificationSerializer):
    """The same, with the proof that a right code earns."""

    proof = serializers.CharField(help_text="Shown this once. Redeem it where the number is needed.")


def represent(verification: Verification) -> dict[str, Any]:
    """What :class:`VerificationSerializer` describes, by hand: the serializer takes longer than the statements."""
    return {
        "id": verification.pk,
        "number": verification.masked_number,
        "method": verification.method,
        "methods": methods_of(verification),
        "purpose": verification.purpose,
        "status": verification.current_state,
        "code_length": verification.code_length,
        "attempts_left": verification.attempts_left,
        "expires_at": verification.expires_at,
        "resend_at": verification.resend_at,
        "delivery": verification.delivery,
    }
