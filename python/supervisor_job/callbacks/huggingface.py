"""For Hugging Face Trainer. Untested here.

    trainer.add_callback(PauseCallback())
    trainer.train(resume_from_checkpoint=resume_from())

The Trainer saves what it needs (optimizer, scheduler, random states), unless `save_only_model` is set.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, Dict, Optional

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from .. import job
from .._files import CheckpointFiles, raise_it

_FOLDER = "trainer"
_CHUNK_BYTES = 4 << 20


def resume_from() -> Optional[str]:
    """For `resume_from_checkpoint`; None on a first run."""
    checkpoint = job.resume()
    return None if checkpoint is None else str(checkpoint.path / _FOLDER)


class PauseCallback(TrainerCallback):  # type: ignore[misc]
    """The Trainer writes its own checkpoint; its files are copied into ours, and then we leave."""

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        job.step(state.global_step, total_steps=state.max_steps, epoch=int(state.epoch or 0))
        if job.wants_save(state.global_step):
            control.should_save = True
        return control

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Optional[Dict[str, Any]] = None,
        **_: Any,
    ) -> None:
        job.step(state.global_step, metrics=logs)

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Comes when the Trainer's own checkpoint is complete, and before it takes the next step."""
        written = Path(args.output_dir, f"checkpoint-{state.global_step}")

        def save(files: CheckpointFiles) -> None:
            # Not second names for its files: the Trainer saves a step that ends an epoch again, in place.
            for folder, _, names in os.walk(written, onerror=raise_it, followlinks=True):
                for name in names:
                    source = os.path.join(folder, name)
                    path = os.path.join(_FOLDER, os.path.relpath(source, written))
                    with open(source, "rb") as theirs, files.open(path) as ours:
                        shutil.copyfileobj(theirs, ours, _CHUNK_BYTES)

        job.step(state.global_step, epoch=int(state.epoch or 0), save=save)
