"""Who may come in at all: nobody, unless DEBUG or a setting says that every code here may be read."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from ..conf import conf

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

REFUSAL = (
    "The LANCK sandbox shows verification codes to everyone, so it does not run while DEBUG is off. "
    "To allow it all the same, set LANCK_SANDBOX = {'ALLOW_WITHOUT_DEBUG': True}.\n"
)


def where_permitted(view: View[P]) -> View[P]:
    """Answer 403 with the reason instead of calling the view where the sandbox may not run."""

    @wraps(view)
    def gated(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not conf.permitted:
            return HttpResponse(REFUSAL, status=403, content_type="text/plain; charset=utf-8")
        return view(request, *args, **kwargs)

    return gated
