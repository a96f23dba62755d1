"""Trains a small model on every rank of a gloo group, one gradient for all. Rank 0 prints the weights' digest."""

import hashlib
import os
import sys
import time

import python_payload  # noqa: F401
import supervisor_job.torch
import torch
from supervisor_job import job

TOTAL, PAUSE = int(sys.argv[1]), float(sys.argv[2])

torch.set_num_threads(1)
torch.distributed.init_process_group("gloo")
supervisor_job.torch.join()
rank = torch.distributed.get_rank()

torch.manual_seed(7)
net = torch.nn.Linear(16, 4)
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
torch.manual_seed(100 + rank)
state = supervisor_job.torch.TrainingState(model=net, optimizer=optimizer)

begun = state.restore(job.resume()) or 0
print(f"rank {rank} on {os.environ['SLURMD_NODENAME']} begins at {begun}", flush=True)
for step in range(begun + 1, TOTAL + 1):
    optimizer.zero_grad()
    net(torch.randn(8, 16)).square().mean().backward()
    for weight in net.parameters():
        torch.distributed.all_reduce(weight.grad)
    optimizer.step()
    time.sleep(PAUSE)
    job.step(step, total_steps=TOTAL, save=state.save)

if rank == 0:
    weights = b"".join(weight.detach().numpy().tobytes() for weight in net.parameters())
    print(f"weights {hashlib.sha256(weights).hexdigest()}", flush=True)
