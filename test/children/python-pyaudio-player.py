"""A thread that plays a file's sound through PyAudio, as docs/python-jobs.md has it. Arguments: the sound (16
bits, one channel), frames of 160 samples a second (the device of the tests takes any number)."""

import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "python"))
from supervisor_job import job  # noqa: E402

import pyaudio  # noqa: E402

SAMPLES = 160
sound = pathlib.Path(sys.argv[1]).read_bytes()
pause = 1 / float(sys.argv[2])

checkpoint = job.resume()
frame = 0 if checkpoint is None else checkpoint.step
audio = pyaudio.PyAudio()
device = audio.open(format=pyaudio.paInt16, channels=1, rate=16000, output=True, frames_per_buffer=SAMPLES)


def play() -> None:
    global frame
    with job.stream("voice") as gate:
        while frame * SAMPLES * 2 < len(sound):
            gate.wait()
            device.write(sound[frame * SAMPLES * 2 : (frame + 1) * SAMPLES * 2])
            frame += 1
            time.sleep(pause)


def save(files) -> None:
    device.stop_stream()  # What the device still has is heard first.
    device.start_stream()
    files.json("player.json", {"frame": frame})


job.keep(position=lambda: frame, save=save)
thread = threading.Thread(target=play)
thread.start()
thread.join()
device.stop_stream()
device.close()
