"""For Lightning. Untested here. How exactly a run goes on within an epoch is up to Lightning.

    trainer = Trainer(callbacks=[PauseCallback()])
    trainer.fit(model, ckpt_path=resume_from())
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
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        def save(files: CheckpointFiles) -> None:
            trainer.save_checkpoint(files.directory / _FILE)

        job.step(
            trainer.global_step,
            loss=outputs.get("loss") if isinstance(outputs, Mapping) else outputs,
            epoch=trainer.current_epoch,
            total_steps=trainer.max_steps if trainer.max_steps > 0 else None,
            save=save,
        )
