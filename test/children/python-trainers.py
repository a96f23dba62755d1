"""Small programs of the shapes that people have, each integrated by docs/python-jobs.md alone. Each ends with the
hash of its weights. Arguments: shape, steps, and "forget" to leave out what that page says is easily left out."""

import hashlib
import math
import os
import sys
import time

import python_payload  # noqa: F401
from supervisor_job import job

import torch  # noqa: E402
from supervisor_job.torch import ResumableSampler, TrainingState, generator_of  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torch.utils.data import DataLoader, Dataset  # noqa: E402

STEPS = int(sys.argv[2])
FORGETS = "forget" in sys.argv
torch.manual_seed(1)
torch.use_deterministic_algorithms(True)


def breathe():
    """So that a pause comes before the end, however slow the machine is."""
    if job.supervised and not os.path.exists("no-more-pauses"):
        time.sleep(0.3)


def language():
    """As nanoGPT: the next batch is drawn before it is needed, the best loss decides the learning rate."""
    text = torch.arange(500).sin().mul(13).long() % 17
    net = nn.Sequential(nn.Embedding(17, 8), nn.Dropout(0.1), nn.Linear(8, 17))
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.01)

    def draw():
        at = torch.randint(len(text) - 9, (4,))
        return torch.stack([text[n : n + 8] for n in at]), torch.stack([text[n + 1 : n + 9] for n in at])

    def loss_of(batch):
        x, y = batch
        return F.cross_entropy(net(x).flatten(0, 1), y.flatten())

    plain = {"batch": draw(), "best": math.inf, "rate": 0.01}
    state = TrainingState(model=net, optimizer=optimizer, **({} if FORGETS else {"plain": plain}))
    step = state.restore(job.resume())
    while step < STEPS:
        step += 1
        for group in optimizer.param_groups:
            group["lr"] = plain["rate"] * (1 + math.cos(math.pi * step / STEPS)) / 2
        loss = loss_of(plain["batch"])
        plain["batch"] = draw()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if step % 7 == 0:
            net.eval()
            with torch.no_grad():
                measured = loss_of(draw()).item()
            net.train()
            plain["rate"] *= 1.0 if measured < plain["best"] else 0.9
            plain["best"] = min(plain["best"], measured)
        breathe()
        job.step(step, loss=loss.detach(), total_steps=STEPS, save=state.save)
    return [net]


def two_networks():
    """As a GAN: two networks, two optimizers, one averaged copy."""
    maker = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
    judge = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(), nn.Linear(16, 1))
    average = torch.optim.swa_utils.AveragedModel(maker)
    makes = torch.optim.Adam(maker.parameters(), lr=1e-3, betas=(0.5, 0.9))
    judges = torch.optim.RMSprop(judge.parameters(), lr=1e-3)
    state = TrainingState(maker=maker, judge=judge, average=average, makes=makes, judges=judges)
    step = state.restore(job.resume())
    while step < STEPS:
        step += 1
        real = torch.randn(8, 2) * 0.5 + 1
        made = maker(torch.randn(8, 4))
        judges.zero_grad()
        loss = F.softplus(judge(made.detach())).mean() + F.softplus(-judge(real)).mean()
        loss.backward()
        judges.step()
        makes.zero_grad()
        F.softplus(-judge(made)).mean().backward()
        makes.step()
        average.update_parameters(maker)
        breathe()
        job.step(step, loss=loss.detach(), total_steps=STEPS, save=state.save)
    return [maker, judge, average]


class Waves(Dataset):
    """Each sample is augmented by a generator of its own."""

    def __len__(self):
        return 50

    def __getitem__(self, index):
        noise = torch.randn(6, generator=generator_of(5, index.epoch, index))
        return torch.arange(6).mul(0.1 * index).sin() + 0.1 * noise, torch.tensor([index / 50])


def batches(micro):
    """Gradient accumulation: a step is `micro` batches."""
    net = nn.Sequential(nn.Linear(6, 12), nn.Dropout(0.2), nn.Tanh(), nn.Linear(12, 1))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 9, 0.8)
    sampler = ResumableSampler(50, 4, seed=2)
    loader = DataLoader(Waves(), batch_sampler=sampler)
    state = TrainingState(model=net, optimizer=optimizer, schedule=schedule, sampler=sampler)
    step = state.restore(job.resume())
    while step < STEPS:
        for at, (x, y) in enumerate(sampler.batches(loader)):
            loss = F.mse_loss(net(x), y) / micro
            loss.backward()
            if (at + 1) % micro:
                continue
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
            step += 1
            breathe()
            job.step(step, loss=loss.detach(), epoch=sampler.epoch, total_steps=STEPS, save=state.save)
            if step == STEPS:
                break
    return [net]


