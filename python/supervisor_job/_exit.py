"""How the program is about to end. Python doesn't tell its exit hooks, so what leads there is watched:
sys.exit() and errors that nobody catches. Must never change how it ends."""

from __future__ import annotations

import atexit
import sys
from typing import Any, Callable, NoReturn


class ExitWatch:
    def __init__(self, at_exit: Callable[[], None]) -> None:
        #: The exit code as far as it is known; 0 until something says otherwise.
        self.code = 0
        exit_before, hook_before = sys.exit, sys.excepthook

        def leave(status: Any = None) -> NoReturn:
            self.code = status if isinstance(status, int) else 0 if status is None else 1
            exit_before(status)

        def hook(*error: Any) -> None:
            self.code = 1
            hook_before(*error)

        sys.exit, sys.excepthook = leave, hook
        atexit.register(at_exit)
