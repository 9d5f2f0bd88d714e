"""The signed session token: base64url(JSON) + "." + base64url(HMAC-SHA256(first segment, secret)).

What is decided here: which payloads are not worth signing. The rules are those of the server with no leeway, in the
server's order, so that a mistake shows where it is made and not at the first user. They are applied to what the server
will read, the serialized payload, and not to the object that was passed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
import time
from typing import Any, Mapping, Optional

LONGEST_LIFE = 3600
"""The longest life of a token, in seconds."""
LONGEST_TOKEN = 8192
"""The longest token, in bytes."""
DEEPEST = 32
"""How deep a payload may nest, itself included."""
LONGEST_USER_ID = 256
"""The longest userId, in bytes."""
SHORTEST_SECRET = 32
"""The shortest secret, in bytes: as long as what HMAC-SHA256 gives (RFC 2104 section 3)."""

MALFORMED = "AUTH_TOKEN_MALFORMED"
EXPIRED = "AUTH_TOKEN_EXPIRED"
INVALID = "AUTH_TOKEN_INVALID"
NO_SUBJECT = "AUTH_TOKEN_NO_SUBJECT"


class SessionTokenError(ValueError):
    """The payload or the secret cannot make a token that the server accepts. The text holds nothing of either."""

    code: Optional[str]
    """What the server would answer; None where the secret is at fault, which the server never sees."""

    def __init__(self, message: str, code: Optional[str] = None) -> None:
        super().__init__(message)
        self.code = code


def sign_session_token(payload: Mapping[str, Any], secret: str) -> str:
    """Sign the token that your page hands to your agent and your agent sends once, as ``X-User-Auth-Token``.

    ``payload`` has ``userId`` (your own id of the user) and ``exp`` (unix seconds, at most an hour away), and may have
    ``email``, ``role``, ``iat`` and ``nbf``; every other member becomes a custom attribute, which agents treat as
    untrusted text. ``secret`` is the agent's shared secret, at least 32 bytes; it stays on your server.

    Raises SessionTokenError where the server would refuse the token.
    """
    key = _key(secret)
    text = _serialize(payload)
    body = _base64url(text.encode())
    token = body + "." + _base64url(hmac.new(key, body.encode(), hashlib.sha256).digest())
    if len(token) > LONGEST_TOKEN:
        raise SessionTokenError(f"the token has more than {LONGEST_TOKEN} bytes: put less into the payload", MALFORMED)
    _check(json.loads(text, object_pairs_hook=_unique), time.time())
    return token


def _key(secret: str) -> bytes:
    if not isinstance(secret, str):
        raise SessionTokenError("the secret is not a string: is its environment variable set?")
    try:
        key = secret.encode()
    except UnicodeEncodeError:
        raise SessionTokenError("the secret cannot be written as UTF-8") from None
    if len(key) < SHORTEST_SECRET:
        raise SessionTokenError(f"the secret has fewer than {SHORTEST_SECRET} bytes")
    return key


def _serialize(payload: Mapping[str, Any]) -> str:
    try:
        return json.dumps(payload if isinstance(payload, dict) else dict(payload), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise SessionTokenError(
            "the payload cannot be written as JSON: it has a cycle, a number that is not finite, or a value that JSON"
            " does not know",
            MALFORMED,
        ) from None


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; two keys that JSON writes alike, such as 1 and "1", cannot be told apart by a reader."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise SessionTokenError("two members of the payload have the same name in JSON", MALFORMED)
    return members


def _check(payload: dict[str, Any], now: float) -> None:
    """``now`` is in unix seconds."""
    _check_value(payload, 1)
    _check_types(payload)
    exp, iat, nbf = payload["exp"], payload.get("iat", now), payload.get("nbf", now)
    if exp <= now:
        raise SessionTokenError("exp has passed: it is in unix seconds and lies in the future", EXPIRED)
    if exp - now > LONGEST_LIFE or exp - iat > LONGEST_LIFE:
        raise SessionTokenError(
            f"exp is more than {LONGEST_LIFE} seconds away: a token lives for an hour at most", EXPIRED
        )
    if nbf > now or iat > now:
        raise SessionTokenError("nbf or iat lies in the future: round the time down", INVALID)
    user_id = payload.get("userId")
    if not isinstance(user_id, str) or not user_id.strip():
        raise SessionTokenError("userId is not a string that names somebody", NO_SUBJECT)
    if len(user_id.encode()) > LONGEST_USER_ID:
        raise SessionTokenError(f"userId has more than {LONGEST_USER_ID} bytes", NO_SUBJECT)


def _check_types(payload: dict[str, Any]) -> None:
    if not _is_number(payload.get("exp")):
        raise SessionTokenError("exp is not a number of unix seconds", MALFORMED)
    for name in ("iat", "nbf"):
        if name in payload and not _is_number(payload[name]):
            raise SessionTokenError(f"{name} is not a number of unix seconds", MALFORMED)
    for name in ("email", "role"):
        if name in payload and not isinstance(payload[name], str):
            raise SessionTokenError(f"{name} is not a string: leave it out where there is none", MALFORMED)


def _is_number(value: object) -> bool:
    """Whether it is a number that a float can hold; bool is an int to Python, and not to JSON."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _check_value(value: object, depth: int) -> None:
    """Depth, numbers that a float can hold, and strings that UTF-8 can carry, keys among them."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise SessionTokenError("a text of the payload has half a surrogate pair", MALFORMED) from None
    elif isinstance(value, (dict, list)):
        if depth > DEEPEST:
            raise SessionTokenError(f"the payload is more than {DEEPEST} levels deep", MALFORMED)
        members = value.items() if isinstance(value, dict) else ((None, member) for member in value)
        for name, member in members:
            _check_value(name, depth)
            _check_value(member, depth + 1)
