"""How the program is about to end, told to the status as its last word. Python doesn't tell its exit
hooks, so what leads there is watched: sys.exit(), exit(), quit(), errors that nobody catches, and how far
the program itself has come. A SystemExit that it raises by itself hides its code: all that is said is that it has left.
Must never change how it ends."""

from __future__ import annotations

import atexit
import sys
import threading
from _sitebuiltins import Quitter
from opcode import opname
from types import FrameType
from typing import Any, Dict, NoReturn, Optional

from ._contract import EXIT_PAUSED
from ._status import Status


class ExitWatch:
    def __init__(self, status: Status) -> None:
        #: The exit code that somebody has asked for; None while nobody has.
        self.code: Optional[int] = None
        #: It leaves on a checkpoint; what it exits with on the way out doesn't change that.
        self.pausing = False
        self._status = status
        self._program = _program()
        exit_before, quit_before, hook_before = sys.exit, Quitter.__call__, sys.excepthook

        def leave(code: Any = None) -> NoReturn:
            self._asked(code)
            exit_before(code)

        def leave_by_name(quitter: Quitter, code: Any = None) -> NoReturn:
            self._asked(code)
            quit_before(quitter, code)

        def hook(*error: Any) -> None:
            self.code = 1
            hook_before(*error)

        sys.exit, sys.excepthook = leave, hook
        Quitter.__call__ = leave_by_name  # type: ignore
        atexit.register(self.report)

    def _asked(self, code: Any) -> None:
        # In any other thread it ends that thread alone.
        if threading.current_thread() is threading.main_thread():
            self.code = code if isinstance(code, int) else 0 if code is None else 1

    def goes_on(self) -> None:
        """Somebody has caught what would have ended the program."""
        self.code, self.pausing = None, False

    def report(self) -> None:
        report = self._status.report
        # Python clears the names of a program that nobody holds while it can still run what they leave behind.
        program, self._program = self._program, None
        if self.pausing or self.code == EXIT_PAUSED:
            last: Dict[str, Any] = {"state": "paused"}
        # Left by Python itself, should another hook have taken the place of ours.
        elif self.code or getattr(sys, "last_type", None) is not None:
            last = {"state": "failed"}
        elif self.code == 0 or _has_returned(program) or _has_done_all(report):
            last = {"state": "finished"}
        else:
            last = {"left": True}
        self._status.write_last(last)


def _program() -> Optional[FrameType]:
    """The outermost frame of the main thread: that of the program's file, or of what runs it (``python -m``). None
    where it is a function that something else than Python has called: keeping it would keep what its names hold."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    while frame is not None and frame.f_back is not None:
        frame = frame.f_back
    return frame if frame is not None and frame.f_code.co_name in ("<module>", "_run_module_as_main") else None


def _has_returned(frame: Optional[FrameType]) -> bool:
    """Its last instruction was a return: no exception has ended it. True where nothing is known of it."""
    if frame is None:
        return True
    code = frame.f_code.co_code
    # A compiled program's frames have no instructions.
    return not 0 <= frame.f_lasti < len(code) or opname[code[frame.f_lasti]].startswith("RETURN_")


def _has_done_all(report: "dict[str, Any]") -> bool:
    step, total = report["step"], report["totalSteps"]
    return step is not None and total is not None and bool(step >= total)
