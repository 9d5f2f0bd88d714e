"""Ed25519 signatures (RFC 8032), verified: by the package ``cryptography`` where it is installed, and else by the mathematics
below, which take some milliseconds. There is nothing secret in a verification, so nothing here hides how long it takes.
"""

from __future__ import annotations

import hashlib
from typing import Optional, Tuple

_PRIME = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _PRIME - 2, _PRIME) % _PRIME
_ROOT_OF_MINUS_ONE = pow(2, (_PRIME - 1) // 4, _PRIME)

_Point = Tuple[int, int, int, int]
"""Extended coordinates X, Y, Z, T with x = X/Z, y = Y/Z and xy = T/Z."""
_NEUTRAL: _Point = (0, 1, 1, 0)


def is_usable(key: bytes) -> bool:
    """Whether it is a point in canonical form, and not of small order: for those, anybody can sign (section 5.1.3)."""
    point = _decompress(key) if len(key) == 32 else None
    return point is not None and not _equal(_times(8, point), _NEUTRAL)


def verifies(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature holds under the key."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return verifies_by_hand(key, message, signature)
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def verifies_by_hand(key: bytes, message: bytes, signature: bytes) -> bool:
    """Section 5.1.7: S is below the order, and [S]B = R + [k]A, with R compared as it is written."""
    if len(key) != 32 or len(signature) != 64:
        return False
    point = _decompress(key)
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    if point is None or s >= _ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % _ORDER
    x, y, z, t = point
    minus = (_PRIME - x, y, z, _PRIME - t)
    return _compress(_add(_times(s, _BASE), _times(k, minus))) == r


def _decompress(encoded: bytes) -> Optional[_Point]:
    """The point that 32 bytes stand for; none where they stand for none."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if y >= _PRIME:
        return None
    u, v = (y * y - 1) % _PRIME, (_D * y * y + 1) % _PRIME
    x = u * pow(v, 3, _PRIME) * pow(u * pow(v, 7, _PRIME), (_PRIME - 5) // 8, _PRIME) % _PRIME
    if v * x * x % _PRIME == -u % _PRIME:
        x = x * _ROOT_OF_MINUS_ONE % _PRIME
    if v * x * x % _PRIME != u or (x == 0 and sign == 1):
        return None
    if x & 1 != sign:
        x = _PRIME - x
    return (x, y, 1, x * y % _PRIME)


def _compress(point: _Point) -> bytes:
    inverse = pow(point[2], _PRIME - 2, _PRIME)
    x, y = point[0] * inverse % _PRIME, point[1] * inverse % _PRIME
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _equal(one: _Point, other: _Point) -> bool:
    return (one[0] * other[2] - other[0] * one[2]) % _PRIME == 0 and (
        one[1] * other[2] - other[1] * one[2]
    ) % _PRIME == 0


def _add(one: _Point, other: _Point) -> _Point:
    """Section 5.1.4."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % _PRIME
    b = (one[1] + one[0]) * (other[1] + other[0]) % _PRIME
    c = 2 * one[3] * other[3] * _D % _PRIME
    d = 2 * one[2] * other[2] % _PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % _PRIME, g * h % _PRIME, f * g % _PRIME, e * h % _PRIME)


def _times(count: int, point: _Point) -> _Point:
    result = _NEUTRAL
    while count > 0:
        if count & 1:
            result = _add(result, point)
        point = _add(point, point)
        count >>= 1
    return result


def _base() -> _Point:
    encoded = (4 * pow(5, _PRIME - 2, _PRIME) % _PRIME).to_bytes(32, "little")
    point = _decompress(encoded)
    assert point is not None
    return point


_BASE = _base()
