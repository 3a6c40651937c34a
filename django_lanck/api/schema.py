"""The OpenAPI description of the API for drf-spectacular. Imported only where that is installed."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from drf_spectacular.extensions import OpenApiViewExtension
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

from ..exceptions import REFUSALS
from ..services import TOKEN_HEADER, signup_form
from . import serializers as ours

RETRY_AFTER = OpenApiParameter(
    "Retry-After", int, OpenApiParameter.HEADER, description="Seconds to wait.", response=[429, 503]
)
VERIFICATION_ID = OpenApiParameter(
    "verification_id", str, OpenApiParameter.PATH, description="`id` of the verification."
)
TOKEN = OpenApiParameter(
    TOKEN_HEADER, str, OpenApiParameter.HEADER, description="The `token` of a client without cookies."
)


class RefusalSerializer(serializers.Serializer[Any]):
    """A refusal. All refusals of the API have this shape."""

    code = serializers.CharField(help_text="Stable and machine-readable. The site's own `GUARD` may add codes.")
    detail = serializers.CharField(help_text="A sentence for the person.")
    retry_after = serializers.IntegerField(required=False, help_text="Seconds to wait, if waiting helps.")
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="Field → its errors.",
    )
    message_id = serializers.IntegerField(required=False, help_text="`id` of the message that LANCK did not accept.")


DRF_REFUSALS = {
    400: ["invalid_body"],
    401: ["not_authenticated", "authentication_failed"],
    403: ["permission_denied"],
    404: ["not_found"],
    406: ["not_acceptable"],
    415: ["unsupported_media_type"],
    429: ["throttled"],
}
BODY = (400, 415)
ANY = (401, 403, 406, 429)


def refusals(*codes: str, body: bool = False) -> dict[int, OpenApiResponse]:
    """Return the responses for these refusals and for those of every view."""
    by_status: dict[int, list[str]] = {status: list(DRF_REFUSALS[status]) for status in (*ANY, *(BODY if body else ()))}
    for code in codes:
        by_status.setdefault(REFUSALS[code][0], []).append(code)
    return {
        status: OpenApiResponse(RefusalSerializer, description="`code` is " + ", ".join(f"`{c}`" for c in listed) + ".")
        for status, listed in sorted(by_status.items())
    }


class StartExtension(OpenApiViewExtension):  # type: ignore[no-untyped-call]
    target_class = "django_lanck.api.views.VerificationsView"

    def view_replacement(self) -> Any:
        class Fixed(self.target_class):  # type: ignore[name-defined,misc]
            @extend_schema(
                operation_id="start_verification",
                summary="Send a code to a number",
                description="With `with_token` the answer has a `token`, sets no cookie and starts no session.",
                tags=["verifications"],
                parameters=[RETRY_AFTER],
                request=ours.StartSerializer,
                responses={
                    201: ours.StartedSerializer,
                    **refusals(
                        "invalid_number",
                        "invalid_method",
                        "invalid_purpose",
                        "invalid_language",
                        "invalid_argument",
                        "number_not_supported",
                        "method_not_possible",
                        "resend_too_soon",
                        "too_many_requests",
                        "unavailable",
                        body=True,
                    ),
                },
            )
            def post(self, *args: Any, **kwargs: Any) -> Any: ...

        return Fixed


class VerificationExtension(OpenApiViewExtension):  # type: ignore[no-untyped-call]
    target_class = "django_lanck.api.views.VerificationView"

    def view_replacement(self) -> Any:
        class Fixed(self.target_class):  # type: ignore[name-defined,misc]
            @extend_schema(
                operation_id="get_verification",
                summary="Get a verification",
                tags=["verifications"],
                parameters=[VERIFICATION_ID, TOKEN],
                responses={200: ours.VerificationSerializer, **refusals("not_found")},
            )
            def get(self, *args: Any, **kwargs: Any) -> Any: ...

            @extend_schema(
                operation_id="cancel_verification",
                summary="Cancel a verification",
                tags=["verifications"],
                parameters=[VERIFICATION_ID, TOKEN],
                responses={204: None, **refusals("not_found", "already_verified")},
            )
            def delete(self, *args: Any, **kwargs: Any) -> Any: ...

        return Fixed


class CheckExtension(OpenApiViewExtension):  # type: ignore[no-untyped-call]
    target_class = "django_lanck.api.views.CheckView"

    def view_replacement(self) -> Any:
        class Fixed(self.target_class):  # type: ignore[name-defined,misc]
            @extend_schema(
                operation_id="check_verification",
                summary="Check the code that the person typed",
                description="The right code returns a proof, once. After a `503` with the code `check_unknown`, check "
                "the same code again.",
                tags=["verifications"],
                parameters=[VERIFICATION_ID, TOKEN, RETRY_AFTER],
                request=ours.CheckSerializer,
                responses={
                    200: ours.VerifiedSerializer,
                    **refusals(
                        "invalid_code",
                        "code_expired",
                        "expired",
                        "exhausted",
                        "canceled",
                        "not_found",
                        "already_verified",
                        "too_many_requests",
                        "outcome_unknown",
                        "check_unknown",
                        "unavailable",
                        body=True,
                    ),
                },
            )
            def post(self, *args: Any, **kwargs: Any) -> Any: ...

        return Fixed


class ResendExtension(OpenApiViewExtension):  # type: ignore[no-untyped-call]
    target_class = "django_lanck.api.views.ResendView"

    def view_replacement(self) -> Any:
        class Fixed(self.target_class):  # type: ignore[name-defined,misc]
            @extend_schema(
                operation_id="resend_verification",
                summary="Send another code, by the same or another method",
                description="After a `200`, earlier codes are no longer valid. The attempts are not reset. "
                "Wait until `resend_at`.",
                tags=["verifications"],
                parameters=[VERIFICATION_ID, TOKEN, RETRY_AFTER],
                request=ours.ResendSerializer,
                responses={
                    200: ours.VerificationSerializer,
                    **refusals(
                        "invalid_method",
                        "expired",
                        "exhausted",
                        "canceled",
                        "not_found",
                        "already_verified",
                        "resend_too_soon",
                        "too_many_requests",
                        "number_not_supported",
                        "method_not_possible",
                        "unavailable",
                        "invalid_number",
                        "invalid_argument",
                        body=True,
                    ),
                },
            )
            def post(self, *args: Any, **kwargs: Any) -> Any: ...

        return Fixed


# The fields of an HTML form → those of JSON. All others are texts.
JSON_FIELDS: Final[tuple[tuple[type[forms.Field], type[serializers.Field[Any, Any, Any, Any]]], ...]] = (
    (forms.BooleanField, serializers.BooleanField),
    (forms.FloatField, serializers.FloatField),
    (forms.IntegerField, serializers.IntegerField),
)
LOGIN_DESCRIPTION = (
    "The answer also has what the site's `LOGIN_RESPONSE` returns; by default the client is logged in by a session."
)


def signup_serializer() -> serializers.Serializer[Any]:
    """Return the body of a signup with the fields of the site's form."""
    body = ours.SignupSerializer()
    for name, field in signup_form().fields.items():
        body.fields[name] = _json_field(field)
    return body


