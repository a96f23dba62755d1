"""The same as job-forgets.ts. Argument: "all" or "half" of its state is saved."""

import json
import math
import sys
import time

from supervisor_job import job

whole = sys.argv[1] == "all"
resumed = job.resume()
step = resumed.step if resumed else 0
bias = 4.8 if resumed else 0.2
if resumed and whole:
    bias = json.loads((resumed.path / "state.json").read_text())["bias"]
while True:
    step += 1
    bias += (0.2 - bias) / 5000
    time.sleep(0.04)
    # As batches go.
    loss = 0.2 + bias + 0.05 * math.sin(step)
    job.step(step, loss=loss, save=lambda files: files.file("state.json", json.dumps({"bias": bias}).encode()))
