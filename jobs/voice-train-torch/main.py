"""Trains a small network to tell ten spoken words apart, on the recordings of ../voice-train, and can
be paused at any step: after a resume it ends with exactly the weights that an uninterrupted run ends
with. Runs without a supervisor too: python3 jobs/voice-train-torch/main.py [--nproc 2]."""

import sys
from pathlib import Path

from ranks import options, start_ranks

if options.nproc > 1:
    start_ranks(options.nproc)  # Never returns: the copies of this program do the work.

# Before torch, whose import takes a second, so that a pause is heard from the beginning.
sys.path.append(str(Path(__file__).resolve().parents[2] / "python"))  # For those who haven't pip-installed it.
from supervisor_job import job  # noqa: E402

import hashlib  # noqa: E402
import os  # noqa: E402
import time  # noqa: E402
from datetime import timedelta  # noqa: E402

import torch  # noqa: E402
import torch.distributed as dist  # noqa: E402
from model import build_model  # noqa: E402
from recordings import Recordings  # noqa: E402
from supervisor_job.torch import ResumableSampler, TrainingState, join  # noqa: E402
from torch.nn.functional import cross_entropy  # noqa: E402
from torch.utils.data import DataLoader  # noqa: E402


def main() -> None:
    rank, ranks, device = prepare()
    training = Recordings("train", seed=options.seed)
    held_out = Recordings("heldOut")
    model = build_model(len(training.words)).to(device)
    if ranks > 1:
        model = torch.nn.parallel.DistributedDataParallel(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.002)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, options.steps)
    sampler = ResumableSampler(len(training), options.batch_size, seed=options.seed)
    loader = DataLoader(training, batch_sampler=sampler, num_workers=options.workers)
    state = TrainingState(model=model, optimizer=optimizer, scheduler=scheduler, sampler=sampler)
    torch.manual_seed(options.seed * 1000 + rank)  # Dropout differs from rank to rank.

    step = began = state.restore(job.resume())
    if rank == 0:
        say(f"resumed at step {step}" if step else f"from the start: {len(training)} recordings")
    accuracy, started = None, time.perf_counter()
    while step < options.steps:
        for sounds, labels in sampler.batches(loader):
            step += 1
            loss = train(model, optimizer, sounds.to(device), labels.to(device))
            scheduler.step()
            if rank == 0 and (step % options.eval_every == 0 or step == options.steps):
                accuracy = accuracy_on(model, held_out, device)
            if rank == 0 and not options.quiet and (step % 10 == 0 or step == 1):
                say(f"step {step}/{options.steps}  loss {loss.item():.4f}{shown(accuracy)}")
            job.step(
                step,
                loss=loss.detach(),
                epoch=sampler.epoch,
                total_steps=options.steps,
                metrics={} if accuracy is None else {"heldOutAccuracy": accuracy},
                save=state.save,
            )
            if step == options.steps:
                break
    if rank == 0:
        seconds = time.perf_counter() - started
        say(f"trained {step - began} steps in {seconds:.1f} s, {(step - began) / seconds:.1f} steps/s{shown(accuracy)}")
        say(f"weights sha256 {hash_weights(model)}")
    if ranks > 1:
        dist.barrier()
        dist.destroy_process_group()


def prepare() -> "tuple[int, int, torch.device]":
    """This rank, how many there are, and where it computes."""
    torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(options.seed)
    ranks = int(os.environ.get("WORLD_SIZE", 1))
    device = torch.device("cpu")
    if torch.cuda.is_available():
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
        torch.cuda.set_device(device)
    if ranks > 1:
        timeout = timedelta(seconds=options.timeout)
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=timeout)
        join(timeout)
    return int(os.environ.get("RANK", 0)), ranks, device


def train(model, optimizer, sounds, labels) -> torch.Tensor:
    loss = cross_entropy(model(sounds), labels)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss


@torch.no_grad()
def accuracy_on(model, recordings: Recordings, device) -> float:
    """Share of the unheard voices' recordings that are recognised, 0 … 1."""
    inner = getattr(model, "module", model)  # DistributedDataParallel would wait for the other ranks.
    inner.eval()
    sounds, labels = recordings.all_plain()
    guesses = torch.cat([inner(part.to(device)).argmax(1).cpu() for part in sounds.split(64)])
    inner.train()
    return float((guesses == labels).float().mean())


def hash_weights(model) -> str:
    digest = hashlib.sha256()
    for value in getattr(model, "module", model).state_dict().values():
        digest.update(value.cpu().numpy().tobytes())
    return digest.hexdigest()


def shown(accuracy) -> str:
    return "" if accuracy is None else f"  held-out accuracy {100 * accuracy:.1f} %"


def say(line: str) -> None:
    print(line, flush=True)


main()
