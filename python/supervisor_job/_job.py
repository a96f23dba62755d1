"""What a training program calls. Does nothing where there is no supervisor, and in the processes that
don't speak for the job; else _run.py does it."""

from __future__ import annotations

import operator
import os
from typing import Any, AsyncIterator, Callable, Dict, Iterable, Iterator, Literal, Mapping, Optional, Tuple, TypeVar

from ._control import Doorbell
from ._environment import Surroundings
from ._files import Save
from ._find import Checkpoint
from ._hold import Context
from ._run import Run
from ._say import say
from ._speaker import claim_for_good, ignore, other_speaker
from ._status import Numbers
from ._stream import Gate, Stream, through_gate, through_gate_async
from ._together import NOTHING, Alone, Group, write_together
from ._write import SavedCheckpoint

#: What a stream's source does while it is asked for a frame.
Source = Literal["computes", "waits"]

T = TypeVar("T")


class Job:
    """One per process: ``from supervisor_job import job``."""

    #: ``job.should_pause()``: True from the moment a pause is asked for; some tens of nanoseconds.
    should_pause: Callable[[], bool]

    def __init__(self, where: Optional[Surroundings]) -> None:
        """`where`: None where there is no supervisor; every method is then a no-op."""
        self._run = None if where is None else Run(where)
        #: Of a program whose frames all come from one place.
        self._main_stream: Optional[Stream] = None
        bell = Doorbell(None, lambda: None) if self._run is None else self._run.bell
        self.should_pause = bell.wanted
        if self._run is not None:
            os.register_at_fork(after_in_child=self._became_child)

    def __reduce__(self) -> "Tuple[Any, ...]":
        """A trainer that is copied, or sent to a worker, keeps the job of the process that it is in."""
        return _job_of_this_process, ()

    @property
    def supervised(self) -> bool:
        """False when the program was started by hand, and in its worker processes."""
        return self._run is not None

    @property
    def report(self) -> Optional[Dict[str, Any]]:
        """What this process reports of itself; None without a supervisor."""
        return None if self._run is None else dict(self._run.status.report)

    @property
    def checkpoint_due(self) -> bool:
        """True when the last checkpoint is older than `checkpoint.everyMinutes`."""
        return self._run is not None and self._run.saves.due

    def wants_save(self, step: int) -> bool:
        """True when ``step(step, save=…)`` would call `save`, for programs that save in a place of their
        own: a pause is asked for or a checkpoint is due, and the last attempt didn't fail a moment ago.
        Raises TypeError for a step that isn't an integer."""
        return self._run is not None and self._run.wish(operator.index(step)) != NOTHING

    def step(
        self,
        step: int,
        *,
        loss: Any = None,
        total_steps: Optional[int] = None,
        epoch: Optional[float] = None,
        metrics: Optional[Mapping[str, Any]] = None,
        save: Optional[Save] = None,
    ) -> None:
        """Call once after every training step; with several ranks, on every rank. Reports progress,
        checkpoints when one is due, and, when a pause is asked for, saves, reports ``paused`` and exits
        75. Without `save` it only reports. A save that fails is told in the status and on stderr.

        `step`: completed steps, a whole number ≥ 0, what a resume starts from; `epoch`: epochs completed,
        whole or fractional; `total_steps`: of the whole training; `loss` and `metrics`: anything that
        float() takes.

        Raises SystemExit(75) when it pauses, and TypeError for a step that isn't an integer. With several
        ranks also RankLost when another rank is gone or silent, and RuntimeError when the ranks are at
        different steps."""
        run = self._run
        if run is None:
            return
        numbers: Numbers = {"loss": loss, "total_steps": total_steps, "epoch": epoch, "metrics": metrics}
        with run.turn:
            run.step(operator.index(step), numbers, save)

    def pause(self, step: int, save: Save, *, epoch: Optional[float] = None) -> None:
        """Saves, reports ``paused`` and exits 75. Returns only without a supervisor, or when the save
        failed: training then goes on, and a later call tries again (after 10 s at first, or at the next
        ring). With several ranks every rank must call it at the same step. The numbers are those of `step`.

        Raises SystemExit(75) when it is saved, TypeError for a step that isn't an integer, and RankLost
        when another rank is gone or silent."""
        run = self._run
        if run is None:
            return
        with run.turn:
            run.pause(operator.index(step), save, epoch)

    def save(
        self, step: int, save: Save, *, epoch: Optional[float] = None, directory: Optional[str] = None
    ) -> Optional[SavedCheckpoint]:
        """Writes a checkpoint now, into `directory` or where the supervisor says. None without either.

        Raises TypeError for a step that isn't an integer, ValueError for one below 0 or where manifest.json
        would be larger than 16 MiB, whatever `save` or the disk raises, RankFailed when another rank
        couldn't write its part, and RankLost when one is gone or silent. Older checkpoints are then
        untouched."""
        step, run = operator.index(step), self._run
        if run is None:
            if directory is None:
                return None
            return write_together(Alone(), str(directory), step, save, epoch, lambda _: None)
        with run.turn:
            if directory is None or directory == run.where.checkpoint_dir:
                return run.saves.write(step, save, epoch)
            return run.saves.write_to(str(directory), step, save, epoch)

    def resume(self, *, any_world_size: bool = False) -> Optional[Checkpoint]:
        """The newest checkpoint of which every hash is right, read in full; None on a first run. Those
        that aren't are passed over and named in the status. When a pause, but no standby, is asked for
        already, this exits 75 at once, since nothing would be lost. If the checkpoint that it needs can't
        be read now, it exits 74: a run without it might repeat work that it holds.

        Raises SystemExit in both cases, and RuntimeError before ``supervisor_job.torch.join()`` when there are
        several ranks, or where another number of ranks wrote it, unless the program says by
        `any_world_size` that it can handle that. RankFailed and RankLost are RuntimeErrors too."""
        run = self._run
        if run is None:
            tell_of_other_speaker()
            return None
        with run.turn:
            return run.resume(any_world_size)

    def gate(self) -> None:
        """For inference and playback: call before every frame. Returns at once, or, while the job is held,
        when it goes on. All calls are one stream; a program with several, or with frames in bursts, uses
        `stream`."""
        if self._main_stream is None:
            self._main_stream = self.stream("main")
        self._main_stream.wait()

    def stream(self, name: str = "stream", *, source: Source = "computes") -> Stream:
        """A stream with a gate of its own, for any thread or asyncio task. The job stands by once every
        stream is held or has ended.

        `source`: "waits" where the stream waits for a microphone, a queue or a client before it works on a
        frame: waiting counts as held."""
        if self._run is None:
            return Stream(Gate(), name, False)
        claim_for_good()
        self._run.saves.can_pause = True
        return self._run.hold.stream(name, source == "computes")

    def pausable(self, frames: Iterable[T], *, name: str = "frames", source: Source = "computes") -> Iterator[T]:
        """The same frames, each let through a gate: none is dropped or repeated."""
        return through_gate(self.stream(name, source=source), frames, source)

    def pausable_async(
        self, frames: "AsyncIterator[T]", *, name: str = "frames", source: Source = "computes"
    ) -> "AsyncIterator[T]":
        """`pausable` for asyncio."""
        return through_gate_async(self.stream(name, source=source), frames, source)

    def keep(self, *, position: Callable[[], int], save: Save) -> None:
        """Tells how the streams' context is saved: when the job has to leave the machine they are held,
        this is saved as a checkpoint, and the process exits 75; `resume` returns it. Every
        `checkpoint.everyMinutes` they are held for as long as it takes to save. Called in a thread of the
        library's own.

        `position`: how far it is, a whole number ≥ 0 that grows, such as frames played; it names the
        checkpoint. `save`: writes the rest, such as queue, offsets, recurrent state."""
        if self._run is not None:
            self._run.hold.context = Context(position, save)

    def finished(self) -> None:
        """Optional: says ``finished`` before a long evaluation or upload. Exit code 0 says the same."""
        if self._run is not None:
            self._run.status.report["state"] = "finished"
            self._run.status.write_now()

    def join(self, group: Group) -> None:
        """Lets several ranks act as one; supervisor_job.torch.join() calls it."""
        if self._run is not None:
            self._run.join(group)

    def _became_child(self) -> None:
        run, self._run = self._run, None
        if run is not None:
            run.fall_silent()
            ignore(run.where.pause_signal)


def tell_of_other_speaker() -> None:
    """A process that begins to train expects to be paused: better a line too many."""
    pid = other_speaker()
    if pid is not None:
        say(
            f"process {pid} speaks for this job, so process {os.getpid()} is neither checkpointed nor "
            "paused nor resumed: import supervisor_job only in the process that trains"
        )


def _job_of_this_process() -> Job:
    from . import job

    return job
