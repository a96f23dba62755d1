"""Arguments, and several copies of the program with the environment that torch.distributed expects.
Needs neither torch nor the job library: it runs before both. torchrun does the same and more."""

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
from typing import List, NoReturn

PAUSED = 75

_parser = argparse.ArgumentParser(description="Trains a small network to tell ten spoken words apart.")
_parser.add_argument("--steps", type=int, default=1500)
_parser.add_argument("--seed", type=int, default=1)
_parser.add_argument("--batch-size", type=int, default=32, help="of each rank")
_parser.add_argument("--eval-every", type=int, default=100)
_parser.add_argument("--workers", type=int, default=2, help="data-loading processes of each rank")
_parser.add_argument("--threads", type=int, default=1, help="of each rank; another number gives other weights")
_parser.add_argument("--nproc", type=int, default=1, help="ranks to start on this machine")
_parser.add_argument("--timeout", type=float, default=600, help="seconds until a silent rank fails the others")
_parser.add_argument("--quiet", action="store_true")
options = _parser.parse_args()


def start_ranks(count: int) -> NoReturn:
    """Runs this program `count` times and ends with their common exit code. When one fails, the others,
    which would wait for it, are ended."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(count)}
    ranks = [
        subprocess.Popen(
            [sys.executable, *sys.argv, "--nproc", "1"],
            env={**os.environ, **common, "RANK": str(rank), "LOCAL_RANK": str(rank)},
        )
        for rank in range(count)
    ]
    signal.signal(signal.SIGTERM, lambda *_: [rank.terminate() for rank in ranks])
    sys.exit(_wait(ranks))


def _wait(ranks: "List[subprocess.Popen[bytes]]") -> int:
    while any(rank.poll() is None for rank in ranks):
        if any(rank.poll() not in (None, 0, PAUSED) for rank in ranks):
            # One that is stopped doesn't hear SIGTERM.
            for rank in ranks:
                rank.terminate()
                rank.send_signal(signal.SIGCONT)
        time.sleep(0.1)
    codes = {rank.returncode for rank in ranks}
    # A negative code is a signal's number.
    return codes.pop() if codes in ({0}, {PAUSED}) else max(abs(code) for code in codes - {0, PAUSED} or {1})
