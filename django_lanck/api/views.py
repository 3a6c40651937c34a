"""The views of the API. Each one parses the body, calls one service and returns the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, Any

from django.db import transaction
from django.utils.decorators import method_decorator
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from rest_framework import status
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .. import services
from ..conf import conf
from ..jsonbody import BadJSON, read_json
from .errors import refusal_response
from .serializers import CheckSerializer, ResendSerializer, StartSerializer, represent


class JSONBody(BaseParser):
    """Parses JSON only, so that a form on another site cannot send messages through its visitors' browsers."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            return read_json(stream)
        except BadJSON as error:
            raise ParseError(str(error)) from None


@method_decorator([transaction.non_atomic_requests, never_cache], name="dispatch")
class PhoneView(APIView):
    # Base of all views: JSON bodies, the classes from the settings, refusals in one shape.

    parser_classes = [JSONBody]
    renderer_classes = [JSONRenderer]

    def get_authenticators(self) -> list[Any]:
        return _instances(conf.api_authentication_classes, super().get_authenticators)

    def get_permissions(self) -> list[Any]:
        return _instances(conf.api_permission_classes, super().get_permissions)

    def get_throttles(self) -> list[Any]:
        return _instances(conf.api_throttle_classes, super().get_throttles)

    def get_exception_handler(self) -> Any:
        return lambda exc, context: refusal_response(exc)

    def parse(self, serializer_class: type[Any], request: Request) -> dict[str, Any]:
        serializer = serializer_class(data=request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def lookup_arguments(self, verification_id: str, request: Request) -> dict[str, Any]:
        """Return the arguments of a service that find the client's own verification for a public purpose."""
        return {
            "verification_id": verification_id,
            "binding": services.binding_for(request),
            "purposes": conf.public_purposes(),
        }


class VerificationsView(PhoneView):
    def post(self, request: Request) -> Response:
        with services.new_binding(request) as binding:
            verification = services.start_verification(
                **self.parse(StartSerializer, request),
                user=request.user,
                binding=binding,
                ip=services.client_address(request),
                request=request,
            )
        return Response(represent(verification), status=status.HTTP_201_CREATED)


class VerificationView(PhoneView):
    def get(self, request: Request, verification_id: str) -> Response:
        verification = services.get_verification(**self.lookup_arguments(verification_id, request))
        return Response(represent(verification))

    def delete(self, request: Request, verification_id: str) -> Response:
        services.cancel_verification(**self.lookup_arguments(verification_id, request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class CheckView(PhoneView):
    def post(self, request: Request, verification_id: str) -> Response:
        result = services.check_verification(
            **self.lookup_arguments(verification_id, request),
            **self.parse(CheckSerializer, request),
            ip=services.client_address(request),
            request=request,
        )
        verification = result.raise_for_refusal()
        return Response({**represent(verification), "proof": result.proof})


class ResendView(PhoneView):
    def post(self, request: Request, verification_id: str) -> Response:
        verification = services.resend_verification(
            **self.lookup_arguments(verification_id, request),
            **self.parse(ResendSerializer, request),
            ip=services.client_address(request),
            request=request,
        )
        return Response(represent(verification))


def _instances(paths: Sequence[str] | None, default: Any) -> list[Any]:
    return default() if paths is None else [import_string(path)() for path in paths]
