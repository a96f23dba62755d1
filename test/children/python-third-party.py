"""Somebody else's trainer, which knows nothing of a supervisor. Saves a zip archive, as PyTorch does, every
`--every` steps and on SIGTERM, and then exits 143. On its first run it dies at
`--die-at` in the middle of a save, which stays cut short. Arguments: [--every N] [--die-at STEP] [--resume FILE]."""

import argparse
import os
import signal
import sys
import time
import zipfile

parser = argparse.ArgumentParser()
parser.add_argument("--every", type=int, default=10**9)
parser.add_argument("--die-at", type=int)
parser.add_argument("--resume")
options = parser.parse_args()
step = 0
if options.resume:
    with zipfile.ZipFile(options.resume) as archive:
        step = int(archive.read("step"))
print(f"begins at {step}", flush=True)
stop = False


def on_term(*_):
    global stop
    stop = True


def save():
    os.makedirs("out", exist_ok=True)
    path = f"out/model_step_{step}.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("step", f"{step:08d}")
        archive.writestr("weights", bytes(range(256)) * 40)
    return path


signal.signal(signal.SIGTERM, on_term)
while True:
    step += 1
    time.sleep(0.02)
    if step == options.die_at and not options.resume:
        path = save()
        os.truncate(path, os.path.getsize(path) * 2 // 3)
        print(f"dies in the save of {step}", flush=True)
        os._exit(1)
    if stop or step % options.every == 0:
        save()
        print(f"saved {step}", flush=True)
    if stop:
        sys.exit(143)
