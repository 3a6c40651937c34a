"""The page that follows the right code of a new number."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect

from .. import services
from ..exceptions import Refusal
from . import progress
from .code import CodeView
from .page_flows import CHANGE


class ChangeCodeView(CodeView):
    flow = CHANGE

    def code_accepted(self, proof: str) -> HttpResponse:
        """Make the new number the only one of the user; the session gets a new key."""
        user: Any = self.request.user
        try:
            claim = services.change_number(user=user, proof=proof, purpose=self.flow.purpose, binding=self.binding)
        except Refusal as refusal:
            return self.proof_refused(refusal)
        next_url = self.next_url
        progress.end(self.request, self.flow)
        self.request.session.cycle_key()
        if next_url and not claim.taken_over:
            return redirect(next_url)
        after = progress.url_after(next_url)
        return self.render_page("done", number=claim.number, taken_over=claim.taken_over, after=after)
