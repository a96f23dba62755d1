"""How the program is about to end, told to the status as its last word. Python doesn't tell its exit
hooks, so what leads there is watched: sys.exit() and errors that nobody catches. Must never change
how it ends."""

from __future__ import annotations

import atexit
import sys
import threading
from typing import Any, NoReturn

from ._contract import EXIT_PAUSED
from ._status import Status


class ExitWatch:
    def __init__(self, status: Status) -> None:
        #: The exit code as far as it is known; 0 until something says otherwise.
        self.code = 0
        #: It leaves on a checkpoint; what it exits with on the way out doesn't change that.
        self.pausing = False
        self._status = status
        exit_before, hook_before = sys.exit, sys.excepthook

        def leave(code: Any = None) -> NoReturn:
            # In any other thread it ends that thread alone.
            if threading.current_thread() is threading.main_thread():
                self.code = code if isinstance(code, int) else 0 if code is None else 1
            exit_before(code)

        def hook(*error: Any) -> None:
            self.code = 1
            hook_before(*error)

        sys.exit, sys.excepthook = leave, hook
        atexit.register(self.report)

    def goes_on(self) -> None:
        """Somebody has caught what would have ended the program."""
        self.code, self.pausing = 0, False

    def report(self) -> None:
        # Left by Python itself, should another hook have taken the place of ours.
        failed = self.code != 0 or getattr(sys, "last_type", None) is not None
        paused = self.pausing or self.code == EXIT_PAUSED
        self._status.report["state"] = "paused" if paused else "failed" if failed else "finished"
        self._status.write_last()
