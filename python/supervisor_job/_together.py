"""What several ranks need of each other, and the one checkpoint that they write together. Rank 0
commits it only when every rank's part is on disk; if one fails, all do. Must never leave ranks with
different ideas of what was saved."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, List, Optional, Protocol, TypeVar

from ._contract.values import epoch_or_none
from ._files import CheckpointFiles, Entry, Save
from ._say import describe
from ._status import plain
from ._write import SavedCheckpoint, abandon, begin, commit

T = TypeVar("T")

#: What a step can lead to; the greatest wish of any rank wins.
NOTHING, SAVE, PAUSE = 0, 1, 2


class Group(Protocol):
    """All ranks of a job. Every method is called by every rank, in the same order."""

    rank: int
    world_size: int

    def agree(self, wish: int, step: int) -> int:
        """The greatest wish of any rank, the same at the same step on all of them."""

    def gather(self, value: Any) -> List[Any]:
        """One value from each rank, by rank."""

    def close(self) -> None:
        """Once, when the program is about to end on a pause and nothing more is asked."""


class Alone:
    """The group of a job with a single process."""

    rank, world_size = 0, 1

    def agree(self, wish: int, step: int) -> int:
        return wish

    def gather(self, value: Any) -> List[Any]:
        return [value]

    def close(self) -> None:
        pass


class RankFailed(RuntimeError):
    """Another rank couldn't do its part, so nothing was done."""


class RankLost(RuntimeError):
    """Another rank doesn't answer any more, so nothing can be agreed on."""


def together(group: Group, work: Callable[[], T]) -> List[T]:
    """Does `work` on every rank; all succeed or all raise. Returns the results by rank."""
    result: Optional[T] = None
    error: Optional[Exception] = None
    try:
        result = work()
    except Exception as caught:  # Told to the others first: they wait.
        error = caught
    told = group.gather((None if error is None else describe(error), result))
    if error is not None:
        raise error
    for rank, (failure, _) in enumerate(told):
        if failure is not None:
            raise RankFailed(f"rank {rank}: {failure}")
    return [result for _, result in told]


def from_first(group: Group, work: Callable[[], T]) -> T:
    """Done by rank 0 alone, known to all; raises on all where it raises there."""
    return together(group, lambda: work() if group.rank == 0 else None)[0]  # type: ignore[return-value]


def write_together(
    group: Group,
    directory: str,
    step: int,
    save: Save,
    epoch: Any,
    on_bytes: Callable[[int], None],
) -> SavedCheckpoint:
    """Every rank's `save` writes into the same checkpoint, under names of its own."""
    if len(set(group.gather(step))) > 1:
        raise RankFailed("the ranks are at different steps")
    writer = os.getpid()
    temporary = from_first(group, lambda: begin(directory, step))
    files = CheckpointFiles(temporary, on_bytes)

    def part() -> List[Entry]:
        save(files)
        return files.close()

    def whole(parts: List[List[Entry]]) -> SavedCheckpoint:
        entries = [entry for entries in parts for entry in entries]
        more: Dict[str, Any] = {"epoch": epoch_or_none(plain(epoch)), "worldSize": group.world_size}
        return commit(files, step, entries, more)

    try:
        parts = together(group, part)
        return from_first(group, lambda: whole(parts))
    except BaseException:
        # A save function that forks may leave this way in its child too: the files are its parent's.
        if group.rank == 0 and os.getpid() == writer:
            abandon(temporary)
        raise
