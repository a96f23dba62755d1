"""What the environment says about this run, read once at import. Must never raise: a job started by
hand, with half an environment or with nonsense in it, still has to train."""

from __future__ import annotations

import math
import os
import re
import signal
from dataclasses import dataclass
from typing import Mapping, Optional

from ._say import say
from ._speaker import claim_speaker, ignore

_DEFAULT_CHECKPOINT_MINUTES = 30.0
_DEFAULT_KEEP = 3


@dataclass(frozen=True)
class Surroundings:
    run_id: str
    status_dir: str
    checkpoint_dir: str
    #: The newest checkpoint that the supervisor has verified; None on a first run.
    resume_from: Optional[str]
    pause_signal: signal.Signals
    #: Seconds between the library's own checkpoints; infinity switches them off.
    checkpoint_every: float
    #: How many newest checkpoints stay.
    keep: int
    rank: int
    world_size: int


def read_surroundings(env: Mapping[str, str]) -> Optional[Surroundings]:
    """None where there is no supervisor, or where another process speaks for this rank."""
    status_dir = env.get("SUPERVISOR_STATUS_DIR")
    checkpoint_dir = env.get("SUPERVISOR_CHECKPOINT_DIR")
    if not status_dir and not checkpoint_dir:
        return None
    if not status_dir or not checkpoint_dir:
        missing = "SUPERVISOR_CHECKPOINT_DIR" if status_dir else "SUPERVISOR_STATUS_DIR"
        say(f"{missing} is not set, so this run can't be paused; it trains on")
        return None
    pause_signal = _signal_named(env.get("SUPERVISOR_PAUSE_SIGNAL"))
    if not claim_speaker():
        ignore(pause_signal)
        return None
    resume_from = env.get("SUPERVISOR_RESUME_FROM")
    return Surroundings(
        run_id=env.get("SUPERVISOR_RUN_ID") or f"by-hand-{os.getpid()}",
        status_dir=_absolute(status_dir),
        checkpoint_dir=_absolute(checkpoint_dir),
        resume_from=_absolute(resume_from) if resume_from else None,
        pause_signal=pause_signal,
        checkpoint_every=_every_seconds(env.get("SUPERVISOR_CHECKPOINT_MINUTES")),
        keep=max(1, _whole_number(env.get("SUPERVISOR_CHECKPOINT_KEEP"), _DEFAULT_KEEP)),
        rank=_whole_number(env.get("RANK"), 0),
        world_size=max(1, _whole_number(env.get("WORLD_SIZE"), 1)),
    )


def _absolute(path: str) -> str:
    """Programs change their directory (Hydra does, for each run)."""
    try:
        return os.path.abspath(path)
    except OSError:
        return path  # The directory that we are in has been removed.


def _signal_named(name: Optional[str]) -> signal.Signals:
    found = signal.Signals.__members__.get(name or "")
    if found is None or found in (signal.SIGKILL, signal.SIGSTOP):
        return signal.SIGUSR2
    return found


def _every_seconds(minutes: Optional[str]) -> float:
    try:
        value = float(minutes) if minutes else _DEFAULT_CHECKPOINT_MINUTES
    except ValueError:
        value = _DEFAULT_CHECKPOINT_MINUTES
    if value == 0:
        return math.inf
    return (value if math.isfinite(value) and value > 0 else _DEFAULT_CHECKPOINT_MINUTES) * 60


def _whole_number(text: Optional[str], otherwise: int) -> int:
    return int(text) if text and re.fullmatch(r"[0-9]{1,15}", text) else otherwise
