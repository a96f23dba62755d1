"""Hard use of the Python library, in one supervised process each. Argument: which. Raises when it isn't as
it should be."""

import copy
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time

import python_payload  # noqa: F401
from supervisor_job import job, should_pause, verify_checkpoint


def good(files):
    files.file("state.bin", "state")


class Whole:
    """As NumPy's and PyTorch's whole numbers are: JSON doesn't know them."""

    def __index__(self):
        return 7


class Broken:
    def __float__(self):
        raise ZeroDivisionError


def numbers():
    job.step(Whole(), total_steps=Whole(), epoch=Whole(), metrics={"huge": 10**400, "broken": Broken(), "fine": 2})
    report = job.report
    assert (report["step"], report["totalSteps"], report["epoch"]) == (7, 7, 7), report
    assert report["metrics"] == {"fine": 2.0}, report
    assert verify_checkpoint(job.save(Whole(), good, epoch=Whole()).path).epoch == 7
    job.step(8, epoch=float("nan"), total_steps="many")
    assert (job.report["epoch"], job.report["totalSteps"]) == (None, None)


def cannot_read():
    """Its end waits for a thread."""
    threading.Thread(target=threading.Event().wait).start()
    job.resume()


def fork_in_save():
    """The child leaves through the parent's save."""

    def save(files):
        good(files)
        child = os.fork()
        if child == 0:
            sys.exit(0)
        assert os.waitpid(child, 0)[1] == 0

    job.step(1)
    job.save(1, save)

    def save_and_fail(files):
        good(files)
        child = os.fork()
        if child == 0:
            raise RuntimeError("the child's own mistake")
        assert os.waitpid(child, 0)[1] != 0

    try:
        job.save(2, save_and_fail)
    except RuntimeError:
        os._exit(9)  # The child.


def copies():
    assert copy.deepcopy({"job": job})["job"] is job
    assert pickle.loads(pickle.dumps(job)) is job


def worker(queue, shared):
    signalled = signal.getsignal(signal.SIGUSR2) == signal.SIG_IGN
    os.kill(os.getpid(), signal.SIGUSR2)
    queue.put((job.supervised, job.report, signalled, should_pause(), shared.supervised))


def start_methods():
    job.step(1)
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        queue = context.Queue()
        child = context.Process(target=worker, args=(queue, job))
        child.start()
        assert queue.get() == (False, None, True, False, False), method
        child.join()
        assert child.exitcode == 0 and not should_pause()


def threads():
    """Two of them step; the one that saves first is the one that leaves."""

    def save(files):
        good(files)
        time.sleep(0.2)

    def train():
        step = 0
        while True:
            step += 1
            time.sleep(0.01)
            job.step(step, save=save)

    for _ in range(2):
        threading.Thread(target=train).start()
    os.kill(os.getpid(), signal.SIGUSR2)


def late_report():
    """A thread is in the middle of a report when the program leaves."""
    replace, sleep = os.replace, time.sleep
    began, waits = threading.Event(), threading.Event()

    def slowly(source, target):
        if threading.current_thread() is not threading.main_thread():
            began.set()
            waits.wait()
        replace(source, target)

    def seen_to_wait(seconds):
        waits.set()
        sleep(seconds)

    os.replace = slowly
    job.step(1, save=good)
    threading.Thread(target=job._run.status.write_now, daemon=True).start()
    began.wait()
    time.sleep = seen_to_wait
    os.kill(os.getpid(), signal.SIGUSR2)
    job.step(2, save=good)


def interrupted():
    """Ctrl-C in the middle of a save."""

    def save(files):
        good(files)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(10)

    job.save(1, good)
    try:
        job.step(2)
        job.save(2, save)
    except KeyboardInterrupt:
        assert os.listdir(os.environ["SUPERVISOR_CHECKPOINT_DIR"]) == ["step-00000001"]
        assert job.report["state"] == "running"


def caught_exit():
    """An exit that somebody catches isn't the end of the program."""
    try:
        sys.exit(2)
    except SystemExit:
        job.step(1)
    thread = threading.Thread(target=sys.exit, args=(3,))
    thread.start()
    thread.join()


def another_hook():
    sys.excepthook = lambda *_: None
    job.step(1)
    raise RuntimeError("nobody's")


def exit_on_the_way_out():
    """Wrappers catch everything and leave with a code of their own."""
    os.kill(os.getpid(), signal.SIGUSR2)
    try:
        job.step(1, save=good)
    except BaseException:
        sys.exit(1)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
