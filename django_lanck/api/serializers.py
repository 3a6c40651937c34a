from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ..conf import conf
from ..exceptions import Refusal
from ..models import Verification
from ..models.number import mask_number
from ..services import methods_of, verified_number_of


class JSONBoolean(serializers.BooleanField):
    """A boolean that is ``true`` or ``false`` in JSON and nothing else."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class StartSerializer(serializers.Serializer[Any]):
    """The body of a start. The service validates the method and the language."""

    number = serializers.CharField(max_length=100, help_text="In any format with the country code.")
    method = serializers.CharField(max_length=20, required=False, help_text="Default: the first method of the purpose.")
    purpose = serializers.CharField(max_length=50, required=False, default="signup")
    language = serializers.CharField(max_length=10, required=False, help_text="Language of the message or the voice.")
    with_token = JSONBoolean(
        required=False, default=False, help_text="True for a client without cookies: the answer has a `token`."
    )

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


class StartedSerializer(VerificationSerializer):
    """A verification that was started."""

    token = serializers.CharField(
        required=False,
        help_text="Only with `with_token`, and returned only once. Send it in the header `Verification-Token`.",
    )


class VerifiedSerializer(VerificationSerializer):
    """A verified verification with its proof."""

    proof = serializers.CharField(help_text="Returned only once. The site redeems it for the number.")


class AccountSerializer(serializers.Serializer[Any]):
    """The user's number. Describes the result of :func:`represent_user` for OpenAPI."""

    number = serializers.CharField(allow_null=True, help_text="Masked; null if the user has none.")
    verified_at = serializers.DateTimeField(allow_null=True)
    csrf_token = serializers.CharField(
        required=False, help_text="For the header `X-CSRFToken`. Only where the client is logged in by a session."
    )


class ProofSerializer(serializers.Serializer[Any]):
    proof = serializers.CharField(help_text="From the check of the code.")


class SignupSerializer(ProofSerializer):
    """The body of a signup, which also has the fields of the site's form."""

    take_over = JSONBoolean(
        required=False, help_text="True moves the number from the account that has it to the new one."
    )


class NumberSerializer(ProofSerializer):
    """The body of a change of number."""

    password = serializers.CharField(required=False, help_text="The user's password.")
    confirmation = serializers.CharField(
        required=False, help_text="The proof of a verification of the user's own number for the purpose `confirm`."
    )


def represent_user(user: Any) -> dict[str, Any]:
    """Return the JSON of a user's number."""
    claim = verified_number_of(user)
    return {
        "number": claim and mask_number(claim.number),
        "verified_at": claim and claim.verified_at,
    }


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
