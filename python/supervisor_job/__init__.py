"""What a Python training program imports. Importing it reports ``ready``, listens for the pause
signal and reads control.json; without a supervisor's environment it does nothing. Import it before
torch, so that it listens early. Needs nothing but the standard library.

    from supervisor_job import job

    checkpoint = job.resume()
    for step in range(checkpoint.step + 1 if checkpoint else 1, steps + 1):
        loss = train(step)
        job.step(step, loss=loss, save=lambda files: files.file("weights.bin", weights))
"""

import os as _os

from ._contract import EXIT_PAUSED
from ._environment import read_surroundings as _read_surroundings
from ._files import CheckpointFiles, Contents, Save
from ._find import Checkpoint, Rejected, verify_checkpoint
from ._job import Job
from ._status import Numbers
from ._stream import Stream
from ._together import RankFailed, RankLost
from ._write import SavedCheckpoint

#: This process's job. One per process, made from the environment at import.
job: Job = Job(_read_surroundings(_os.environ))

#: True from the moment a pause is asked for. Cheap enough for the innermost loop.
should_pause = job.should_pause

__all__ = [
    "EXIT_PAUSED",
    "Checkpoint",
    "CheckpointFiles",
    "Contents",
    "Job",
    "Numbers",
    "RankFailed",
    "RankLost",
    "Rejected",
    "Save",
    "SavedCheckpoint",
    "Stream",
    "job",
    "should_pause",
    "verify_checkpoint",
]
