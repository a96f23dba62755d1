"""Callbacks for training loops that aren't yours: ``from supervisor_job.callbacks.huggingface import
PauseCallback``. Each is for a single process, and imports its framework only when it is imported.

Untested here: tried by hand (docs/python-jobs.md), but not run by this repository's tests.
"""