def endless(workers):
    """One stream of batches without an end, over the epochs, of which each step takes the next."""
    net = nn.Sequential(nn.Linear(6, 12), nn.Dropout(0.2), nn.Tanh(), nn.Linear(12, 1))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    sampler = ResumableSampler(50, 4, seed=2)
    loader = DataLoader(Waves(), batch_sampler=sampler, num_workers=workers)

    def forever():
        while True:
            yield from sampler.batches(loader)

    state = TrainingState(model=net, optimizer=optimizer, sampler=sampler)
    step = state.restore(job.resume())
    stream = forever()
    while step < STEPS:
        step += 1
        x, y = next(stream)
        optimizer.zero_grad()
        loss = F.mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
        breathe()
        job.step(step, loss=loss.detach(), epoch=sampler.epoch, total_steps=STEPS, save=state.save)
    stream.close()
    return [net]


class Trainer:
    """Somebody else's: makes its loader itself, once, and counts its epochs from 0."""

    def __init__(self, net, data, epochs):
        self.net, self.data, self.epochs = net, data, epochs
        self.optimizer = torch.optim.Adam(net.parameters(), lr=0.01)

    def make_loader(self):
        return DataLoader(self.data, batch_size=4, shuffle=True)

    def after_step(self, loss):
        pass

    def fit(self):
        loader = self.make_loader()
        for _ in range(self.epochs):
            for x, y in loader:
                self.optimizer.zero_grad()
                loss = F.mse_loss(self.net(x), y)
                loss.backward()
                self.optimizer.step()
                self.after_step(loss)


class Batches:
    """The sampler's batches in the shape of a loader: each loop over it is the rest of an epoch."""

    def __init__(self, loader, sampler):
        self.loader, self.sampler = loader, sampler

    def __iter__(self):
        return self.sampler.batches(self.loader)

    def __len__(self):
        return len(self.sampler)


class PausableTrainer(Trainer):
    def __init__(self, net, data, epochs):
        super().__init__(net, data, epochs)
        self.sampler = ResumableSampler(len(data), batch_size=4, seed=1)
        self.state = TrainingState(model=net, optimizer=self.optimizer, sampler=self.sampler)
        self.step = self.state.restore(job.resume())
        self.epochs -= self.sampler.epoch

    def make_loader(self):
        return Batches(DataLoader(self.data, batch_sampler=self.sampler), self.sampler)

    def after_step(self, loss):
        self.step += 1
        breathe()
        job.step(self.step, loss=loss.detach(), total_steps=STEPS, save=self.state.save)


def trainer():
    net = nn.Sequential(nn.Linear(6, 12), nn.Dropout(0.2), nn.Tanh(), nn.Linear(12, 1))
    PausableTrainer(net, Waves(), epochs=STEPS // 12).fit()
    return [net]


def plain_variables():
    """No optimizer: weights, momentum, an average and patience in variables of its own."""
    own = {"w": torch.randn(6, 1), "momentum": torch.zeros(6, 1), "average": 0.0, "patience": 5, "seen": []}
    if FORGETS:
        kept = {"w": own["w"]}
    state = TrainingState(own=kept if FORGETS else own)
    step = state.restore(job.resume())
    if FORGETS:
        own["w"] = kept["w"]
    while step < STEPS:
        step += 1
        x = torch.randn(8, 6)
        wrong = x @ own["w"] - x.sum(1, keepdim=True).tanh()
        loss = wrong.square().mean().item()
        own["average"] = 0.8 * own["average"] + 0.2 * loss
        own["patience"] = 5 if loss < own["average"] else max(1, own["patience"] - 1)
        own["seen"] = [*own["seen"][-3:], loss]
        own["momentum"] = 0.9 * own["momentum"] + x.t() @ wrong / 8
        own["w"] = own["w"] - 0.01 * own["patience"] * (1 + len(own["seen"])) * own["momentum"]
        if FORGETS:
            kept["w"] = own["w"]
        breathe()
        job.step(step, loss=loss, total_steps=STEPS, save=state.save)
    return [own["w"]]


SHAPES = {
    "language": language,
    "two-networks": two_networks,
    "accumulation": lambda: batches(micro=3),
    "endless": lambda: endless(workers=2),
    "trainer": trainer,
    "plain-variables": plain_variables,
}
digest = hashlib.sha256()
for part in SHAPES[sys.argv[1]]():
    for tensor in part.state_dict().values() if isinstance(part, nn.Module) else [part]:
        digest.update(tensor.detach().numpy().tobytes())
job.finished()
print(f"weights sha256 {digest.hexdigest()}")
