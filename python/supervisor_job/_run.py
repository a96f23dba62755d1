"""The supervised run: hears the ring, reports, saves when it is time, and leaves. Must never crash or
slow the training it serves, and must never exit 75 without a complete checkpoint."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from typing import Any, NoReturn, Optional

from ._contract import CONTROL_FILE, EXIT_PAUSED
from ._control import Doorbell
from ._environment import Surroundings
from ._exit import ExitWatch
from ._files import Save
from ._find import Checkpoint
from ._hold import Hold, RunParts
from ._saves import Saves
from ._speaker import claim_for_good, let_through, listen
from ._status import Numbers, Status
from ._together import NOTHING, PAUSE, SAVE, Alone, Group


class Run:
    def __init__(self, where: Surroundings) -> None:
        self.where = where
        self.status = Status(where)
        self.bell = Doorbell(os.path.join(where.status_dir, CONTROL_FILE), self._acknowledge)
        self.saves = Saves(where, self.status, self.bell.wanted)
        #: Steps of several threads come one after the other.
        self.turn = threading.RLock()
        parts = RunParts(self.bell, self.status, self.saves, self.turn, where.pause_signal, self.leave)
        self.hold = Hold(parts)
        # The handler first, the file second: a ring between the two is heard by one of them.
        # Ranks that wait for each other (init_process_group) fail when a signal interrupts them.
        listen(where.pause_signal, self._ring, held_back=where.world_size > 1)
        self._exit = ExitWatch(self.status)
        self.bell.read()
        self.status.write_now()

    def step(self, step: int, numbers: Numbers, save: Optional[Save]) -> None:
        self._go_on()
        self.status.progress(step, numbers)
        self.bell.read_sometimes()
        if save is None:
            self.saves.lacking()
            return
        wish = self.saves.group.agree(self.wish(step), step)
        if wish == SAVE:
            self.saves.attempt(step, save, numbers["epoch"])
        elif wish == PAUSE:
            self.pause(step, save, numbers["epoch"])

    def pause(self, step: int, save: Save, epoch: Any) -> None:
        self.status.report["step"] = step
        saves = self.saves
        saves.can_pause = True
        if saves.good_step == step:
            self.leave()
        # Several ranks have agreed to try, whatever each of them remembers.
        if (saves.group.world_size > 1 or not saves.waits) and saves.attempt(step, save, epoch):
            self.leave()

    def resume(self, any_world_size: bool) -> Optional[Checkpoint]:
        claim_for_good()
        if not self._joined():
            raise RuntimeError("several ranks must agree: call supervisor_job.torch.join() before resume()")
        found = self.saves.find(any_world_size)
        self.status.write_now()
        # A standby waits for the streams, which are still to come.
        leaves = self.bell.wanted() and self.bell.word != "standby"
        wanted = any(self.saves.group.gather(leaves))
        if self.saves.good_step is not None and wanted:
            self.leave()
        return found

    def join(self, group: Group) -> None:
        where = self.where
        if (group.rank, group.world_size) != (where.rank, where.world_size):
            raise RuntimeError(
                f"rank {group.rank} of {group.world_size} in the process group, but {where.rank} of "
                f"{where.world_size} in RANK and WORLD_SIZE when supervisor_job was imported"
            )
        self.saves.group = group if where.world_size > 1 else Alone()
        let_through(where.pause_signal)

    def fall_silent(self) -> None:
        """In a forked worker, which has inherited all this and speaks for nobody."""
        self.bell.fall_silent()
        self.hold.fall_silent()
        self.status.fall_silent()

    def _joined(self) -> bool:
        return self.saves.group.world_size == self.where.world_size

    def wish(self, step: int) -> int:
        """What this rank alone would do after a step."""
        self.saves.can_pause = True
        wanted = self.bell.wanted()
        if not self._joined():
            if wanted and "error" not in self.status.report:
                self.saves.complain("several ranks can't be paused before supervisor_job.torch.join()")
                self.status.write_now()
            return NOTHING
        if wanted and self.saves.good_step == step:
            return PAUSE
        if self.saves.waits:
            return NOTHING
        if wanted:
            return PAUSE
        # One clock decides for all ranks.
        return SAVE if self.saves.due and self.where.rank == 0 else NOTHING

    def _go_on(self) -> None:
        report = self.status.report
        if report["state"] == "ready":
            claim_for_good()
        elif report["state"] == "paused":
            report["state"] = "pausing"  # The exit was caught.
            atexit.unregister(self.saves.group.close)
        self._exit.goes_on()

    def _ring(self, _signal: int, _frame: Any) -> None:
        """Idempotent: the supervisor rings until it has read the acknowledgement."""
        # Whoever rings again may have made room on the disk.
        self.saves.try_again()
        self.bell.ring()
        self.hold.heed()
        self.status.write_now()

    def _acknowledge(self) -> None:
        """At once, even in the middle of a save: the supervisor stops ringing when it reads the sequence."""
        report = self.status.report
        report["sequence"] = self.bell.sequence
        if self.bell.wanted() and report["state"] in ("ready", "running"):
            report["state"] = "pausing"
        self.hold.heed()
        self.status.write_now()

    def leave(self) -> NoReturn:
        self._exit.pausing = True
        if self.saves.group.world_size > 1:
            # Reported before the barrier: a launcher ends the other ranks when it sees the first exit.
            self.status.report["state"] = "paused"
            self.status.write_now()
            self.saves.group.gather(None)
            # Not yet: whoever catches the exit goes on with the group.
            atexit.register(self.saves.group.close)
        if threading.current_thread() is not threading.main_thread():
            # SystemExit would end this thread alone, and the program would seem to have finished.
            self._exit.report()
            for stream in (sys.stdout, sys.stderr):
                try:
                    stream.flush()
                except (OSError, ValueError, AttributeError):
                    pass  # Closed, or none: nothing may come between the report and the exit.
            os._exit(EXIT_PAUSED)
        raise SystemExit(EXIT_PAUSED)
