"""Somebody else's script that saves every 50 steps and can't be asked for more. One line was added:
it tells its steps. Arguments: steps, [--resume FILE]."""

import argparse
import json
import os
import time

import python_payload  # noqa: F401
from supervisor_job import job

parser = argparse.ArgumentParser()
parser.add_argument("steps", type=int)
parser.add_argument("--resume")
options = parser.parse_args()
step = json.load(open(options.resume))["step"] if options.resume else 0
print(f"begins at {step}", flush=True)
while step < options.steps:
    step += 1
    time.sleep(0.05)
    if step % 50 == 0:
        os.makedirs("out", exist_ok=True)
        with open(f"out/checkpoint-{step}.json", "w") as file:
            json.dump({"step": step}, file)
    job.step(step)
print(f"done at {step}")
