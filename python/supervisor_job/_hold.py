"""Holds the streams of a job: closes their gate at the supervisor's word, says ``standby`` once every
stream is held, and on a word to leave saves the job's context and exits 75. Closes it for a moment, too,
when a checkpoint is due. A thread of its own does so, since a signal handler must take no lock. Must never
say ``standby`` while a stream may be at work."""

from __future__ import annotations

import math
import os
import select
import signal
import threading
import time
from typing import Callable, ContextManager, List, NamedTuple, Optional

from ._control import Doorbell
from ._files import Save
from ._saves import Saves
from ._status import Numbers, Status
from ._stream import Gate, Stream

#: While the job is held the word is read this often (s): a lost signal costs no more.
_LOOK_EVERY = 0.5
_PROGRESS_EVERY = 1.0
#: The others wait no longer (s) for a stream that is late when a checkpoint is due.
_GATHER = 1.0
_NOTHING_TOLD: Numbers = {"loss": None, "total_steps": None, "epoch": None, "metrics": None}


class Context(NamedTuple):
    position: Callable[[], int]
    save: Save


class RunParts(NamedTuple):
    """What a hold needs of its run."""

    bell: Doorbell
    status: Status
    saves: Saves
    #: Held while something is saved.
    turn: ContextManager[object]
    pause_signal: signal.Signals
    #: Exits 75.
    leave: Callable[[], None]


