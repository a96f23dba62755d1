"""Whether a pause is asked for: reads control.json, the supervisor's word, at import, at every ring
and now and then in between. The file may be missing, half written, a directory, a pipe or somebody's
joke: whatever it is, this must never raise, never block and never read without a limit, because it
runs in a signal handler in the middle of training."""

from __future__ import annotations

import os
import stat
import time
from _thread import allocate_lock
from typing import Callable, Optional, Tuple, Union

from ._contract.control import MOST_CONTROL_BYTES, parse_control

#: How old our knowledge of control.json may get while no signal comes through.
_REREAD_AFTER = 0.2

Word = Union[Tuple[int, str], str]


def read_control(path: str) -> Word:
    """(sequence, want); "missing" when there is no such file, "unreadable" when it makes no sense."""
    try:
        # O_NONBLOCK: opening a named pipe would otherwise wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return "missing"
    except (OSError, ValueError):
        return "unreadable"
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > MOST_CONTROL_BYTES:
            return "unreadable"
        return parse_control(os.read(descriptor, MOST_CONTROL_BYTES))
    except (OSError, ValueError):
        return "unreadable"
    finally:
        os.close(descriptor)


class Doorbell:
    """A request to leave is latched: once seen, it runs to its end. A standby ends with `run`."""

    def __init__(self, path: Optional[str], on_news: Callable[[], None]) -> None:
        """`path`: of control.json; None where nobody will ever ask."""
        # A lock is the cheapest flag that Python can ask: a call into C that returns a bool. Nobody
        # ever waits for it.
        self._flag = allocate_lock()
        #: Whether a pause is asked for.
        self.wanted: Callable[[], bool] = self._flag.locked
        #: The last control sequence that was read, and the word in force.
        self.sequence = 0
        self.word = "run"
        self._stands_by = False
        self._path = path
        self._on_news = on_news
        self._read_at = float("-inf")

    def ring(self) -> None:
        """For the signal. No control.json at all means that a person or a batch system rang by hand."""
        if self.read() == "missing" and self._ask("pause"):
            self._on_news()

    def stand_by(self) -> None:
        """This job has streams: it stands by where a job in training saves and leaves."""
        self._stands_by = True
        if self.word != "pause" and self._flag.locked():
            self._flag.release()

    def read_sometimes(self) -> None:
        if time.monotonic() - self._read_at >= _REREAD_AFTER:
            self.read()

    def read(self) -> Optional[str]:
        """None when the word could be read."""
        if self._path is None:
            return "missing"
        self._read_at = time.monotonic()
        word = read_control(self._path)
        # Torn or nonsense: the last word stands until a whole one can be read.
        if isinstance(word, str):
            return word
        sequence, want = word
        news = self._ask(want)
        if sequence != self.sequence or news:
            self.sequence = sequence
            self._on_news()
        return None

    def fall_silent(self) -> None:
        """In a forked worker, which nobody asks for anything."""
        self._path = None
        self.word = "run"
        if self._flag.locked():
            self._flag.release()

    def _ask(self, word: str) -> bool:
        """True when that is news."""
        # From standby nothing is lost by going on, so only a pause can't be withdrawn.
        leave = word == "pause" or (word != "run" and not self._stands_by)
        if self._flag.locked() and not leave:
            return False
        before, self.word = self.word, word
        if leave:
            self._flag.acquire(blocking=False)
        return word != before
