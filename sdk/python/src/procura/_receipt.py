"""Receipts: what Procura signs of a decision.

What is decided here: whether a receipt proves that this very action was decided on. The rules and their order are those of
the server: form, header, key, signature, claims, issuer, start (RECEIPT_INVALID); end (RECEIPT_EXPIRED); audience, agent,
action, nonce, verdict (RECEIPT_MISMATCH). The action is named by the digest of its canonical text, which is made here too, so
that what was signed is compared with what will be done and never with what somebody says of it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import time
from decimal import Decimal
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

from . import _ed25519
from ._errors import ProcuraError
from ._json import canonical, read_object

LONGEST_RECEIPT = 8192
"""The longest receipt, in bytes."""
LEEWAY = 30
"""How far ahead the signer's clock may be, in seconds."""
TYPE = "procura-receipt+jwt"
"""What stands in the header's ``typ``."""
LARGEST_AMOUNT = 2**63 - 1
"""The largest amount, in ten-thousandths."""

INVALID = "RECEIPT_INVALID"
EXPIRED = "RECEIPT_EXPIRED"
MISMATCH = "RECEIPT_MISMATCH"

VERDICTS = ("allow", "deny", "needs_approval")
_AMOUNT = re.compile(r"([0-9]+)(?:\.([0-9]+))?")
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth")
_TEXTS = ("iss", "aud", "sub", "jti", "req", "dec", "code", "dig", "org")
_WHOLE = ("iat", "exp", "pol")
_OPTIONAL = ("nonce", "usr", "ses", "key", "per", "apr", "rsv")
_IDS = {"sub": "agt", "jti": "rcp", "req": "req", "org": "org", "rsv": "rsv"}

KeySet = Union[Mapping[str, Any], Sequence[Mapping[str, Any]]]
"""What ``/.well-known/jwks.json`` answers, or its list of keys."""


class ReceiptError(ProcuraError):
    """The receipt does not prove it. The text says nothing of what stands in the receipt."""

    code: str
    is_key_unknown: bool
    """Whether no key has the name that the receipt gives: a fresh key set could have it."""

    def __init__(self, message: str, code: str = INVALID, is_key_unknown: bool = False) -> None:
        super().__init__(message, code)
        self.is_key_unknown = is_key_unknown


def canonical_amount(amount: Union[str, int, float, Decimal]) -> str:
    """An amount as the server writes it: "742" is "742.00", and "0.0001" stays."""
    if isinstance(amount, bool) or not isinstance(amount, (str, int, float, Decimal)):
        raise ValueError("an amount is a text, or a number")
    text = amount if isinstance(amount, str) else canonical(amount)
    parts = _AMOUNT.fullmatch(text)
    fraction = (parts.group(2) or "").rstrip("0") if parts else ""
    if parts is None or len(fraction) > 4:
        raise ValueError('an amount is a decimal such as "742.00", not negative, with at most four decimal places')
    if len(parts.group(1).lstrip("0")) > 15:
        raise ValueError("the amount is too large")
    units = int(parts.group(1)) * 10_000 + int(fraction.ljust(4, "0"))
    if units > LARGEST_AMOUNT:
        raise ValueError("the amount is too large")
    return f"{units // 10_000}.{fraction.ljust(2, '0')}"


def canonical_ask(ask: Mapping[str, Any]) -> str:
    """The canonical text of an ask: everything that a decision looks at. ``user`` is the pseudonym in a receipt's ``usr``.

    Raises ValueError for an ask that cannot be asked.
    """
    if not isinstance(ask, Mapping):
        raise ValueError("an ask is a mapping")
    action = ask.get("action")
    if not isinstance(action, str) or not action:
        raise ValueError("an ask has an action: a text that is not empty")
    members: Dict[str, Any] = {"action": action, "args": ask.get("args")}
    for name in ("currency", "resource", "user", "vendor"):
        members[name] = ask.get(name)
        if members[name] is not None and not isinstance(members[name], str):
            raise ValueError(f"{name} of an ask is a text")
    currency, amount = members["currency"], ask.get("amount")
    if currency is not None and re.fullmatch("[A-Z]{3}", currency) is None:
        raise ValueError("a currency is three capital letters such as USD (ISO 4217)")
    members["amount"] = None if amount is None else canonical_amount(amount)
    return canonical(members)


def action_digest(ask: Mapping[str, Any]) -> str:
    """By what an action is named: base64url of the SHA-256 of its canonical text."""
    return _base64url(hashlib.sha256(canonical_ask(ask).encode()).digest())


def verify_receipt(
    receipt: str,
    *,
    keys: KeySet,
    audience: Optional[str],
    issuer: Optional[str] = None,
    ask: Optional[Mapping[str, Any]] = None,
    digest: Optional[str] = None,
    agent_id: Optional[str] = None,
    nonce: Optional[str] = None,
    decision: str = "allow",
    now: Optional[float] = None,
    leeway: float = 0,
) -> Dict[str, Any]:
    """Return the claims of a receipt that proves what is wanted.

    ``keys`` is the server's key set. ``audience`` says for whom the receipt must be, mostly your own host; None takes those
    for anybody. ``issuer`` is the server's public URL. ``decision`` is ``allow``, ``deny``, ``needs_approval`` or ``any``.
    ``now`` is in unix seconds.

    Raises ReceiptError where the receipt does not prove it.
    """
    if decision not in (*VERDICTS, "any"):
        raise ValueError("decision is no verdict")
    if ask is not None:
        canonical_ask(ask)
    header, content, signed, signature = _read_jws(receipt)
    named = _keys_named(_list_of(keys), header)
    if not any(_ed25519.verifies(key, signed, signature) for key in named):
        raise ReceiptError("the signature does not hold under the key")
    claims = _read_claims(content)
    _check_times(claims, issuer, int(time.time() if now is None else now), leeway)
    wanted = {"aud": audience, "sub": agent_id, "dig": digest, "nonce": nonce}
    if ask is not None:
        whole = ask if ask.get("user") is not None else {**ask, "user": claims.get("usr")}
        wanted["dig"] = action_digest(whole)
        if digest is not None and digest != wanted["dig"]:
            raise ReceiptError("the digest is not that of the ask", MISMATCH)
    for name, value in wanted.items():
        if value is not None and claims.get(name) != value:
            raise ReceiptError(f"{name} is not what it must be", MISMATCH)
    if decision not in ("any", claims["dec"]):
        raise ReceiptError(f"dec is not {decision}", MISMATCH)
    return claims


