"""Writes rank-<n>.json: what this process is, how far it has come, and which control sequence it
has seen. Renamed into place without fsync, because a status that costs a disk flush would stall
training. Must never raise, and must survive a signal handler that reports in the middle of a report."""

from __future__ import annotations

import json
import operator
import os
import socket
import threading
import time
from datetime import datetime, timezone
from typing import Any, Dict, Mapping, Optional, TypedDict

from ._contract.status import MOST_STATUS_BYTES, metrics_in, number_in, parse_status
from ._environment import Surroundings

_PROGRESS_EVERY = 1.0
#: Seconds that a process waits with its end for its last report.
_LAST_WITHIN = 1.0


class Numbers(TypedDict, total=False):
    """What a training loop may tell of a step; anything that float() takes is a number."""

    #: Reported as the metric `loss`.
    loss: Any
    #: Steps of the whole training, for the remaining time.
    total_steps: Optional[int]
    #: Epochs completed, whole or fractional.
    epoch: Optional[float]
    #: At most 64, under names of at most 64 letters, digits, spaces and `_.:/%-`; others are left out.
    metrics: Optional[Mapping[str, Any]]


class Status:
    def __init__(self, where: Surroundings) -> None:
        name = f"rank-{where.rank}.json"
        self._path = os.path.join(where.status_dir, name)
        self._temporary = os.path.join(where.status_dir, f".{name}.{os.getpid()}")
        self._last_write = float("-inf")
        self._lock = threading.Lock()
        self._pending = False
        self.silent = False
        #: The last word of a process that ends, which other threads don't take back.
        self._last: Dict[str, Any] = {}
        #: Of an earlier process of this same run: its newest checkpoint.
        self.earlier_checkpoint = _checkpoint_in(self._path, where.run_id)
        self.report: Dict[str, Any] = {
            "runId": where.run_id,
            "pid": os.getpid(),
            "startTime": start_time_of(os.getpid()),
            "rank": where.rank,
            "worldSize": where.world_size,
            "host": socket.gethostname(),
            "state": "ready",
            "sequence": 0,
            "step": None,
            "totalSteps": None,
            "epoch": None,
            "metrics": {},
            "checkpoint": None,
            "bytesSaved": 0,
            "at": "",
        }

    def write_now(self) -> None:
        """For changes that are waited for: a state, an acknowledgement, an error."""
        self._pending = not self.silent
        # Whoever holds the lock (an interrupted frame of this very thread, or another thread) looks
        # at `_pending` again after letting go, so nobody ever waits here.
        while self._pending and self._lock.acquire(blocking=False):
            try:
                self._pending = False
                self._write()
            finally:
                self._lock.release()

    def write_last(self, last: Dict[str, Any]) -> None:
        """Before the process ends: with ``last``, whatever other threads still report. The end would cut off another
        thread in the middle of an older report, or in the moment before it looks at `_pending` again."""
        if self.silent:
            return
        self._last = last
        self.write_now()
        until = time.monotonic() + _LAST_WITHIN
        while self._pending or self._lock.locked():
            if time.monotonic() > until:
                # The lock's holder is stuck, or an interrupted frame of this very thread.
                self._write(self._temporary + ".last")
                return
            time.sleep(0.001)
            if self._pending:
                self.write_now()

    def fall_silent(self) -> None:
        """In a forked worker: the file is its parent's."""
        self.silent = True

    def _write(self, temporary: Optional[str] = None) -> None:
        temporary = temporary or self._temporary
        self._last_write = time.monotonic()
        self.report["at"] = now_text()
        try:
            with open(temporary, "w", encoding="utf-8") as file:
                file.write(json.dumps({**self.report, **self._last}) + "\n")
            os.replace(temporary, self._path)
        except (OSError, ValueError, RuntimeError, TypeError):
            pass  # Written again at the next occasion; exit code and checkpoint speak for themselves.

    def write_sometimes(self) -> None:
        """At most once a second."""
        if time.monotonic() - self._last_write >= _PROGRESS_EVERY:
            self.write_now()

    def progress(self, step: int, numbers: Numbers) -> None:
        """Of the numbers, None leaves what was reported before."""
        report = self.report
        report["step"] = step
        if numbers["total_steps"] is not None:
            report["totalSteps"] = plain(numbers["total_steps"])
        if numbers["epoch"] is not None:
            report["epoch"] = plain(numbers["epoch"])
        first = report["state"] == "ready"
        if not first and time.monotonic() - self._last_write < _PROGRESS_EVERY:
            return
        # Only now: turning a loss into a number can make the CPU wait for the GPU.
        metrics = dict(numbers["metrics"] or {})
        if numbers["loss"] is not None:
            metrics = {"loss": numbers["loss"], **metrics}
        if metrics:
            report["metrics"] = metrics_in(metrics)
        if first:
            report["state"] = "running"
        self.write_now()


def _checkpoint_in(path: str, run_id: str) -> Optional[str]:
    try:
        with open(path, "rb") as file:
            named_run, checkpoint = parse_status(file.read(MOST_STATUS_BYTES + 1))
    except (OSError, ValueError):
        return None
    return checkpoint if named_run == run_id else None


def plain(value: Any) -> Optional[float]:
    """NumPy's and PyTorch's numbers as JSON knows them; None for what isn't a number."""
    try:
        return operator.index(value)
    except Exception:  # A fraction, mostly.
        return number_in(value)


def now_text() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def start_time_of(pid: int) -> Optional[int]:
    """Field 22 of /proc/PID/stat in clock ticks; with the pid it names one process for ever.

    None for a process that has ended, also where nobody reaps it.
    """
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
            text = file.read()
        # The command (field 2) may hold spaces and brackets; all after the last ")" is plain.
        fields = text[text.rindex(")") + 2 :].split()
        return None if fields[0] in "ZX" else int(fields[19])
    except (OSError, ValueError, IndexError):
        return None
