"""Counts steps. Arguments: steps (0 = for ever), bytes in a checkpoint."""

import sys
import time

from python_payload import payload
from supervisor_job import job

steps = int(sys.argv[1])
size = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
resumed = job.resume()
step = resumed.step if resumed else 0
print(f"supervised {str(job.supervised).lower()}, from {step}", flush=True)
while steps == 0 or step < steps:
    step += 1
    end = time.perf_counter() + 0.0002
    while time.perf_counter() < end:
        pass
    job.step(
        step,
        loss=1 / step,
        total_steps=steps,
        save=lambda files: files.file("state.bin", payload(step, 0, size)),
    )
print(f"done at {step}")
