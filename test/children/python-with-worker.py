"""Starts a child process that imports the library too, as data loaders do, and waits for its end."""

import os
import subprocess
import sys

import python_payload  # noqa: F401
from supervisor_job import job

if sys.argv[1:] == ["child"]:
    print(f"child supervised {str(job.supervised).lower()}")
else:
    child = subprocess.run([sys.executable, __file__, "child"], capture_output=True, text=True)
    mine = job.report is not None and job.report["pid"] == os.getpid()
    print(f"{child.stdout.strip()}, status pid is mine {str(mine).lower()}")
