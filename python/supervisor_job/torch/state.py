"""Saves and restores what an exact resume needs: every part with a state_dict, and the random states
of Python, NumPy and PyTorch. Leave one out, and the resumed run ends with other weights."""

from __future__ import annotations

import random
import sys
from typing import Any, Dict, Optional, Protocol, Union

import torch
import torch.distributed as dist

from .._find import Checkpoint
from .._files import CheckpointFiles


class Part(Protocol):
    """A model, optimizer, scheduler, GradScaler, sampler …"""

    def state_dict(self) -> Any: ...

    def load_state_dict(self, state: Any) -> Any: ...


class TrainingState:
    """``state = TrainingState(model=net, optimizer=optimizer, sampler=sampler)``, then
    ``job.step(step, save=state.save)`` and ``step = state.restore(job.resume())``. A dict holds plain
    values and tensors (``plain={"best_loss": inf}``); a restore puts its entries back into the same dict.

    With several ranks, rank 0 writes the parts, which DistributedDataParallel keeps alike, and every
    rank its own random states. Parts that differ between ranks (FSDP) need a save function of your own.
    """

    def __init__(self, **parts: Union[Part, Dict[str, Any]]) -> None:
        self._parts = parts

    def save(self, files: CheckpointFiles) -> None:
        """Writes `state.pt` and `random-<rank>.pt`."""
        rank = _rank()
        if rank == 0:
            state = {
                name: part if isinstance(part, dict) else part.state_dict()
                for name, part in self._parts.items()
            }
            with files.open("state.pt") as file:
                torch.save(state, file)
        with files.open(f"random-{rank}.pt") as file:
            torch.save(random_states(), file)

    def restore(self, checkpoint: Optional[Checkpoint]) -> int:
        """Puts everything back and returns the step to go on from; 0 without a checkpoint. Call it
        last, when model and optimizer are built: building draws random numbers. Ranks that the
        checkpoint doesn't know keep the random states that they have."""
        if checkpoint is None:
            return 0
        state = _load(checkpoint, "state.pt")
        if set(state) != set(self._parts):
            raise ValueError(f"{checkpoint.path} holds {sorted(state)}, not {sorted(self._parts)}")
        for name, part in self._parts.items():
            if isinstance(part, dict):
                part.clear()
                part.update(state[name])
            else:
                part.load_state_dict(state[name])
        own = f"random-{_rank()}.pt"
        if (checkpoint.path / own).exists():
            restore_random_states(_load(checkpoint, own))
        return checkpoint.step


def random_states() -> Dict[str, Any]:
    """Of this process. Also the number of threads: sums over another number of them differ."""
    states: Dict[str, Any] = {
        "python": random.getstate(),
        "torch": torch.get_rng_state(),
        "threads": torch.get_num_threads(),
    }
    if "numpy" in sys.modules:
        name, keys, *rest = sys.modules["numpy"].random.get_state()
        states["numpy"] = (name, torch.tensor(keys.tolist()), *rest)
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        # A rank must not open the other ranks' GPUs only to ask.
        several = not dist.is_available() or not dist.is_initialized()
        states["cuda"] = torch.cuda.get_rng_state_all() if several else [torch.cuda.get_rng_state()]
    return states


def restore_random_states(states: Dict[str, Any]) -> None:
    random.setstate(states["python"])
    torch.set_rng_state(states["torch"])
    torch.set_num_threads(states["threads"])
    if "numpy" in states:
        import numpy

        name, keys, position, has_gauss, gauss = states["numpy"]
        numpy.random.set_state((name, keys.numpy().astype("uint32"), position, has_gauss, gauss))
    cuda = states.get("cuda", [])
    if torch.cuda.is_available() and len(cuda) == 1:
        torch.cuda.set_rng_state(cuda[0])
    elif torch.cuda.is_available():
        # Of the GPUs that are here: it may go on with fewer.
        for device, state in zip(range(torch.cuda.device_count()), cuda):
            torch.cuda.set_rng_state(state, device)


def _rank() -> int:
    return int(dist.get_rank()) if dist.is_available() and dist.is_initialized() else 0


def _load(checkpoint: Checkpoint, name: str) -> Any:
    # Our own file, verified hash by hash; a scheduler's state may be more than tensors.
    return torch.load(checkpoint.path / name, map_location="cpu", weights_only=False)
