"""How the contract's files are read: strict UTF-8, strict JSON, one object, bounded in size. Pure; refuses
with ValueError alone, whatever the bytes are: it runs in a signal handler in the middle of training."""

from __future__ import annotations

import json
import math
import re
from datetime import date
from typing import Any, Dict, NoReturn, Optional

_LARGEST_WHOLE = 2**53 - 1
_LONGEST_WHOLE = 20
TIME_WANTED = "a time in ISO 8601"


def parse_object(text: bytes, most: int, *, nan_is_null: bool = False) -> Dict[str, Any]:
    """`most`: bytes; more are refused unread. Raises ValueError with a predicate that names the place,
    to put behind the file's name: ``has step -1, not a whole number ≥ 0``."""
    if len(text) > most:
        raise ValueError(f"is larger than {most} bytes")
    try:
        # Not json.loads(bytes): that would guess the encoding, and take a byte order mark.
        value = json.loads(
            text.decode("utf-8"), parse_int=_number, parse_constant=_null if nan_is_null else _no_json
        )
    except (ValueError, RecursionError):
        raise ValueError("isn't JSON") from None
    if not isinstance(value, dict):
        raise ValueError("isn't a JSON object")
    return value


def refuse(place: str, found: Dict[str, Any], name: str, wanted: str) -> NoReturn:
    """Raises ValueError. `place`: where `name` stands, such as ``files[2].``"""
    if name not in found:
        raise ValueError(f"has no {place}{name}")
    raise ValueError(f"has {place}{name} {shown(found[name])}, not {wanted}")


def shown(value: Any) -> str:
    if isinstance(value, list):
        return "[…]" if value else "[]"
    return "{…}" if isinstance(value, dict) else json.dumps(value)[:80]


def whole_from(least: int) -> str:
    return f"a whole number ≥ {least}"


def whole(value: Any, least: int = 0) -> Optional[int]:
    """A whole number as JSON knows it, or None: True isn't one, 3.0 is."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, float) and not value.is_integer():
        return None
    return int(value) if least <= value <= _LARGEST_WHOLE else None


def epoch_or_none(value: Any) -> Optional[float]:
    """An epoch may be fractional: trainers report how far through one they are."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if 0 <= value < math.inf else None


def is_time(value: Any) -> bool:
    """ISO 8601 to the second or finer; local time where it names no zone."""
    match = isinstance(value, str) and re.fullmatch(
        r"([12][0-9]{3})-([0-9]{2})-([0-9]{2})T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?"
        r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?",
        value,
    )
    if not match:
        return False
    try:
        date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return False
    return True


def _number(digits: str) -> float:
    """Python's own integers have no end; from 4,300 digits on it would refuse the whole file."""
    return int(digits) if len(digits) <= _LONGEST_WHOLE else float(digits)


def _null(_name: str) -> None:
    return None


def _no_json(name: str) -> NoReturn:
    raise ValueError(f"{name} isn't JSON")
