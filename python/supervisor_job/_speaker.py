"""Which process speaks for the job. Its mark in the environment is inherited by its children: data
loaders and programs that it starts import the same library, and must never report, save or pause in
its place."""

from __future__ import annotations

import os
import re
import signal
from typing import Any, Callable, Optional

_MARK = "SUPERVISOR_SPEAKER"
#: In the rank's place: this process trains, so nobody below it does, whatever rank it says it has.
_NOBODY_ELSE = "*"


def claim_speaker() -> bool:
    """False where another process speaks already."""
    rank = os.environ.get("RANK") or ""
    if other_speaker() is not None:
        # A launcher that has imported the library, and trains nothing itself, starts ranks.
        if _held_for() in (rank, _NOBODY_ELSE):
            return False
    _mark(rank)
    return True


def claim_for_good() -> None:
    """For a process that trains: it is no launcher."""
    if _held_for() != _NOBODY_ELSE:
        _mark(_NOBODY_ELSE)


def other_speaker() -> Optional[int]:
    """The pid of another process that has left its mark for this run."""
    holder = _holder()
    return int(holder[1]) if holder and int(holder[1]) != os.getpid() else None


def listen(pause_signal: signal.Signals, ring: Callable[[int, Any], None], held_back: bool) -> None:
    """`held_back`: the signal waits until let_through(), since it would interrupt calls that fail on that."""
    try:
        signal.signal(pause_signal, ring)
        if held_back:
            signal.pthread_sigmask(signal.SIG_BLOCK, [pause_signal])
        else:
            let_through(pause_signal)
    except ValueError:
        pass  # Imported outside the main thread; control.json is read every now and then all the same.


def let_through(pause_signal: signal.Signals) -> None:
    """One that has waited comes at once. It may also have been held back before the program began."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [pause_signal])


def ignore(pause_signal: signal.Signals) -> None:
    """For processes that don't speak: somebody who signals the whole group must not end them."""
    try:
        signal.signal(pause_signal, signal.SIG_IGN)
    except ValueError:
        pass  # Not the main thread.


def _mark(rank: str) -> None:
    os.environ[_MARK] = f"{_run_id()}:{os.getpid()}" + (f":{rank}" if rank else "")


def _held_for() -> str:
    holder = _holder()
    return (holder[2] or "") if holder else ""


def _holder() -> "Optional[re.Match[str]]":
    # The run id is part of the mark, because a supervisor started inside a job hands it on.
    return re.fullmatch(re.escape(_run_id()) + r":(\d+)(?::(.*))?", os.environ.get(_MARK) or "")


def _run_id() -> str:
    return os.environ.get("SUPERVISOR_RUN_ID") or "by-hand"
