"""``control.json``: the supervisor's word; the signal is only the doorbell. Must never be half believed:
a text is a whole word, or it changes nothing."""

from __future__ import annotations

from typing import Tuple

from .values import parse_object, refuse, whole, whole_from

WANTS = ("run", "pause", "standby", "release")
MOST_CONTROL_BYTES = 64 * 1024


def parse_control(text: bytes) -> Tuple[int, str]:
    """(sequence, want). Other names in it are allowed. Raises ValueError with the reason."""
    raw = parse_object(text, MOST_CONTROL_BYTES)
    sequence, want = whole(raw.get("sequence")), raw.get("want")
    if sequence is None:
        refuse("", raw, "sequence", whole_from(0))
    if not isinstance(want, str) or want not in WANTS:
        refuse("", raw, "want", f"one of {', '.join(WANTS)}")
    return sequence, want
