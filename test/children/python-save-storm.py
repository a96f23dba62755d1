"""Does nothing but save, several files of different sizes at every step, until it is killed. What it
resumes from is compared byte by byte first."""

from python_payload import payload
from supervisor_job import job

resumed = job.resume()
step = resumed.step if resumed else 0
for part in range(3) if resumed else ():
    found = (resumed.path / f"part-{part}.bin").read_bytes()
    assert found == payload(step, part, len(found)), f"part {part} is wrong"
print(f"from {step}", flush=True)


def save(files):
    for part in range(3):
        files.file(f"part-{part}.bin", payload(step, part, 50_000 * (part + 1)))


while True:
    step += 1
    job.save(step, save)
