"""For Lightning. Untested here.

    trainer = Trainer(callbacks=[PauseCallback()])
    trainer.fit(model, ckpt_path=resume_from())

Use Lightning 2.5 or newer: earlier ones train the last batch before a checkpoint again. Which batches of
an unfinished epoch come after a resume depends on the loader: only one with a state_dict, such as
torchdata's StatefulDataLoader, goes on where it was.
"""

from __future__ import annotations

from typing import Any, Mapping, Optional

from lightning.pytorch import Callback, LightningModule, Trainer

from .. import job
from .._files import CheckpointFiles

_FILE = "lightning.ckpt"


def resume_from() -> Optional[str]:
    """For `ckpt_path`; None on a first run."""
    checkpoint = job.resume()
    return None if checkpoint is None else str(checkpoint.path / _FILE)


class PauseCallback(Callback):  # type: ignore[misc]
    def __init__(self) -> None:
        self._step = 0
        self._total_steps: Any = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._step = trainer.global_step
        self._total_steps = trainer.estimated_stepping_batches

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        # Several batches are one step where gradients are accumulated, and no checkpoint holds gradients.
        if trainer.global_step == self._step:
            return
        self._step = trainer.global_step

        def save(files: CheckpointFiles) -> None:
            trainer.save_checkpoint(files.directory / _FILE)

        job.step(
            self._step,
            loss=outputs.get("loss") if isinstance(outputs, Mapping) else outputs,
            epoch=trainer.current_epoch,
            total_steps=self._total_steps,
            save=save,
        )
