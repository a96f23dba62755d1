"""Somebody else's script that saves every so many steps and can't be asked for more. Knows nothing of a
supervisor, and says so when it gets a signal that it doesn't expect. Arguments: steps, [--every STEPS],
[--resume FILE]."""

import argparse
import json
import os
import signal
import time

parser = argparse.ArgumentParser()
parser.add_argument("steps", type=int)
parser.add_argument("--every", type=int, default=40)
parser.add_argument("--resume")
options = parser.parse_args()
signal.signal(signal.SIGUSR2, lambda *_: print("a signal", flush=True))
step = json.load(open(options.resume))["step"] if options.resume else 0
print(f"begins at {step}", flush=True)
while step < options.steps:
    step += 1
    time.sleep(0.05)
    if step % options.every == 0:
        os.makedirs("out", exist_ok=True)
        with open(f"out/checkpoint-{step}.json", "w") as file:
            json.dump({"step": step}, file)
print(f"done at {step}")
