"""Checks the parts of supervisor_job.torch in one process, under a supervisor's environment."""

import os
import pickle
import random

import numpy
import python_payload  # noqa: F401
from supervisor_job import job
from supervisor_job._files import CheckpointFiles
from supervisor_job._write import begin, commit

import torch  # noqa: E402
from supervisor_job.torch import Index, ResumableSampler, TrainingState, generator_of  # noqa: E402
from torch.utils.data import DataLoader  # noqa: E402


def draw():
    return random.random(), numpy.random.rand(), torch.rand(1).item()


class Parts:
    def __init__(self):
        torch.manual_seed(1)
        self.net = torch.nn.Linear(3, 2)
        self.optimizer = torch.optim.Adam(self.net.parameters())
        self.sampler = ResumableSampler(20, 4, seed=3)
        self.state = TrainingState(
            model=self.net,
            optimizer=self.optimizer,
            scheduler=torch.optim.lr_scheduler.StepLR(self.optimizer, 2, 0.5),
            scaler=torch.cuda.amp.GradScaler(enabled=False),
            sampler=self.sampler,
        )
        self.loader = DataLoader(list(range(20)), batch_sampler=self.sampler)


# Every sample once an epoch, another order in the next, and the loader takes no random number.
parts = Parts()
before = torch.get_rng_state()
first, second = ([int(n) for batch in parts.sampler.batches(parts.loader) for n in batch] for _ in range(2))
assert sorted(first) == sorted(second) == list(range(20)) and first != second
assert torch.equal(before, torch.get_rng_state()) and parts.sampler.epoch == 2

# A place within an epoch and all random states come back.
taken = parts.sampler.batches(parts.loader)
next(taken), next(taken)
parts.net(torch.ones(3)).sum().backward()
parts.optimizer.step()
job.save(7, parts.state.save, epoch=2)
expected = draw(), [batch.tolist() for batch in taken]
fresh = Parts()
assert fresh.state.restore(job.resume()) == 7
assert (draw(), [batch.tolist() for batch in fresh.sampler.batches(fresh.loader)]) == expected
assert torch.equal(fresh.net.weight, parts.net.weight)



class Noisy(torch.utils.data.Dataset):
    """Draws from its worker's global generator, as much augmentation does."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return torch.rand(1)


# Workers draw other numbers in every epoch, though nothing else draws any, and the same in every run.
def noise():
    sampler = ResumableSampler(4, 2)
    loader = DataLoader(Noisy(), batch_sampler=sampler, num_workers=1)
    return [torch.cat([batch.flatten() for batch in sampler.batches(loader)]).tolist() for _ in range(2)]


first, second = noise()
assert first != second and [first, second] == noise()

# Indices are plain numbers that know their epoch, also after the journey to a worker.
index = pickle.loads(pickle.dumps(Index(5, 9)))
assert (index, index.epoch, [10, 11, 12, 13, 14, 15][index]) == (5, 9, 15)
assert generator_of(1, 2).initial_seed() == generator_of(1, 2).initial_seed() != generator_of(2, 1).initial_seed()

# Written by two ranks: refused, unless the program says that it can handle it.
directory = os.environ["SUPERVISOR_CHECKPOINT_DIR"]
files = CheckpointFiles(begin(directory, 8), lambda _: None)
parts.state.save(files)
commit(files, 8, files.close(), {"epoch": 2, "worldSize": 2})
try:
    job.resume()
    raise AssertionError("a checkpoint of two ranks was accepted by one")
except RuntimeError as error:
    assert "written by 2 ranks, not 1" in str(error)
assert Parts().state.restore(job.resume(any_world_size=True)) == 8
print("all good")
