"""The job's side of the pause contract (docs/pause-contract.md): reports, checkpoints, and exits 75
when it has been asked to pause and is saved. Must never crash or slow the training it serves, must
never exit 75 without a complete checkpoint, and does nothing where there is no supervisor."""

from __future__ import annotations

import operator
import os
import signal
import sys
import threading
import time
from typing import Any, Dict, Mapping, NoReturn, Optional, TypedDict

from ._contract import CONTROL_FILE, EXIT_PAUSED
from ._control import Doorbell
from ._environment import Surroundings, ignore, say
from ._exit import ExitWatch
from ._find import Checkpoint, newest_verified
from ._keep import keep_newest, sweep
from ._status import Status
from ._together import NOTHING, PAUSE, SAVE, Group, from_first, write_together
from ._write import Save, SavedCheckpoint, write_checkpoint

#: A save that failed is tried again after the first, doubling up to the second (seconds).
_FIRST_RETRY, _LAST_RETRY = 10.0, 300.0


class Numbers(TypedDict, total=False):
    """What a training loop may tell of a step; anything that float() takes is a number."""

    loss: Any
    total_steps: Optional[int]
    epoch: Optional[int]
    metrics: Optional[Mapping[str, Any]]


class Job:
    """One per process: ``from supervisor_job import job``."""

    def __init__(self, where: Optional[Surroundings]) -> None:
        """`where`: None where there is no supervisor; every method is then a no-op."""
        self._where = where
        #: True from the moment a pause is asked for.
        self._wanted = False
        self._group: Optional[Group] = None
        self._saved_at = time.monotonic()
        self._retry_at = float("-inf")
        #: The newest complete checkpoint of this run's line of steps.
        self._good_step: Optional[int] = None
        self._leaving = False
        if where is None:
            return
        self._status = Status(where)
        self._bell = Doorbell(os.path.join(where.status_dir, CONTROL_FILE), self._acknowledge)
        # The handler first, the file second: a ring between the two is heard by one of them.
        self._listen(where.pause_signal)
        self._exit = ExitWatch(self._report_exit)
        os.register_at_fork(after_in_child=self._became_child)
        self._bell.read()
        self._status.write_now()

    @property
    def supervised(self) -> bool:
        """False when the program was started by hand, and in its worker processes."""
        return self._where is not None

    @property
    def report(self) -> Optional[Dict[str, Any]]:
        """What this process reports of itself; None without a supervisor."""
        return None if self._where is None else dict(self._status.report)

    def should_pause(self) -> bool:
        """True from the moment a pause is asked for; some tens of nanoseconds."""
        return self._wanted

    @property
    def checkpoint_due(self) -> bool:
        """True when the last checkpoint is older than `checkpoint.everyMinutes`."""
        where = self._where
        return where is not None and time.monotonic() - self._saved_at >= where.checkpoint_every

    def step(
        self,
        step: int,
        *,
        loss: Any = None,
        total_steps: Optional[int] = None,
        epoch: Optional[int] = None,
        metrics: Optional[Mapping[str, Any]] = None,
        save: Optional[Save] = None,
    ) -> None:
        """Call once after every training step; with several ranks, on every rank. Reports progress,
        checkpoints when one is due, and, when a pause is asked for, saves, reports ``paused`` and exits
        75. Without `save` it only reports. `step`: completed steps, what a resume starts from."""
        if self._where is None:
            return
        self._leaving = False
        numbers: Numbers = {"loss": loss, "total_steps": total_steps, "epoch": epoch, "metrics": metrics}
        self._status.progress(operator.index(step), numbers)
        self._bell.read_sometimes()
        if save is None:
            return
        wish = self._wish(step)
        if self._group is not None:
            wish = self._group.agree(wish, step)
        if wish == SAVE:
            self._try_save(step, save, epoch)
        elif wish == PAUSE:
            self.pause(step, save, epoch)

    def pause(self, step: int, save: Save, epoch: Optional[int] = None) -> None:
        """Saves, reports ``paused`` and exits 75. Returns only without a supervisor, or when the save
        failed: training then goes on, and a later call tries again (after 10 s at first, or at the next
        ring). With several ranks every rank must call it at the same step."""
        if self._where is None:
            return
        step = operator.index(step)
        self._status.report["step"] = step
        if self._good_step == step or self._try_save(step, save, epoch):
            self._leave()

    def save(
        self, step: int, save: Save, *, epoch: Optional[int] = None, directory: Optional[str] = None
    ) -> Optional[SavedCheckpoint]:
        """Writes a checkpoint now. None without a supervisor and without a `directory`. Raises on any
        error of `save` or of the disk; older checkpoints are then untouched."""
        step = operator.index(step)
        if directory is not None and (self._where is None or directory != self._where.checkpoint_dir):
            return self._write(str(directory), step, save, epoch)
        if self._where is None:
            return None
        return self._save_own(self._where, step, save, epoch)

    def resume(self, *, any_world_size: bool = False) -> Optional[Checkpoint]:
        """The newest checkpoint of which every hash is right, read in full; None on a first run. Those
        that aren't are passed over and named in the status. When a pause is asked for already, this
        exits 75 at once, since nothing would be lost. Raises where it was written by another number of
        ranks, unless the program says that it can handle that."""
        where = self._where
        if where is None:
            return None
        if self._group is None and where.world_size > 1:
            raise RuntimeError("several ranks must agree: call supervisor_job.torch.join() before resume()")
        found = self._find(where)
        if found is not None:
            if found.world_size != where.world_size and not any_world_size:
                raise RuntimeError(
                    f"{found.path} was written by {found.world_size} ranks, not {where.world_size}: "
                    "run as many, or say resume(any_world_size=True) and handle it"
                )
            self._status.report.update(step=found.step, epoch=found.epoch)
            # Only a checkpoint in our own directory can be paused on: one from elsewhere is saved anew.
            if os.path.realpath(found.path.parent) == os.path.realpath(where.checkpoint_dir):
                self._good_step = found.step
                self._status.report["checkpoint"] = found.path.name
        self._saved_at = time.monotonic()
        self._status.write_now()
        wanted = self._wanted if self._group is None else any(self._group.gather(self._wanted))
        if self._good_step is not None and wanted:
            self._leave()
        return found

    def finished(self) -> None:
        """Optional: says ``finished`` before a long evaluation or upload. Exit code 0 says the same."""
        if self._where is not None:
            self._status.report["state"] = "finished"
            self._status.write_now()

    def join(self, group: Group) -> None:
        """Lets several ranks act as one; supervisor_job.torch.join() calls it."""
        where = self._where
        if where is None:
            return
        if (group.rank, group.world_size) != (where.rank, where.world_size):
            raise RuntimeError(
                f"rank {group.rank} of {group.world_size} in the process group, but "
                f"{where.rank} of {where.world_size} in RANK and WORLD_SIZE"
            )
        self._group = group if where.world_size > 1 else None

    def _find(self, where: Surroundings) -> Optional[Checkpoint]:
        def look() -> Optional[Checkpoint]:
            sweep(where.checkpoint_dir, where.keep)
            found, rejected = newest_verified(where.checkpoint_dir, where.resume_from)
            for bad in rejected:
                self._complain(f"checkpoint {bad.path} was passed over: {bad.reason}")
            return found

        return look() if self._group is None else from_first(self._group, look)

    def _wish(self, step: int) -> int:
        assert self._where is not None
        if self._wanted and self._good_step == step:
            return PAUSE
        if self._where.world_size > 1 and self._group is None:
            if self._wanted and "error" not in self._status.report:
                self._complain("several ranks can't be paused before supervisor_job.torch.join()")
                self._status.write_now()
            return NOTHING
        if time.monotonic() < self._retry_at:
            return NOTHING
        if self._wanted:
            return PAUSE
        # One clock decides for all ranks.
        return SAVE if self.checkpoint_due and self._where.rank == 0 else NOTHING

    def _try_save(self, step: int, save: Save, epoch: Optional[int]) -> bool:
        """A checkpoint that can't be written must not stop the training it would protect."""
        if self._group is None and time.monotonic() < self._retry_at:
            return False
        try:
            self.save(step, save, epoch=epoch)
            return True
        except Exception:  # Told in the status and on stderr.
            return False

    def _save_own(
        self, where: Surroundings, step: int, save: Save, epoch: Optional[int]
    ) -> SavedCheckpoint:
        report = self._status.report
        report.update(state="saving", bytesSaved=0)
        self._status.write_now()
        try:
            saved = self._write(where.checkpoint_dir, step, save, epoch)
            self._good_step = step
            self._retry_at = float("-inf")
            self._saved_at = time.monotonic()
            report.update(checkpoint=saved.path.name, error=None, failedSaves=0)
            if where.rank == 0:
                keep_newest(where.checkpoint_dir, step, where.keep)
            return saved
        except Exception as error:
            self._save_failed(step, error)
            raise
        finally:
            report["state"] = "pausing" if self._wanted else "running"
            self._status.write_now()

    def _write(self, directory: str, step: int, save: Save, epoch: Optional[int]) -> SavedCheckpoint:
        if self._group is not None:
            return write_together(self._group, directory, step, save, epoch, self._count)
        return write_checkpoint(directory, step, save, epoch, self._count)

    def _count(self, written: int) -> None:
        if self._where is not None:
            self._status.report["bytesSaved"] = written
            self._status.write_sometimes()

    def _save_failed(self, step: int, error: Exception) -> None:
        report = self._status.report
        failed = report["failedSaves"] = report.get("failedSaves", 0) + 1
        self._retry_at = time.monotonic() + min(_LAST_RETRY, _FIRST_RETRY * 2 ** min(failed - 1, 10))
        kept = report["checkpoint"]
        newest = f"{kept} stays the newest" if kept else "there is none yet"
        self._complain(f"checkpoint at step {step} failed: {error}; {newest}; training goes on")

    def _complain(self, sentence: str) -> None:
        self._status.report["error"] = sentence
        say(sentence)

    def _listen(self, pause_signal: signal.Signals) -> None:
        try:
            signal.signal(pause_signal, self._ring)
            # It may have been started with the signal held back, so that none is lost before this.
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [pause_signal])
        except ValueError:
            pass  # Imported outside the main thread; control.json is read every now and then all the same.

    def _ring(self, _signal: int, _frame: Any) -> None:
        """Idempotent: the supervisor rings until it has read the acknowledgement."""
        if self._where is None:
            return
        # Somebody who rings again has perhaps made room on the disk.
        self._retry_at = float("-inf")
        self._bell.ring()
        self._status.write_now()

    def _acknowledge(self) -> None:
        """At once, even in the middle of a save: the supervisor stops ringing when it reads the sequence."""
        report = self._status.report
        self._wanted = self._bell.wanted
        report["sequence"] = self._bell.sequence
        if self._wanted and report["state"] in ("ready", "running"):
            report["state"] = "pausing"
        self._status.write_now()

    def _leave(self) -> NoReturn:
        self._leaving = True
        if self._group is not None:
            # Reported before the barrier: a launcher ends the other ranks when it sees the first exit.
            self._status.report["state"] = "paused"
            self._status.write_now()
            self._group.gather(None)
        if threading.current_thread() is not threading.main_thread():
            # SystemExit would end this thread alone, and the program would seem to have finished.
            self._report_exit()
            sys.stdout.flush()
            os._exit(EXIT_PAUSED)
        raise SystemExit(EXIT_PAUSED)

    def _report_exit(self) -> None:
        if self._where is None:
            return
        paused = self._leaving or self._exit.code == EXIT_PAUSED
        self._status.report["state"] = "paused" if paused else "failed" if self._exit.code else "finished"
        self._status.write_now()

    def _became_child(self) -> None:
        """A forked worker has inherited handler and job, and speaks for nobody."""
        where, self._where, self._group = self._where, None, None
        self._wanted = False
        if where is not None:
            ignore(where.pause_signal)
