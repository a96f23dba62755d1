"""Steps that are one long operation each, in which no Python code runs. Argument: rows of a matrix."""

import sys

import python_payload  # noqa: F401
from supervisor_job import job

import torch  # noqa: E402

torch.set_num_threads(1)
matrix = torch.ones(int(sys.argv[1]), int(sys.argv[1]))
step = 0
while True:
    step += 1
    print(f"in step {step}", flush=True)
    matrix @ matrix
    print(f"after step {step}", flush=True)
    job.step(step, save=lambda files: files.json("state.json", {"step": step}))
