"""Steps that are one long operation each, in which no Python code runs. Argument: rows of a matrix."""

import os
import select
import signal
import sys

import python_payload  # noqa: F401
from supervisor_job import job

import torch  # noqa: E402

# Written to at the signal's very moment, though no Python code runs then.
rung, note = os.pipe()
os.set_blocking(note, False)
signal.set_wakeup_fd(note)
torch.set_num_threads(1)
matrix = torch.ones(int(sys.argv[1]), int(sys.argv[1]))
step = 0
while True:
    step += 1
    print(f"in step {step}", flush=True)
    matrix @ matrix
    if select.select([rung], [], [], 0)[0]:
        print(f"rung in step {step}", flush=True)
    print(f"after step {step}", flush=True)
    job.step(step, save=lambda files: files.json("state.json", {"step": step}))
