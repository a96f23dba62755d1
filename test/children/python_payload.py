"""What a test job saves at a step, the same as job-payload.ts: anybody can compute it again."""

import hashlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))


def payload(step: int, part: int, size: int) -> bytes:
    seed = hashlib.sha256(f"{step}/{part}".encode()).digest()
    return (seed * (size // len(seed) + 1))[:size]
