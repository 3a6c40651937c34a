"""The views of the API. Each one parses the body, calls one service and returns the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, Any

from django.db import transaction
from django.utils.decorators import method_decorator
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from rest_framework import status
from rest_framework.authentication import SessionAuthentication
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

    def perform_authentication(self, request: Request) -> None:
        """Authenticate the user: by the session only for clients with cookies, which so need no CSRF token."""
        if self.is_without_cookies(request):
            request.authenticators = [
                each for each in request.authenticators or () if not isinstance(each, SessionAuthentication)
            ]
        super().perform_authentication(request)

    def is_without_cookies(self, request: Request) -> bool:
        """Return whether the client uses a token instead of cookies."""
        return services.has_token(request)

    @sensitive_variables()
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
    def is_without_cookies(self, request: Request) -> bool:
        return isinstance(request.data, Mapping) and request.data.get("with_token") is True

    @sensitive_variables()
    def post(self, request: Request) -> Response:
        arguments = self.parse(StartSerializer, request)
        if arguments.pop("with_token"):
            token = services.new_token()
            started = self.start(request, arguments, services.token_binding(token))
            return Response({**started, "token": token}, status=status.HTTP_201_CREATED)
        with services.new_binding(request) as binding:
            return Response(self.start(request, arguments, binding), status=status.HTTP_201_CREATED)

    def start(self, request: Request, arguments: Mapping[str, Any], binding: str | Sequence[str]) -> dict[str, Any]:
        verification = services.start_verification(
            **arguments,
            user=request.user,
            binding=binding,
            ip=services.client_address(request),
            request=request,
        )
        return represent(verification)


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
