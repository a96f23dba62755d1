"""The checkpoints of this run: which one it begins from, when the next is due, what came of the last
attempt. A save that fails must never touch an older checkpoint, nor stop the training that it would
protect."""

from __future__ import annotations

import os
import sys
import time
from typing import Any, Callable, Optional

from ._contract import EXIT_UNREADABLE
from ._contract.status import error_in
from ._environment import Surroundings
from ._files import Save
from ._find import Checkpoint, Unreadable, newest_verified
from ._keep import keep_newest, sweep
from ._say import describe, say, say_where
from ._status import Status
from ._together import Alone, Group, RankLost, from_first, write_together
from ._write import SavedCheckpoint

#: A save that failed is tried again after the first, doubling up to the second (seconds).
_FIRST_RETRY, _LAST_RETRY = 10.0, 300.0
#: A program without `save` may ask `should_pause()`, which leaves no trace, and seldom (s).
_LACKING_FOR = 5.0


class Saves:
    def __init__(self, where: Surroundings, status: Status, wanted: Callable[[], bool]) -> None:
        self.group: Group = Alone()
        #: Step of the newest complete checkpoint of this run's line of steps.
        self.good_step: Optional[int] = None
        #: Whether the program has shown what pauses it: a `save`, a pause of its own, a stream.
        self.can_pause = False
        #: When one that hasn't is told so (s).
        self._told_at: Optional[float] = None
        self._where = where
        self._status = status
        self._wanted = wanted
        self._saved_at = time.monotonic()
        self._retry_at = float("-inf")

    @property
    def due(self) -> bool:
        return time.monotonic() - self._saved_at >= self._where.checkpoint_every

    @property
    def waits(self) -> bool:
        """The last attempt failed a moment ago."""
        return time.monotonic() < self._retry_at

    def try_again(self) -> None:
        self._retry_at = float("-inf")

    def find(self, any_world_size: bool) -> Optional[Checkpoint]:
        """What the run begins from. Rank 0 chooses for all, and exits 74 where it can't read it now."""
        where, report = self._where, self._status.report
        try:
            found = from_first(self.group, self._look)
        except Unreadable as unread:
            # Its next run may be able to read it.
            self._status.report["unreadable"] = True
            self.complain(str(unread))
            # Its end may take long, or be cut short.
            self._status.write_now()
            sys.exit(EXIT_UNREADABLE)
        self._saved_at = time.monotonic()
        if found is None:
            return None
        if found.world_size != where.world_size and not any_world_size:
            raise RuntimeError(
                f"{found.path} was written by {found.world_size} ranks, not {where.world_size}: "
                "run as many, or say resume(any_world_size=True) and handle it"
            )
        report.update(step=found.step, epoch=found.epoch)
        # Only a checkpoint in our own directory can be paused on: one from elsewhere is saved anew.
        if os.path.realpath(found.path.parent) == os.path.realpath(where.checkpoint_dir):
            self.good_step = found.step
            report["checkpoint"] = found.path.name
        return found

    def attempt(self, step: int, save: Save, epoch: Any) -> bool:
        """Told in the status and on stderr when it fails."""
        try:
            self.write(step, save, epoch)
            return True
        except RankLost:
            raise
        except Exception:
            if self._status.silent:
                raise  # In a fork that the save function made: it must not train on as a second copy.
            return False

    def write(self, step: int, save: Save, epoch: Any) -> SavedCheckpoint:
        report = self._status.report
        report.update(state="saving", bytesSaved=0)
        self._status.write_now()
        try:
            saved = self.write_to(self._where.checkpoint_dir, step, save, epoch)
            self.good_step = step
            self._saved_at = time.monotonic()
            self.try_again()
            report.update(checkpoint=saved.path.name, error=None, failedSaves=0)
            if self._where.rank == 0:
                keep_newest(self._where.checkpoint_dir, step, self._where.keep)
            return saved
        except Exception as error:
            self._failed(step, error)
            raise
        finally:
            report["state"] = "pausing" if self._wanted() else "running"
            self._status.write_now()

    def write_to(self, directory: str, step: int, save: Save, epoch: Any) -> SavedCheckpoint:
        return write_together(self.group, directory, step, save, epoch, self._count)

    def refuse(self, sentence: str) -> None:
        """A save that can't even be tried. Backs off like one that failed."""
        report = self._status.report
        failed = report["failedSaves"] = report.get("failedSaves", 0) + 1
        self._retry_at = time.monotonic() + min(_LAST_RETRY, _FIRST_RETRY * 2 ** min(failed - 1, 10))
        self.complain(sentence)

    def lacking(self) -> None:
        """After a step without `save`. Told once, when the program goes on like this though it was asked to pause."""
        if self.can_pause or not self._wanted():
            return
        now = time.monotonic()
        if self._told_at is None:
            self._told_at = now + _LACKING_FOR
        if now >= self._told_at:
            self._told_at = float("inf")
            self.complain(
                "asked to pause, but job.step() is called without save, and job.pause() hasn't been called: "
                "only these save and exit"
            )
            self._status.write_now()

    def complain(self, sentence: str) -> None:
        self._status.report["error"] = error_in(sentence)
        say(sentence)

    def _look(self) -> Optional[Checkpoint]:
        where = self._where
        sweep(where.checkpoint_dir, where.keep)
        own = self._status.earlier_checkpoint
        # A launcher that starts its ranks again within one run: what they have saved since is newer.
        preferred = [os.path.join(where.checkpoint_dir, own)] if own else []
        found, rejected = newest_verified(where.checkpoint_dir, [*preferred, where.resume_from])
        for bad in rejected:
            self.complain(f"checkpoint {bad.path} was passed over: {bad.reason}")
        return found

    def _count(self, written: int) -> None:
        self._status.report["bytesSaved"] = written
        self._status.write_sometimes()

    def _failed(self, step: int, error: Exception) -> None:
        report = self._status.report
        newest = f"{report['checkpoint']} stays the newest" if report["checkpoint"] else "there is none yet"
        then = "this rank can't go on" if isinstance(error, RankLost) else "training goes on"
        self.refuse(f"checkpoint at step {step} failed: {describe(error)}; {newest}; {then}")
        say_where(error)
