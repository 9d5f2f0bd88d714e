"""Whether a webhook was sent by Procura: an HMAC over when it was sent and what, by a secret that only both sides have.

What is decided here: which deliveries may be read at all. Two forms are known: Standard Webhooks (webhook-id,
webhook-timestamp, webhook-signature), which signs the id too, and x-procura-signature. Where a header of the first form is
there, the first form decides alone: nobody gets past it by adding the second.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import time
from typing import Any, Mapping, NamedTuple, Optional, Sequence, Union

from ._errors import ProcuraError

SHORTEST_KEY = 24
"""The shortest key, in bytes (Standard Webhooks)."""
_STANDARD = ("webhook-id", "webhook-timestamp", "webhook-signature")
_OWN = "x-procura-signature"


class WebhookSignatureError(ProcuraError):
    """The delivery was not sent by whoever has the secret, not now, or not with this body. Do not read it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "WEBHOOK_SIGNATURE_INVALID")


class Delivery(NamedTuple):
    """What is known of a delivery that Procura sent."""

    id: Optional[str]
    """By which a second delivery of the same event is known; None in the form that does not sign it."""
    timestamp: int
    """When it was sent, in unix seconds."""


def verify_webhook_signature(
    raw_body: Union[bytes, str],
    headers: Mapping[str, str],
    secret: Union[str, Sequence[str]],
    *,
    tolerance_seconds: float = 300,
    now: Optional[float] = None,
) -> Delivery:
    """Return only for a delivery that Procura sent.

    ``raw_body`` is the body as it came; a parsed and written one has other bytes. ``secret`` is the endpoint's secret
    (``whsec_..``), or several while it is being changed. ``now`` is in unix seconds.

    Raises WebhookSignatureError for any other delivery.
    """
    if not tolerance_seconds >= 0:
        raise ValueError("tolerance_seconds is a number of seconds")
    if not isinstance(raw_body, (bytes, bytearray, memoryview, str)):
        raise TypeError("raw_body is the body as it came, a text or bytes: a parsed one cannot be verified")
    body = raw_body.encode() if isinstance(raw_body, str) else bytes(raw_body)
    keys = [_key(one) for one in ([secret] if isinstance(secret, str) or secret is None else secret)]
    if not keys:
        raise ValueError("there is no secret")
    found = _headers(headers)
    is_standard = any(name in found for name in _STANDARD)
    delivery_id, timestamp, signatures = _standard(found) if is_standard else _own(found)
    seconds = int(time.time() if now is None else now)
    if abs(seconds - int(timestamp)) > tolerance_seconds:
        raise WebhookSignatureError("the delivery is too old, or from the future")
    signed = (f"{delivery_id}.{timestamp}." if is_standard else f"{timestamp}.").encode() + body
    for key in keys:
        expected = hmac.new(key, signed, hashlib.sha256).digest()
        if any(hmac.compare_digest(expected, signature) for signature in signatures):
            return Delivery(delivery_id, int(timestamp))
    raise WebhookSignatureError("no signature holds")


def _key(secret: Any) -> bytes:
    text = secret[len("whsec_") :] if isinstance(secret, str) and secret.startswith("whsec_") else secret
    key = _decode(text) if isinstance(text, str) else b""
    if len(key) < SHORTEST_KEY:
        raise ValueError("the secret is not whsec_ and base64: is its environment variable set?")
    return key


def _decode(text: str) -> bytes:
    """Bytes in the one spelling that they have; none for anything else."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return raw if base64.b64encode(raw).decode() == text else b""


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers.items():
        small = name.lower() if isinstance(name, str) else ""
        if small not in (*_STANDARD, _OWN):
            continue
        if small in found or not isinstance(value, str):
            raise WebhookSignatureError(f"the header {small} is not there once")
        found[small] = value
    return found


def _standard(headers: Mapping[str, str]) -> tuple[Optional[str], str, list[bytes]]:
    delivery_id, timestamp, listed = (headers.get(name, "") for name in _STANDARD)
    if not delivery_id or "." in delivery_id:
        raise WebhookSignatureError("the header webhook-id is missing, or no id")
    signatures = [_decode(entry[len("v1,") :]) for entry in listed.split(" ") if entry.startswith("v1,")]
    return delivery_id, _seconds(timestamp), signatures


def _own(headers: Mapping[str, str]) -> tuple[Optional[str], str, list[bytes]]:
    if _OWN not in headers:
        raise WebhookSignatureError("the delivery has no signature")
    pairs = [part.split("=") for part in headers[_OWN].split(",")]
    times = [pair[1] for pair in pairs if len(pair) == 2 and pair[0] == "t"]
    if len(times) > 1:
        raise WebhookSignatureError(f"the header {_OWN} has more than one time")
    texts = [pair[1] for pair in pairs if len(pair) == 2 and pair[0] == "v1"]
    signatures = [bytes.fromhex(text) for text in texts if re.fullmatch("(?:[0-9a-f]{2})+", text)]
    return None, _seconds(times[0] if times else ""), signatures


def _seconds(text: str) -> str:
    if re.fullmatch("[0-9]{1,12}", text) is None:
        raise WebhookSignatureError("the time of the delivery is missing, or no unix seconds")
    return text
