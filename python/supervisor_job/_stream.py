"""One stream of frames: audio, tokens, answers. It waits at the job's gate before every frame while the
job is held. Drops nothing, repeats nothing, and knows nothing of the supervisor."""

from __future__ import annotations

import asyncio
import threading
import time
from functools import partial
from typing import Any, AsyncIterator, Callable, Iterable, Iterator, List, Optional, TypeVar

T = TypeVar("T")


class Gate:
    """Open or closed for all streams of a job. Its lock guards what the streams say of themselves."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.open = True
        self._wakes: List[Callable[[], None]] = []

    def opened(self) -> None:
        """With the lock held: lets everybody through."""
        self.open = True
        self.changed.notify_all()
        wakes, self._wakes = self._wakes, []
        for wake in wakes:
            wake()

    def call_when_open(self, wake: Callable[[], None]) -> None:
        """With the lock held."""
        self._wakes.append(wake)

    def arriving(self) -> None:
        """A stream comes to the gate, open or not."""

    def passed(self) -> None:
        """With the lock held: a frame has passed."""

    def settled(self) -> None:
        """With the lock held: a stream waits at the closed gate, or has ended."""


class Stream:
    """``stream.wait()`` before every frame, in any thread; ``await stream.wait_async()`` in asyncio; and
    ``stream.end()`` after the last, or ``with job.stream() as stream:``."""

    def __init__(self, gate: Gate, name: str, busy: bool) -> None:
        """`busy`: False for a stream that waits for its input before it works."""
        self.name = name
        self.ended = False
        self._gate = gate
        # At work on a frame, as far as can be seen: from one frame to the asking for the next.
        self._busy = busy
        self._held_seconds = 0.0

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: Any) -> None:
        self.end()

    @property
    def held(self) -> bool:
        """Nothing of it can pass: it is at the closed gate, or its next frame will stop there."""
        return not self._gate.open and not self._busy

    @property
    def held_seconds(self) -> float:
        """How long its frames have been held so far. A player that keeps time subtracts it."""
        return self._held_seconds

    def wait(self) -> None:
        """Call before every frame: returns at once, or, while the job is held, when it goes on."""
        self.rest()
        self._pass()

    async def wait_async(self) -> None:
        """`wait` for asyncio: other tasks go on."""
        await self.rest_async()
        self._pass()

    def end(self) -> None:
        """The stream is done; a job whose streams have all ended produces nothing."""
        with self._gate.changed:
            if not self.ended:
                self.ended, self._busy = True, False
                self._gate.settled()

    def rest(self) -> None:
        """Waits like `wait`, with no frame to let through."""
        gate = self._gate
        gate.arriving()
        with gate.changed:
            self._busy = False
            since = time.monotonic()
            while not gate.open:
                gate.settled()
                # Not for ever: on some systems a signal doesn't interrupt a wait without an end.
                gate.changed.wait(3600)
            self._held_seconds += time.monotonic() - since

    async def rest_async(self) -> None:
        gate = self._gate
        gate.arriving()
        since = time.monotonic()
        while True:
            loop = asyncio.get_running_loop()
            opened = loop.create_future()
            with gate.changed:
                self._busy = False
                if gate.open:
                    break
                gate.call_when_open(partial(_resolve_in, loop, opened))
                gate.settled()
            await opened
        self._held_seconds += time.monotonic() - since

    def work(self) -> None:
        """What follows counts as work until the stream is at the gate again."""
        self._busy = True

    def _pass(self) -> None:
        with self._gate.changed:
            self._busy = True
            self._gate.passed()


def _resolve_in(loop: asyncio.AbstractEventLoop, future: "asyncio.Future[None]") -> None:
    def resolve() -> None:
        if not future.done():
            future.set_result(None)

    try:
        loop.call_soon_threadsafe(resolve)
    except RuntimeError:
        pass  # The loop has been closed meanwhile.


def through_gate(stream: Stream, frames: Iterable[T], source: str) -> Iterator[T]:
    """Every frame of `frames`. Ends the stream with its consumer."""
    iterator = iter(frames)
    with stream:
        while True:
            # Asked for before the gate, a frame would be computed while the job is held.
            stream.rest()
            if source == "computes":
                stream.work()
            try:
                frame = next(iterator)
            except StopIteration:
                return
            stream.wait()
            yield frame


async def through_gate_async(stream: Stream, frames: "AsyncIterator[T]", source: str) -> "AsyncIterator[T]":
    iterator = frames.__aiter__()
    with stream:
        while True:
            await stream.rest_async()
            if source == "computes":
                stream.work()
            try:
                frame: Optional[T] = await iterator.__anext__()
            except StopAsyncIteration:
                return
            await stream.wait_async()
            yield frame  # type: ignore[misc]
