"""Batches whose place can be saved. The order of an epoch follows from seed and epoch alone, and the
place is counted where batches are used, not where they are drawn: workers draw ahead."""

from __future__ import annotations

import hashlib
from typing import Any, Dict, Iterable, Iterator, List, Sequence, TypeVar

import torch
import torch.distributed as dist
from torch.utils.data import DataLoader, Sampler

T = TypeVar("T")


class Index(int):
    """An index into the data set that also knows its epoch, in worker processes too."""

    epoch: int

    def __new__(cls, index: int, epoch: int) -> "Index":
        self = super().__new__(cls, index)
        self.epoch = epoch
        return self

    def __getnewargs__(self) -> Any:
        return (int(self), self.epoch)


def generator_of(*numbers: int) -> torch.Generator:
    """A generator that depends on these numbers alone: ``generator_of(seed, index.epoch, index)`` gives
    each sample its own in each epoch, so the number of workers and a resume make no difference."""
    text = ",".join(str(int(number)) for number in numbers)
    digest = hashlib.sha256(text.encode("ascii")).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))


class ResumableSampler(Sampler):  # type: ignore[misc]
    """A batch sampler: ``DataLoader(data, batch_sampler=sampler, num_workers=2)``. Gives every rank
    batches of its own; what is left at an epoch's end and too little for all ranks is left out."""

    def __init__(self, length: int, batch_size: int, *, seed: int = 0, shuffle: bool = True) -> None:
        """`length`: of the data set; `batch_size`: of each rank."""
        several = dist.is_available() and dist.is_initialized()
        self._rank = dist.get_rank() if several else 0
        self._batch_size = batch_size
        self._together: int = batch_size * (dist.get_world_size() if several else 1)
        if length < self._together:
            raise ValueError(f"{length} samples are too few for a batch of {self._together}")
        self._length, self._seed, self._shuffle = length, seed, shuffle
        self.epoch = 0
        #: Samples of this epoch that all ranks together have used.
        self.used = 0

    def __len__(self) -> int:
        """Batches of a whole epoch, for each rank."""
        return self._length // self._together

    def __iter__(self) -> Iterator[List[Index]]:
        epoch = self.epoch
        order: Sequence[int] = range(self._length)
        if self._shuffle:
            order = torch.randperm(self._length, generator=generator_of(self._seed, epoch)).tolist()
        for start in range(self.used, self._length - self._together + 1, self._together):
            first = start + self._rank * self._batch_size
            yield [Index(index, epoch) for index in order[first : first + self._batch_size]]

    def batches(self, loader: "DataLoader[T]") -> Iterator[T]:
        """The rest of this epoch's batches; counts them, and begins the next epoch at the end.
        Stops the workers when the loop is left, by a pause too."""
        # A loader draws a seed for its workers from the global generator. A resumed run, which makes one
        # loader more, must not be a number ahead; nor may every epoch's workers begin with one seed.
        before = torch.get_rng_state()
        place = generator_of(self._seed, self.epoch, self.used, self._rank)
        torch.default_generator.manual_seed(place.initial_seed())
        try:
            iterator: Iterable[T] = iter(loader)
        finally:
            torch.set_rng_state(before)
        try:
            for batch in iterator:
                self.used += self._together
                yield batch
        finally:
            del iterator
        self.epoch += 1
        self.used = 0

    def state_dict(self) -> Dict[str, int]:
        return {"epoch": self.epoch, "used": self.used, "seed": self._seed, "length": self._length}

    def load_state_dict(self, state: Dict[str, int]) -> None:
        if state["length"] != self._length:
            raise ValueError(f"the data set had {state['length']} samples, now it has {self._length}")
        self.epoch, self.used, self._seed = state["epoch"], state["used"], state["seed"]
