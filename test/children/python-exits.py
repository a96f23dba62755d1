"""Ends in one of many ways after a first step. Arguments: how; how many steps there are in all, if that is told."""

from sys import exit as exit_before  # Taken before the library could watch it.

import os
import sys
import threading

import python_payload  # noqa: F401
from supervisor_job import job

how = sys.argv[1]
total = int(sys.argv[2]) if len(sys.argv) > 2 else None


def ended():
    pass


def caught():
    try:
        raise SystemExit(3)
    except SystemExit:
        pass


def thread():
    other = threading.Thread(target=exit, args=(3,))
    other.start()
    other.join()


def told_on():
    """A thread still says that it is held, as that of a stream may at the last moment."""

    def hold():
        status = job._run.status
        while True:
            status.report["state"] = "standby"
            status.write_now()

    threading.Thread(target=hold, daemon=True).start()


def cleaned_up():
    try:
        raise SystemExit(3)
    finally:
        ended()


def boom():
    raise RuntimeError("boom")


def leave(error):
    raise error


ways = {
    "end": ended,
    "end, while a thread reports": told_on,
    "a caught SystemExit": caught,
    "exit(3) in a thread": thread,
    "sys.exit()": sys.exit,
    "sys.exit(3)": lambda: sys.exit(3),
    "sys.exit(text)": lambda: sys.exit("too bad"),
    "exit()": lambda: exit(),
    "exit(3)": lambda: exit(3),
    "quit(1)": lambda: quit(1),
    "exit(text)": lambda: exit("too bad"),
    "raise SystemExit": lambda: leave(SystemExit),
    "raise SystemExit(3)": lambda: leave(SystemExit(3)),
    "raise SystemExit(text)": lambda: leave(SystemExit("too bad")),
    "raise SystemExit(3), cleaned up": cleaned_up,
    "an exit that was imported before": lambda: exit_before(3),
    "os._exit(3)": lambda: os._exit(3),
    "boom": boom,
}
job.step(1, total_steps=total)
ways[how]()
