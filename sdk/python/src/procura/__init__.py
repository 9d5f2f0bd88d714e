"""Procura for Python."""

from ._client import Ask, AsyncProcura, Grant, Procura
from ._errors import (
    NothingDone,
    ProcuraApprovalRequired,
    ProcuraDenied,
    ProcuraError,
    ProcuraRefused,
    ProcuraUnavailable,
)
from ._receipt import ReceiptError, action_digest, canonical_ask, verify_receipt
from ._session_token import SessionTokenError, sign_session_token
from ._webhook import Delivery, WebhookSignatureError, verify_webhook_signature
from ._wire import ReasonCode, VerifyAnswer

__all__ = [
    "Ask",
    "AsyncProcura",
    "Delivery",
    "Grant",
    "NothingDone",
    "Procura",
    "ProcuraApprovalRequired",
    "ProcuraDenied",
    "ProcuraError",
    "ProcuraRefused",
    "ProcuraUnavailable",
    "ReasonCode",
    "ReceiptError",
    "SessionTokenError",
    "VerifyAnswer",
    "WebhookSignatureError",
    "action_digest",
    "canonical_ask",
    "sign_session_token",
    "verify_receipt",
    "verify_webhook_signature",
]
