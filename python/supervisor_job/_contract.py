"""Names of the pause contract (docs/pause-contract.md): the environment, the files, the exit code.
The same as src/contract.ts; nothing here does I/O."""

from __future__ import annotations

import re
from typing import Any, Optional

#: EX_TEMPFAIL: "I have checkpointed; run me again later."
EXIT_PAUSED = 75

CONTROL_FILE = "control.json"
MANIFEST_FILE = "manifest.json"
#: A checkpoint being written; swept when its writer is gone.
TEMPORARY_PREFIX = ".tmp-"

_CHECKPOINT_NAME = re.compile(r"step-([0-9]{8,})")
_LARGEST_WHOLE = 2**53 - 1


def checkpoint_name(step: int) -> str:
    return f"step-{step:08d}"


def step_of_name(name: str) -> Optional[int]:
    """Step of a checkpoint's name; None for any other name."""
    match = _CHECKPOINT_NAME.fullmatch(name)
    return int(match[1]) if match else None


def whole(value: Any, least: int = 0) -> Optional[int]:
    """A whole number as JSON knows it, or None: True isn't one, 3.0 is."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, float) and not value.is_integer():
        return None
    return int(value) if least <= value <= _LARGEST_WHOLE else None
