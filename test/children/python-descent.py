"""Trains a line by stochastic descent, its randomness part of its state. Arguments: steps, the file for its result,
which has the whole state at its end: bit for bit the same however often it was paused."""

import hashlib
import json
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))
from supervisor_job import job  # noqa: E402

steps, result = int(sys.argv[1]), sys.argv[2]
checkpoint = job.resume()
if checkpoint is None:
    step, weights, chance = 0, [0.0, 0.0], random.Random(7)
else:
    with open(f"{checkpoint.path}/state.json") as file:
        state = json.load(file)
    step, weights, chance = checkpoint.step, state["weights"], random.Random()
    version, numbers, gauss = state["chance"]
    chance.setstate((version, tuple(numbers), gauss))


def save(files):
    files.json("state.json", {"weights": weights, "chance": chance.getstate()})


print(f"begins at {step}", flush=True)
while step < steps:
    step += 1
    x = chance.gauss(0, 1)
    error = weights[0] * x + weights[1] - (3 * x - 1 + chance.gauss(0, 0.1))
    weights = [weights[0] - 0.01 * error * x, weights[1] - 0.01 * error]
    time.sleep(0.002)
    job.step(step, loss=error * error, total_steps=steps, save=save)
trace = hashlib.sha256(repr(chance.getstate()).encode()).hexdigest()
with open(result, "w") as file:
    file.write(f"{step} {weights[0].hex()} {weights[1].hex()} {trace}\n")
