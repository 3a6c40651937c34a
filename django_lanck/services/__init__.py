"""The public Python API. Everything that a site, a view, the admin or a command does goes through here."""

from ..client import RCS, SMS, Flow, Push, RequestInfo, Step, Viber, parse_flow
from ..guard import Attempt, Prefix, StandingLimit, client_address, pause_prefix, resume_prefix, suspicious_prefixes
from .figures.days import CountedDays, count_days
from .figures.delivery import Figures, delivery_figures
from .figures.metrics import Metrics, current_metrics
from .figures.scope import Scope
from .figures.totals import Totals
from .imports.importing import Imported, import_number, import_numbers
from .imports.rows import ImportRow, user_field_named
from .limits import is_supported, lift_limits, limits_of_number
from .maintenance.forget import Forgotten, forget_number
from .maintenance.reconcile import Reconciled, reconcile
from .maintenance.renumber import Renumbered, renumber
from .maintenance.retention import Pruned, prune
from .messages import send as _send
from .messages.callbacks import CallDetails, call_details
from .messages.goals import report_goal
from .messages.inbound import record_inbound
from .messages.lanck_requests import request_info
from .messages.links import open_link
from .messages.opt_outs import lift_opt_out, opt_out
from .messages.receipts import record_receipt
from .messages.refresh import refresh_message
from .messages.send import *  # noqa: F403 (a new function to send is exported by its module alone)
from .messages.waiting import wait_for_status
from .numbers import code_in_text, number_as_kept, number_in_text, parse_number
from .pace import Pace, background
from .permissions import is_metrics_token, may_see_numbers
from .provider.account import check_account
from .provider.diagnosis import account_problem, callback_problem, webhook_url
from .provider.errors import refusal_of
from .provider.insight import check_fraud, look_up
from .verifications.accounts import (
    account_refusal,
    authenticate_by_proof,
    confirm_user,
    default_account_guard,
    is_password_of,
    require_confirmation,
    sign_up,
    signup_form,
    signup_refusal,
)
from .verifications.binding import TOKEN_HEADER, binding_for, has_token, new_binding, new_token, token_binding
from .verifications.cancel import cancel_verification
from .verifications.check import CheckResult, check_verification
from .verifications.claims import change_number, claim_number, owner_of, verified_number_of
from .verifications.lookup import get_verification
from .verifications.proofs import number_of_proof, redeem_proof
from .verifications.recent_authentication import is_recently_authenticated, remember_authentication
from .verifications.resend import methods_of, resend_for_person, resend_verification, seconds_to_resend
from .verifications.start import start_verification

__all__ = [
    "RCS",
    "SMS",
    "TOKEN_HEADER",
    "Attempt",
    "CallDetails",
    "CheckResult",
    "CountedDays",
    "Figures",
    "Flow",
    "Forgotten",
    "ImportRow",
    "Imported",
    "Metrics",
    "Pace",
    "Prefix",
    "Pruned",
    "Push",
    "Reconciled",
    "Renumbered",
    "RequestInfo",
    "Scope",
    "StandingLimit",
    "Step",
    "Totals",
    "Viber",
    "account_problem",
    "account_refusal",
    "authenticate_by_proof",
    "background",
    "binding_for",
    "call_details",
    "callback_problem",
    "cancel_verification",
    "change_number",
    "check_account",
    "check_fraud",
    "check_verification",
    "claim_number",
    "client_address",
    "code_in_text",
    "confirm_user",
    "count_days",
    "current_metrics",
    "default_account_guard",
    "delivery_figures",
    "forget_number",
    "get_verification",
    "has_token",
    "import_number",
    "import_numbers",
    "is_metrics_token",
    "is_password_of",
    "is_recently_authenticated",
    "is_supported",
    "lift_limits",
    "lift_opt_out",
    "limits_of_number",
    "look_up",
    "may_see_numbers",
    "methods_of",
    "new_binding",
    "new_token",
    "number_as_kept",
    "number_in_text",
    "number_of_proof",
    "open_link",
    "opt_out",
    "owner_of",
    "parse_flow",
    "parse_number",
    "pause_prefix",
    "prune",
    "reconcile",
    "record_inbound",
    "record_receipt",
    "redeem_proof",
    "refresh_message",
    "refusal_of",
    "remember_authentication",
    "renumber",
    "report_goal",
    "request_info",
    "require_confirmation",
    "resend_for_person",
    "resend_verification",
    "resume_prefix",
    "seconds_to_resend",
    "sign_up",
    "signup_form",
    "signup_refusal",
    "start_verification",
    "suspicious_prefixes",
    "token_binding",
    "user_field_named",
    "verified_number_of",
    "wait_for_status",
    "webhook_url",
]
__all__ += _send.__all__
