"""Two ranks that say how many threads more than before join() they have when Python begins to shut down."""

import atexit
import os
import socket
import subprocess
import sys
import time

if "RANK" not in os.environ:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {**os.environ, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}
    ranks = [subprocess.Popen([sys.executable, *sys.argv], env={**shared, "RANK": rank}) for rank in "01"]
    print("exit codes:", *[rank.wait() for rank in ranks])
    sys.exit()


def threads() -> int:
    return len(os.listdir("/proc/self/task"))


before = 0
# The first to be registered is the last to be called. One write: both ranks share the pipe, and an
# unbuffered print() writes each of its parts by itself.
atexit.register(lambda: os.write(1, f"threads left: {threads() - before}\n".encode()))

import python_payload  # noqa: E402, F401
import torch  # noqa: E402
import torch.distributed as dist  # noqa: E402
from supervisor_job import job  # noqa: E402
from supervisor_job.torch import join  # noqa: E402

torch.set_num_threads(1)
dist.init_process_group("gloo")
dist.barrier()
before = threads()
join()
job.resume()
step = 0
while True:
    step += 1
    time.sleep(0.02)
    job.step(step, save=lambda files: files.file(f"rank-{os.environ['RANK']}", b""))
