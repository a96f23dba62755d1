"""A rank that only reports, and doesn't notice what becomes of the others."""

import time

import python_payload  # noqa: F401
from supervisor_job import job

step = 0
while True:
    step += 1
    time.sleep(0.05)
    job.step(step)
