"""A loop that only asks should_pause(). Argument: milliseconds of work between two calls."""

import sys
import time

import python_payload  # noqa: F401
from supervisor_job import job, should_pause

work = int(sys.argv[1]) / 1000
step = 0
while not should_pause():
    step += 1
    end = time.perf_counter() + work
    while time.perf_counter() < end:
        pass
job.pause(step, lambda files: files.json("state.json", {"step": step}))
