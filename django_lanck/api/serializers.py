from __future__ import annotations

import functools
from typing import Any

from rest_framework import serializers

from ..conf import conf
from ..exceptions import Refusal
from ..models import Verification


class StartSerializer(serializers.Serializer[Any]):
    """What a start takes. Which methods and languages there are is the service's to say."""

    number = serializers.CharField(max_length=100, help_text="In any spelling that has the country code.")
    method = serializers.CharField(max_length=20, required=False, help_text="Default: the first one offered.")
    purpose = serializers.CharField(max_length=50, required=False, default="signup")
    language = serializers.CharField(max_length=10, required=False, help_text="Of the code's message or voice.")

    def validate_purpose(self, purpose: str) -> str:
        if purpose not in conf.purposes or not conf.profile(purpose).public:
            raise serializers.ValidationError(Refusal("invalid_purpose").detail)
        return purpose


class ResendSerializer(serializers.Serializer[Any]):
    method = serializers.CharField(max_length=20, required=False, help_text="Default: the one used last.")


class CheckSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=100, help_text="The digits, as typed.")


class VerificationSerializer(serializers.Serializer[Verification]):
    """A verification as its owner sees it."""

    id = serializers.UUIDField()
    number = serializers.CharField(source="masked_number", help_text="Masked.")
    method = serializers.CharField(help_text="How the newest code travels.")
    methods = serializers.SerializerMethodField(help_text="The methods that a resend may use.")
    purpose = serializers.CharField()
    status = serializers.ChoiceField(source="current_state", choices=Verification.State.choices)
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

    def get_methods(self, verification: Verification) -> list[str]:
        if verification.purpose not in conf.purposes:
            return []
        return list(conf.profile(verification.purpose).methods)


class VerifiedSerializer(VerificationSerializer):
    """The same, with the proof that a right code earns."""

    proof = serializers.CharField(help_text="Shown this once. Redeem it where the number is needed.")


@functools.cache
def _verification_serializer() -> VerificationSerializer:
    # Building one costs more than using it, and representing changes nothing in it.
    return VerificationSerializer()


def represent(verification: Verification) -> dict[str, Any]:
    return dict(_verification_serializer().to_representation(verification))
