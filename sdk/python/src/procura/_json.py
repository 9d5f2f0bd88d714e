"""JSON that can be signed for: one text for one value, and nothing that stands twice."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any, Mapping

DEEPEST = 64
"""How deep a document may nest."""


class RawJson:
    """A text that is JSON already."""

    def __init__(self, text: str) -> None:
        self.text = text


def canonical(value: Any, depth: int = 0) -> str:
    """The value with its names in the order of their code points, without blanks, and with the shortest escapes.

    Raises ValueError for what JSON cannot say.
    """
    if isinstance(value, RawJson):
        return value.text
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, (int, float, Decimal)):
        return _number(value)
    if depth >= DEEPEST:
        raise ValueError(f"the value is more than {DEEPEST} levels deep, or holds itself")
    if isinstance(value, Mapping):
        return _object(value, depth)
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(canonical(item, depth + 1) for item in value) + "]"
    raise ValueError("only mappings with texts as names, lists, texts, numbers, bools and None can be written as JSON")


def _object(value: Mapping[Any, Any], depth: int) -> str:
    if not all(isinstance(name, str) for name in value):
        raise ValueError("the names of a JSON object are texts")
    members = sorted(value.items(), key=lambda member: member[0])
    return "{" + ",".join(f"{_quote(name)}:{canonical(member, depth + 1)}" for name, member in members) + "}"


def _number(value: Any) -> str:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("a number that is not finite cannot be written as JSON")
        return format(value, "f")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("a number that is not finite cannot be written as JSON")
        return float.__repr__(value)
    return int.__repr__(value)


def _quote(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a text has half a surrogate pair") from None
    return json.dumps(text, ensure_ascii=False)


def read_object(raw: bytes, deepest: int) -> dict[str, Any]:
    """One JSON object in UTF-8, in which nothing stands twice. Numbers that are not written as whole ones are floats.

    Raises ValueError for anything else.
    """
    value = json.loads(raw.decode("utf-8", "strict"), object_pairs_hook=_unique, parse_constant=_refuse)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    _check(value, deepest)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member stands twice")
    return members


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _check(value: Any, deepest: int) -> None:
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, (dict, list)):
        if deepest == 0:
            raise ValueError("nested too deep")
        for member in value.items() if isinstance(value, dict) else value:
            for part in member if isinstance(value, dict) else (member,):
                _check(part, deepest - 1)
