"""Housekeeping after a good save: keeps the newest checkpoints, sets aside those of a later step,
sweeps what dead writers left. Must never remove the checkpoint just written, nor one that a living
process is still writing; a failure here is not a failed save, so nothing raises."""

from __future__ import annotations

import os
import re
import shutil
import socket
from pathlib import Path

from ._contract import TEMPORARY_PREFIX, step_of_name
from ._find import list_checkpoints
from ._status import start_time_of

#: A later step than the newest save exists only when a resume had to pass it over, or was told to.
#: It would win the next resume by its name, so it is set aside under this prefix, not deleted.
_SUPERSEDED_PREFIX = ".superseded-"


def keep_newest(directory: str, step: int, keep: int) -> None:
    """`step`: the one just saved; `keep`: how many stay, that one included."""
    try:
        paths = list_checkpoints(directory)
    except OSError:
        return
    earlier = []
    for path in paths:
        if (step_of_name(path.name) or 0) <= step:
            earlier.append(path)
            continue
        aside = path.with_name(_SUPERSEDED_PREFIX + path.name)
        shutil.rmtree(aside, ignore_errors=True)
        _rename(path, aside)
    for path in earlier[max(1, keep) :]:
        # Renamed first: a half-deleted checkpoint must not keep a checkpoint's name.
        doomed = path.with_name(f"{TEMPORARY_PREFIX}{path.name}.0.0.{socket.gethostname()}")
        if _rename(path, doomed):
            shutil.rmtree(doomed, ignore_errors=True)
    sweep(directory, keep)


def sweep(directory: str, keep: int) -> None:
    """Removes temporary directories whose writer is gone, and all but `keep` of those set aside."""
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return
    aside = [name for name in names if name.startswith(_SUPERSEDED_PREFIX)]
    gone = [name for name in names if name.startswith(TEMPORARY_PREFIX) and _writer_is_gone(name)]
    for name in gone + aside[: max(0, len(aside) - keep)]:
        shutil.rmtree(os.path.join(directory, name), ignore_errors=True)


def owner_suffix() -> str:
    """Says who writes a temporary directory, so that a sweep can tell leftovers from work in progress."""
    return f"{os.getpid()}.{start_time_of(os.getpid()) or 0}.{socket.gethostname()}"


def _rename(path: Path, to: Path) -> bool:
    try:
        os.rename(path, to)
        return True
    except OSError:
        return False


def _writer_is_gone(name: str) -> bool:
    """On another host nobody can tell, so what is written there stays until that host sweeps."""
    parts = re.search(r"\.(\d+)\.(\d+)\.([^/]+?)(\.replaced)?$", name[len(TEMPORARY_PREFIX) :])
    if not parts or parts[3] != socket.gethostname():
        return False
    pid = int(parts[1])
    if pid == 0:
        return True
    alive = start_time_of(pid)
    if alive is not None:
        return alive != int(parts[2])
    if os.path.isdir("/proc/self"):
        return True
    try:
        os.kill(pid, 0)
        return False
    except PermissionError:
        return False
    except (OSError, OverflowError):
        return True
