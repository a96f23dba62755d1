"""What is said to whoever reads the job's log. Must never raise and never wait for Python's buffers: it
may run in a signal handler that has interrupted a print."""

from __future__ import annotations

import os
import traceback

#: Of the parts that a program doesn't call by name.
_OWN = os.path.join(os.path.dirname(__file__), "_")


def say(sentence: str) -> None:
    try:
        os.write(2, f"supervisor: {sentence}\n".encode("utf-8", "replace"))
    except OSError:
        pass


def describe(error: BaseException) -> str:
    """One line; with its type, without which a KeyError would be a mere name."""
    return traceback.format_exception_only(type(error), error)[-1].strip()


def say_where(error: BaseException) -> None:
    """The traceback, from where the program's own code begins. What the disk says needs none."""
    if isinstance(error, OSError):
        return
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_OWN):
        trace = trace.tb_next
    if trace is not None:
        say("".join(traceback.format_exception(type(error), error, trace)).rstrip())
