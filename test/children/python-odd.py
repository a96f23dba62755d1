"""Uses the library in ways that go wrong for somebody, some day; the same as job-odd.ts. Argument: which."""

import os
import signal
import subprocess
import sys
import tempfile
import time

import python_payload  # noqa: F401
from supervisor_job import job

odd, *rest = sys.argv[1:]


def good(files):
    files.file("state.bin", "state")


def throws(files):
    files.file("half.bin", "half")
    raise RuntimeError("a mistake of mine")


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("an error that can't even be told")


def throws_what_cant_be_told(files):
    raise Mute


def renames(files):
    files.file("state.part", "state")
    os.rename(files.directory / "state.part", files.directory / "state.bin")


def goes_on_writing(files):
    good(files)
    (files.directory / "state.bin").write_text("another state")


def links(files):
    good(files)
    os.symlink(tempfile.gettempdir(), files.directory / "link")


bad_saves = {
    "throws": throws,
    "throws what isn't an error": throws_what_cant_be_told,
    "renames its file": renames,
    "goes on writing": goes_on_writing,
    "links a folder": links,
}


def save_badly():
    resumed = job.resume()
    job.save(1, good)
    try:
        job.save(-1 if odd == "has a step below 0" else 2, bad_saves.get(odd, good))
        failure = "it was accepted"
    except Mute:
        failure = "a mere word"
    except Exception as error:
        failure = error
    print(f"{'first' if resumed is None else 'again'}: {failure}")


if odd == "in another directory":
    os.chdir(rest[0])
    job.save(1, good)
elif odd == "saves twice":
    resumed = job.resume()
    begun = resumed.step if resumed else 0
    for step in (begun + 1, begun + 2):
        job.save(step, good)
    print(f"from {begun}")
elif odd == "starts a rank":
    job.step(1)
    environment = {**os.environ, "RANK": "0", "WORLD_SIZE": "2"}
    child = subprocess.run(
        [sys.executable, __file__, "is a child"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    print(f"{child.stdout}status pid is mine {str(job.report['pid'] == os.getpid()).lower()}")
elif odd == "says too much":
    job.step(1, epoch=0.5, loss=float("nan"), metrics={f"metric {at}": at for at in range(3000)})
    job.save(1, good, epoch=0.5)
    job.save(2, good, epoch=-1)

    def fails(files):
        raise RuntimeError("x" * 100_000)

    try:
        job.save(3, fails)
    except RuntimeError:
        pass
elif odd in ("never saves", "saves now and then"):
    # A checkpoint isn't due yet.
    job.step(1, save=None if odd == "never saves" else good)
    step = 1
    while True:
        step += 1
        time.sleep(0.02)
        job.step(step)
elif odd == "is a child":
    os.kill(os.getpid(), signal.SIGUSR2)
    job.resume()
    print(f"child supervised {str(job.supervised).lower()}")
else:
    save_badly()
