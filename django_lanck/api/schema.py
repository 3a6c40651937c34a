"""The OpenAPI description of the API for drf-spectacular. Imported only where that is installed."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiViewExtension
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

from ..exceptions import REFUSALS
from . import serializers as ours

RETRY_AFTER = OpenApiParameter(
    "Retry-After", int, OpenApiParameter.HEADER, description="Seconds to wait.", response=[429, 503]
)
VERIFICATION_ID = OpenApiParameter(
    "verification_id", str, OpenApiParameter.PATH, description="`id` of the verification."
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
                tags=["verifications"],
                parameters=[RETRY_AFTER],
                request=ours.StartSerializer,
                responses={
                    201: ours.VerificationSerializer,
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
                parameters=[VERIFICATION_ID],
                responses={200: ours.VerificationSerializer, **refusals("not_found")},
            )
            def get(self, *args: Any, **kwargs: Any) -> Any: ...

            @extend_schema(
                operation_id="cancel_verification",
                summary="Cancel a verification",
                tags=["verifications"],
                parameters=[VERIFICATION_ID],
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
                parameters=[VERIFICATION_ID, RETRY_AFTER],
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
                parameters=[VERIFICATION_ID, RETRY_AFTER],
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
