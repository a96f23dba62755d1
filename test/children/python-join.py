"""One rank of two that meets the other late. Arguments: this rank's seconds before it asks for the group."""

import sys
import time

import python_payload  # noqa: F401
from supervisor_job import job

import torch  # noqa: E402
import torch.distributed as dist  # noqa: E402

from supervisor_job.torch import join  # noqa: E402

print("imported", flush=True)
time.sleep(float(sys.argv[1]))
print("joins", flush=True)
dist.init_process_group("gloo")
join()
found = job.resume()
step = found.step if found else 0
print(f"begins at {step}", flush=True)


def save(files):
    files.file(f"weights-{dist.get_rank()}.bin", b"weights")


while True:
    step += 1
    time.sleep(0.05)
    dist.all_reduce(torch.ones(1))
    job.step(step, save=save)
