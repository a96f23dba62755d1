"""Somebody else's script: on SIGTERM it saves by itself and exits 143. Knows nothing of a supervisor.
Arguments: steps, [--resume FILE]."""

import argparse
import json
import os
import signal
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("steps", type=int)
parser.add_argument("--resume")
options = parser.parse_args()
step = json.load(open(options.resume))["step"] if options.resume else 0
print(f"begins at {step}", flush=True)
stop = False


def on_term(*_):
    global stop
    stop = True


signal.signal(signal.SIGTERM, on_term)
while step < options.steps:
    step += 1
    time.sleep(0.02)
    if stop:
        os.makedirs("out", exist_ok=True)
        with open(f"out/checkpoint-{step}.json", "w") as file:
            json.dump({"step": step}, file)
        print(f"saved {step}", flush=True)
        sys.exit(143)
print(f"done at {step}")