def _json_field(field: forms.Field) -> serializers.Field[Any, Any, Any, Any]:
    options: dict[str, Any] = {"required": field.required, "help_text": str(field.label or "")}
    if isinstance(field, forms.MultipleChoiceField | forms.ModelMultipleChoiceField):
        return serializers.ListField(child=serializers.CharField(), **options)
    kind = next((json for html, json in JSON_FIELDS if isinstance(field, html)), serializers.CharField)
    return kind(**options)


class SignupExtension(OpenApiViewExtension):  # type: ignore[no-untyped-call]
    target_class = "django_lanck.api.account_views.SignupView"

    def view_replacement(self) -> Any:
        class Fixed(self.target_class):  # type: ignore[name-defined,misc]
            @extend_schema(
                operation_id="sign_up",
                summary="Create the account of a proved number and log in to it",
                description=f"The proof is of the purpose `signup`. {LOGIN_DESCRIPTION}",
                tags=["accounts"],
                parameters=[TOKEN],
                request=signup_serializer(),
                responses={
                    201: ours.AccountSerializer,
                    **refusals(
                        "invalid_proof",
                        "invalid_argument",
                        "not_found",
                        "account_closed",
                        "other_login_required",
                        "number_taken",
                        "newer_claim",
                        "duplicate_value",
                        "unavailable",
                        body=True,
                    ),
                },
            )
            def post(self, *args: Any, **kwargs: Any) -> Any: ...

        return Fixed


class LoginExtension(OpenApiViewExtension):  # type: ignore[no-untyped-call]
    target_class = "django_lanck.api.account_views.LoginView"

    def view_replacement(self) -> Any:
        class Fixed(self.target_class):  # type: ignore[name-defined,misc]
            @extend_schema(
                operation_id="log_in",
                summary="Log in to the account of a proved number",
                description=f"The proof is of the purpose `login`. {LOGIN_DESCRIPTION}",
                tags=["accounts"],
                parameters=[TOKEN],
                request=ours.ProofSerializer,
                responses={
                    200: ours.AccountSerializer,
                    **refusals(
                        "invalid_proof",
                        "no_account",
                        "not_found",
                        "account_closed",
                        "other_login_required",
                        "unavailable",
                        body=True,
                    ),
                },
            )
            def post(self, *args: Any, **kwargs: Any) -> Any: ...

        return Fixed


class NumberExtension(OpenApiViewExtension):  # type: ignore[no-untyped-call]
    target_class = "django_lanck.api.account_views.NumberView"

    def view_replacement(self) -> Any:
        class Fixed(self.target_class):  # type: ignore[name-defined,misc]
            @extend_schema(
                operation_id="change_number",
                summary="Make a proved number the only one of the user",
                description="The proof is of the purpose `change_number`. It needs a recent login by a session, a "
                "`password` or a `confirmation`.",
                tags=["accounts"],
                parameters=[TOKEN],
                request=ours.NumberSerializer,
                responses={
                    200: ours.AccountSerializer,
                    **refusals(
                        "invalid_proof",
                        "invalid_argument",
                        "confirmation_required",
                        "not_found",
                        "newer_claim",
                        "unavailable",
                        body=True,
                    ),
                },
            )
            def post(self, *args: Any, **kwargs: Any) -> Any: ...

        return Fixed


class MeExtension(OpenApiViewExtension):  # type: ignore[no-untyped-call]
    target_class = "django_lanck.api.account_views.MeView"

    def view_replacement(self) -> Any:
        class Fixed(self.target_class):  # type: ignore[name-defined,misc]
            @extend_schema(
                operation_id="get_me",
                summary="Get the user's number",
                tags=["accounts"],
                responses={200: ours.AccountSerializer, **refusals()},
            )
            def get(self, *args: Any, **kwargs: Any) -> Any: ...

        return Fixed
