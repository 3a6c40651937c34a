"""Each view reads the body, calls one service and answers."""

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
    """JSON and nothing else: a form post from another site must not send messages through visitors' browsers."""

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
    # What the views share: JSON in and out, the site's classes, refusals in one shape.

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

    def read(self, serializer_class: type[Any], request: Request) -> dict[str, Any]:
        serializer = serializer_class(data=request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def which(self, verification_id: str, request: Request) -> dict[str, Any]:
        """Which verification is meant: for anything but the client's own, for a public purpose, there is none."""
        return {
            "verification_id": verification_id,
            "binding": services.binding_for(request),
            "purposes": conf.public_purposes(),
        }


class VerificationsView(PhoneView):
    def post(self, request: Request) -> Response:
        with services.new_binding(request) as binding:
            verification = services.start_verification(
                **self.read(StartSerializer, request),
                user=request.user,
                binding=binding,
                ip=services.client_address(request),
                request=request,
            )
        return Response(represent(verification), status=status.HTTP_201_CREATED)


class VerificationView(PhoneView):
    def get(self, request: Request, verification_id: str) -> Response:
        verification = services.get_verification(**self.which(verification_id, request))
        return Response(represent(verification))

    def delete(self, request: Request, verification_id: str) -> Response:
        services.cancel_verification(**self.which(verification_id, request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class CheckView(PhoneView):
    def post(self, request: Request, verification_id: str) -> Response:
        result = services.check_verification(
            **self.which(verification_id, request),
            **self.read(CheckSerializer, request),
            ip=services.client_address(request),
            request=request,
        )
        verification = result.raise_for_refusal()
        return Response({**represent(verification), "proof": result.proof})


class ResendView(PhoneView):
    def post(self, request: Request, verification_id: str) -> Response:
        verification = services.resend_verification(
            **self.which(verification_id, request),
            **self.read(ResendSerializer, request),
            ip=services.client_address(request),
            request=request,
        )
        return Response(represent(verification))


def _instances(paths: Sequence[str] | None, default: Any) -> list[Any]:
    return default() if paths is None else [import_string(path)() for path in paths]
