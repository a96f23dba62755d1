"""Streams of numbered frames, each written to a file when it has passed the gate. Arguments: folder, frames
in a stream (0 = for ever, or as many as its file `last` says), streams, and one of "" (a generator in each of several threads), "gate" (waits in
threads), "asyncio", "waits" (its source gives nothing after its frames), "stuck" (the last stream's consumer
stops after 5 frames), "ends" (the last stream ends when the folder holds `may-end`), "forgets" (keeps no
context), "can't save" (until the folder holds `may-save`), "saves slowly" (not before it holds that file)."""

import asyncio
import json
import math
import os
import resource
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))
from supervisor_job import job  # noqa: E402

folder, frames, count, kind = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
os.makedirs(folder, exist_ok=True)
# How long each frame takes to come.
FRAME = float(os.environ.get("FRAME_MS", "1")) / 1000
# Descriptors that it has open beside its own.
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
kept = [os.open("/dev/null", os.O_RDONLY) for _ in range(int(os.environ.get("OPEN_FILES", "0")))]

checkpoint = job.resume()
following = [0] * count
if checkpoint is not None:
    following = json.loads((checkpoint.path / "next.json").read_text())


def save(files):
    if kind == "can't save" and not os.path.exists(os.path.join(folder, "may-save")):
        raise RuntimeError("no room for it")
    while kind == "saves slowly" and not os.path.exists(os.path.join(folder, "may-save")):
        time.sleep(0.01)
    files.json("next.json", following)


if kind != "forgets":
    job.keep(position=lambda: sum(following), save=save)


def limit():
    if frames:
        return frames
    try:
        return int(Path(folder, "last").read_text())
    except (OSError, ValueError):
        return math.inf


def source(frame):
    while frame < limit():
        time.sleep(FRAME)
        yield frame
        frame += 1
    if kind == "waits":
        threading.Event().wait()


async def source_async(frame):
    while frame < limit():
        await asyncio.sleep(FRAME)
        yield frame
        frame += 1


def close_all():
    """As a program that becomes a daemon does; what it opens then has the numbers of what was closed."""
    os.closerange(3, 64)
    kept.extend(os.open(__file__, os.O_RDONLY) for _ in range(8))


def write(stream, frame):
    if os.environ.get("CLOSES") and frame == 5:
        close_all()
    if any(os.lseek(one, 0, os.SEEK_CUR) for one in kept):
        sys.exit("somebody has read its file")
    with open(os.path.join(folder, f"out-{stream}"), "a", encoding="ascii") as file:
        file.write(f"{frame}\n")
    following[stream] = frame + 1


def end_when_it_may(own):
    while not os.path.exists(os.path.join(folder, "may-end")):
        time.sleep(0.02)
    own.end()


def run(stream):
    if kind in ("gate", "ends"):
        with job.stream(f"stream {stream}") as own:
            if kind == "ends" and stream == count - 1:
                threading.Thread(target=end_when_it_may, args=(own,), daemon=True).start()
            for frame in source(following[stream]):
                own.wait()
                write(stream, frame)
        return
    for frame in job.pausable(source(following[stream]), source="waits" if kind == "waits" else "computes"):
        write(stream, frame)
        if kind == "stuck" and stream == count - 1 and frame == 5:
            threading.Event().wait()


async def run_async(stream):
    async for frame in job.pausable_async(source_async(following[stream])):
        write(stream, frame)


async def run_all():
    await asyncio.gather(*(run_async(stream) for stream in range(count)))


if kind == "asyncio":
    asyncio.run(run_all())
else:
    # The first in the main thread, where the signal interrupts its waiting.
    threads = [threading.Thread(target=run, args=(stream,), daemon=True) for stream in range(1, count)]
    for thread in threads:
        thread.start()
    run(0)
    for thread in threads:
        thread.join()
print(f"supervised {str(job.supervised).lower()}, done", flush=True)