class Hold(Gate):
    def __init__(self, run: RunParts) -> None:
        super().__init__()
        self.context: Optional[Context] = None
        self._run = run
        self._streams: List[Stream] = []
        self._thread: Optional[threading.Thread] = None
        self._wake_read, self._wake_write = -1, -1
        #: Device and inode of the pipe that these were.
        self._pipe = -1, -1
        self._frames, self._frames_at_save = 0, 0
        self._noted_at = float("-inf")
        #: A checkpoint is due, and the streams are being held for it: until when (s).
        self._gather_until: Optional[float] = None

    def stream(self, name: str, busy: bool) -> Stream:
        """A new stream; the first makes this a job that stands by."""
        stream = Stream(self, name, busy)
        with self.changed:
            self._streams.append(stream)
            if self._thread is None:
                self._begin()
        self.heed()
        return stream

    def heed(self) -> None:
        """Acts on the word in force. Called by the signal handler, too: takes no lock."""
        if self._thread is None:
            return
        if self._run.bell.word != "run":
            self.open = False
        self._wake()

    def arriving(self) -> None:
        if threading.current_thread() is self._thread:
            raise RuntimeError("a save function can't wait for a gate: it is called while all are closed")
        self._run.bell.read_sometimes()

    def passed(self) -> None:
        self._frames += 1
        status, saves, now = self._run.status, self._run.saves, time.monotonic()
        if self.open and self.context is not None and saves.due and not saves.waits:
            self.open, self._gather_until = False, now + _GATHER
            self._wake()
        if status.report["state"] == "ready" or now - self._noted_at >= _PROGRESS_EVERY:
            self._noted_at = now
            self._note()
            position = self._position()
            status.progress(self._frames if position is None else position, _NOTHING_TOLD)

    def settled(self) -> None:
        self._streams = [stream for stream in self._streams if not stream.ended]
        if not self.open:
            self._wake()

    def fall_silent(self) -> None:
        """In a forked worker: nobody there is held."""
        self.changed = threading.Condition(threading.RLock())
        self._thread = self.context = None
        self.open = True

    def _begin(self) -> None:
        self._run.bell.stand_by()
        self._open_pipe()
        self._thread = threading.Thread(target=self._watch, name="supervisor-hold", daemon=True)
        self._thread.start()

    def _open_pipe(self) -> None:
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        found = os.fstat(self._wake_read)
        self._pipe = found.st_dev, found.st_ino

    def _is_pipe(self, descriptor: int) -> bool:
        """A program that closes all of its descriptors opens others under their numbers."""
        try:
            found = os.fstat(descriptor)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._pipe

    def _wake(self) -> None:
        try:
            if self._is_pipe(self._wake_write):
                os.write(self._wake_write, b"!")
        except OSError:
            pass  # Full: it is about to wake.

    def _watch(self) -> None:
        # The signal is for the main thread, whose waiting it has to interrupt.
        signal.pthread_sigmask(signal.SIG_BLOCK, [self._run.pause_signal])
        bell = self._run.bell
        while True:
            self._sleep()
            self._drain()
            bell.read()
            if bell.word == "run":
                self._run_on()
            else:
                self._hold()

    def _sleep(self) -> None:
        try:
            if not (self._is_pipe(self._wake_read) and self._is_pipe(self._wake_write)):
                self._open_pipe()
        except OSError:
            time.sleep(_LOOK_EVERY)  # The program has no descriptor left.
            return
        nap = self._nap()
        # Not select(), which takes no descriptor from 1,024 on.
        waker = select.poll()
        waker.register(self._wake_read, select.POLLIN)
        waker.poll(None if nap is None else math.ceil(nap * 1000))

    def _nap(self) -> Optional[float]:
        if self._run.bell.word != "run":
            return _LOOK_EVERY
        until = self._gather_until
        return None if until is None else max(0.0, until - time.monotonic())

    def _run_on(self) -> None:
        """Nothing but a checkpoint that is due holds the streams."""
        with self.changed:
            due = self._gather_until is not None
            late = [stream.name for stream in self._streams if not stream.held]
            if due and late and self._nap() != 0.0:
                return
            if not due and self.open and self._run.status.report["state"] != "standby":
                return
        if due and late:
            saves = self._run.saves
            saves.refuse(f"can't save its context: stream '{late[0]}' is at work on one frame for too long")
        elif due:
            with self._run.turn:
                self._save_context()
        with self.changed:
            self._gather_until = None
            if self._run.bell.word == "run":
                self._go_on()

    def _hold(self) -> None:
        bell, saves = self._run.bell, self._run.saves
        with self.changed:
            self._gather_until = None
            if self.open and saves.waits:
                return
            self.open = False
            all_held = all(stream.held for stream in self._streams)
            leaves = all_held and bell.word != "standby" and not saves.waits
            self._report("standby" if all_held and not leaves else "pausing")
        if leaves:
            self._save_and_leave()

    def _drain(self) -> None:
        try:
            while self._is_pipe(self._wake_read) and os.read(self._wake_read, 4096):
                pass
        except OSError:
            pass  # Empty.

    def _go_on(self) -> None:
        self.opened()
        self._report("running")

    def _save_and_leave(self) -> None:
        with self._run.turn:
            # A release may be taken back as long as the job is there.
            if self._save_context() and self._run.bell.word != "run":
                self._run.leave()
        with self.changed:
            # What was asked to leave its standby stays there; streams that were running go on.
            if self._run.bell.word == "release":
                self._report("standby")
            else:
                self._go_on()

    def _save_context(self) -> bool:
        saves, position = self._run.saves, self._position()
        if self.context is None or position is None:
            lacks = "job.keep() was never called" if self.context is None else "its position can't be told"
            saves.refuse(f"can't save its context: {lacks}")
            return False
        if saves.good_step == position and self._frames == self._frames_at_save:
            return True
        if not saves.attempt(position, self.context.save, None):
            return False
        self._frames_at_save = self._frames
        return True

    def _position(self) -> Optional[int]:
        try:
            return None if self.context is None else self.context.position()
        except Exception:
            return None  # The program's own mistake must not break its streams.

    def _note(self) -> None:
        streams = [stream for stream in self._streams if not stream.ended]
        held = sum(stream.held for stream in streams)
        self._run.status.report["streams"] = {"open": len(streams), "held": held}

    def _report(self, state: str) -> None:
        report = self._run.status.report
        before = report["state"], report.get("streams")
        self._note()
        if state != "running" or report["state"] != "ready":
            report["state"] = state
        if (report["state"], report["streams"]) != before:
            self._run.status.write_now()
