from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ..conf import conf
from ..exceptions import Refusal
from ..models import Verification
from ..services import methods_of


class StartSerializer(serializers.Serializer[Any]):
    """The body of a start. The service validates the method and the language."""

    number = serializers.CharField(max_length=100, help_text="In any format with the country code.")
    method = serializers.CharField(max_length=20, required=False, help_text="Default: the first method of the purpose.")
    purpose = serializers.CharField(max_length=50, required=False, default="signup")
    language = serializers.CharField(max_length=10, required=False, help_text="Language of the message or the voice.")

    def validate_purpose(self, purpose: str) -> str:
        if purpose not in conf.public_purposes():
            raise serializers.ValidationError(Refusal("invalid_purpose").detail)
        return purpose


class ResendSerializer(serializers.Serializer[Any]):
    method = serializers.CharField(max_length=20, required=False, help_text="Default: the last one.")


class CheckSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=100, help_text="The code, as typed.")


class VerificationSerializer(serializers.Serializer[Verification]):
    """A verification. Describes the result of :func:`represent` for OpenAPI."""

    id = serializers.UUIDField()
    number = serializers.CharField(help_text="Masked.")
    method = serializers.CharField(help_text="Method of the newest code.")
    methods = serializers.ListField(child=serializers.CharField(), help_text="Methods that a resend may use.")
    purpose = serializers.CharField()
    status = serializers.ChoiceField(choices=Verification.State.choices)
    code_length = serializers.IntegerField()
    attempts_left = serializers.IntegerField()
    expires_at = serializers.DateTimeField()
    resend_at = serializers.DateTimeField(
        allow_null=True, help_text="Earliest time of a resend; null if there are no more."
    )
    delivery = serializers.CharField(
        help_text="Status of the newest message: `sending`, `accepted`, `unknown`, `refused`, "
        "or LANCK's status: `SENT`, `DELIVERED`, `UNDELIVERED`, `REJECTED`, `ANSWERED` …"
    )


class VerifiedSerializer(VerificationSerializer):
    """A verified verification with its proof."""

    proof = serializers.CharField(help_text="Returned only once. The site redeems it for the number.")


def represent(verification: Verification) -> dict[str, Any]:
    """Return the JSON of a verification. Serializers are slower than the database statements of the request."""
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
