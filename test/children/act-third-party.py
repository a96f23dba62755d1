"""A program without a library: saves on a signal, if told to catch one. argv: signal or "none", marker file."""

import os
import signal
import sys
import time

name, marker = sys.argv[1:3]


def note(text):
    with open(marker, "a") as file:
        file.write(f"{text} {os.getpid()}\n")


def heard(number, frame):
    note("heard")


# A worker with the same command line and the same handler, as data loaders have.
if len(sys.argv) > 3:
    signal.signal(getattr(signal, name), heard)
    if os.fork() == 0:
        note("worker")
if name == "later":
    while not os.path.exists(sys.argv[2] + ".catch"):
        time.sleep(0.01)
    name = "SIGUSR2"
if name != "none":
    signal.signal(getattr(signal, name), heard)
note("ready")
while True:
    time.sleep(0.05)
