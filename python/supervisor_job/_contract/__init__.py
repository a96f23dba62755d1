"""The pause contract (docs/pause-contract.md): its names, and beside it its parsers. The same as
src/contract/, held to the same cases (test/contract/cases). Nothing here does I/O."""

from __future__ import annotations

import re
from typing import Optional

from .values import whole

#: EX_TEMPFAIL: "I have checkpointed; run me again later."
EXIT_PAUSED = 75

#: EX_IOERR: "My checkpoint can't be read now; it may be whole."
EXIT_UNREADABLE = 74

CONTROL_FILE = "control.json"
MANIFEST_FILE = "manifest.json"
#: A checkpoint being written; swept when its writer is gone.
TEMPORARY_PREFIX = ".tmp-"


def checkpoint_name(step: int) -> str:
    return f"step-{step:08d}"


def step_of_name(name: str) -> Optional[int]:
    """The step in a checkpoint's name; None for any other name, and for a step that JSON can't hold."""
    match = re.fullmatch(r"step-0*([0-9]{1,16})", name)
    return whole(int(match[1])) if match and len(name) >= len(checkpoint_name(0)) else None