def _list_of(keys: KeySet) -> List[Any]:
    found = keys.get("keys") if isinstance(keys, Mapping) else keys
    if not isinstance(found, (list, tuple)):
        raise ValueError("keys is the server's key set: what /.well-known/jwks.json answers")
    return list(found)


def _read_jws(receipt: str) -> tuple[dict[str, Any], bytes, bytes, bytes]:
    """RFC 7515 section 7.1, read as strictly as it can be."""
    if not isinstance(receipt, str):
        raise ReceiptError("the receipt is not a text")
    if len(receipt) > LONGEST_RECEIPT:
        raise ReceiptError("the receipt is too long")
    parts = receipt.split(".")
    if len(parts) != 3 or not all(parts):
        raise ReceiptError("the receipt is not three segments divided by dots")
    head, content, signature = (_decode(part) for part in parts)
    header = _object_of(head, 64)
    if header.get("alg") != "EdDSA":
        raise ReceiptError("the header's alg is not EdDSA")
    if "kid" in header and not isinstance(header["kid"], str):
        raise ReceiptError("the header's kid is not a text")
    # An extension that is critical is never understood; zip and enc make it another thing than a JWS.
    if any(name in header for name in ("crit", "b64", "zip", "enc")):
        raise ReceiptError("the header asks for an extension")
    if header.get("typ") != TYPE:
        raise ReceiptError("the header's typ is that of another kind of token")
    return header, content, f"{parts[0]}.{parts[1]}".encode(), signature


def _keys_named(keys: List[Any], header: Mapping[str, Any]) -> List[bytes]:
    """The keys that it may be verified with; what the header says of keys but their name is never read."""
    if "kid" not in header:
        fitting = [key for key in map(_public_key, keys) if key is not None]
        if len(fitting) != 1:
            raise ReceiptError("the header has no kid, and the set has not exactly one usable key")
        return fitting
    named = [jwk for jwk in keys if isinstance(jwk, Mapping) and jwk.get("kid") == header["kid"]]
    if not named:
        raise ReceiptError("no key of the set has the header's kid", INVALID, True)
    fitting = [key for key in map(_public_key, named) if key is not None]
    if not fitting:
        raise ReceiptError("the key that kid names cannot be used")
    return fitting


def _public_key(jwk: Any) -> Optional[bytes]:
    """The 32 bytes of a key that says that it is for this; None of any other."""
    if not isinstance(jwk, Mapping) or jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519":
        return None
    if jwk.get("alg", "EdDSA") != "EdDSA" or jwk.get("use", "sig") != "sig" or any(name in jwk for name in _PRIVATE):
        return None
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, (list, tuple)) or "verify" not in operations:
        return None
    try:
        key = _decode(jwk.get("x"))
    except ReceiptError:
        return None
    return key if _ed25519.is_usable(key) else None


def _read_claims(content: bytes) -> Dict[str, Any]:
    claims = _object_of(content, 1)
    for name in _TEXTS + _WHOLE + _OPTIONAL:
        value = claims.get(name)
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        is_right = is_whole if name in _WHOLE else isinstance(value, str)
        if not is_right and not (name in _OPTIONAL and name not in claims):
            raise ReceiptError(f"the claim {name} is missing, or is not what it must be")
    if claims["dec"] not in VERDICTS:
        raise ReceiptError("the claim dec is no verdict")
    for name, prefix in _IDS.items():
        if name in claims and re.fullmatch(f"{prefix}_[0-9A-Z]{{26}}", claims[name]) is None:
            raise ReceiptError(f"the claim {name} is not what it must be")
    return claims


def _check_times(claims: Mapping[str, Any], issuer: Optional[str], now: int, leeway: float) -> None:
    if issuer is not None and claims["iss"] != issuer:
        said = f"iss is {json.dumps(claims['iss'])} and not {json.dumps(issuer)}"
        raise ReceiptError(f"{said}: name the server's public_url as issuer")
    if claims["iat"] > now + max(LEEWAY, leeway):
        raise ReceiptError("iat lies in the future")
    if claims["exp"] <= now - leeway:
        raise ReceiptError("exp has passed", EXPIRED)


def _object_of(raw: bytes, deepest: int) -> Dict[str, Any]:
    try:
        return read_object(raw, deepest)
    except (ValueError, RecursionError):
        raise ReceiptError("a segment is not a JSON object in UTF-8 in which nothing stands twice") from None


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(segment: Any) -> bytes:
    """Base64url without padding, in the one spelling that the bytes have."""
    if not isinstance(segment, str) or re.fullmatch("[A-Za-z0-9_-]*", segment) is None:
        raise ReceiptError("a segment is not base64url")
    try:
        raw = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except (binascii.Error, ValueError):
        raise ReceiptError("a segment is not base64url") from None
    if _base64url(raw) != segment:
        raise ReceiptError("a segment is not base64url in its one spelling")
    return raw
