"""Lets all ranks stop at the same step, whichever of them was rung. Uses a gloo group of its own on
the CPU, beside the program's NCCL or gloo group, so that nobody's collectives get mixed up."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Iterator, List, Optional

import torch
import torch.distributed as dist

from .. import job
from .._together import NOTHING, RankLost


def join(timeout: Optional[timedelta] = None) -> None:
    """Call on every rank after ``init_process_group()`` and before ``job.resume()``. Nothing to do, and
    nothing done, with a single process or without a supervisor. `timeout`: after so long without an
    answer from another rank the program fails, and is started again from its last checkpoint."""
    if not job.supervised or int(os.environ.get("WORLD_SIZE") or 1) == 1:
        return
    if not dist.is_initialized():
        raise RuntimeError("call torch.distributed.init_process_group() before join()")
    job.join(_Ranks(timeout))


class _Ranks:
    def __init__(self, timeout: Optional[timedelta]) -> None:
        self.rank = dist.get_rank()
        self.world_size = dist.get_world_size()
        more = {} if timeout is None else {"timeout": timeout}
        self._group = dist.new_group(backend="gloo", **more)
        self._told = torch.zeros(3, dtype=torch.int64)
        self._under_way: Any = None

    def agree(self, wish: int, step: int) -> int:
        """The answer is that of the step before: the question travels while the step is computed, and
        every rank reads the same answer at the same step."""
        if self._under_way is not None:
            self._finish()
            agreed, latest, earliest = self._told.tolist()
            if latest != -earliest:
                raise RuntimeError(
                    f"ranks are at steps {-earliest} and {latest}: every rank must call job.step() "
                    "for every step"
                )
            if agreed != NOTHING:
                return int(agreed)
        self._told = torch.tensor([wish, step, -step])
        with _lost_ranks():
            self._under_way = dist.all_reduce(
                self._told, op=dist.ReduceOp.MAX, group=self._group, async_op=True
            )
        return NOTHING

    def gather(self, value: Any) -> List[Any]:
        if self._under_way is not None:
            self._finish()
        values: List[Any] = [None] * self.world_size
        with _lost_ranks():
            dist.all_gather_object(values, value, group=self._group)
        return values

    def close(self) -> None:
        """Ends the group's threads. One that still let go of a tensor while Python shuts down, a moment
        after the last answer, would abort the program: "terminate called without an active exception"."""
        group, self._group = self._group, None
        if group is not None and dist.is_initialized():
            dist.destroy_process_group(group)

    def _finish(self) -> None:
        work, self._under_way = self._under_way, None
        with _lost_ranks():
            work.wait()


@contextmanager
def _lost_ranks() -> Iterator[None]:
    """Not to be taken for a failed save, after which training goes on."""
    try:
        yield
    except RuntimeError as error:
        raise RankLost(f"another rank is gone or silent: {error}") from error
