"""For Keras 3. Untested here. `fit` can't begin in the middle of an epoch, so this pauses at an
epoch's end; choose `steps_per_epoch` so that an epoch lasts no longer than others can wait.

    callback = PauseCallback()
    model = callback.restore(model)
    model.fit(..., initial_epoch=callback.initial_epoch, callbacks=[callback])

`epochs` stays the whole training's number. Other callbacks (ReduceLROnPlateau …) begin anew.
"""

from __future__ import annotations

from typing import Any, Mapping, Optional

import keras

from .. import job
from .._files import CheckpointFiles

_FILE = "model.keras"


class PauseCallback(keras.callbacks.Callback):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self._checkpoint = job.resume()
        #: Whole epochs that are done.
        self.initial_epoch = int(self._checkpoint.epoch or 0) if self._checkpoint else 0
        self._step = self._before_epoch = self._checkpoint.step if self._checkpoint else 0

    def restore(self, model: "keras.Model") -> "keras.Model":
        """The saved model, compiled, with its optimizer's state; the given one on a first run. Classes
        of your own must be registered (`keras.saving.register_keras_serializable`)."""
        return keras.saving.load_model(self._checkpoint.path / _FILE) if self._checkpoint else model

    def on_epoch_begin(self, epoch: int, logs: Optional[Mapping[str, Any]] = None) -> None:
        self._before_epoch = self._step

    def on_train_batch_end(self, batch: int, logs: Optional[Mapping[str, Any]] = None) -> None:
        # Counted by Keras: with `steps_per_execution` one call stands for several steps.
        self._step = self._before_epoch + batch + 1
        job.step(self._step, metrics=logs)

    def on_epoch_end(self, epoch: int, logs: Optional[Mapping[str, Any]] = None) -> None:
        def save(files: CheckpointFiles) -> None:
            self.model.save(files.directory / _FILE)

        job.step(self._step, epoch=epoch + 1, metrics=logs, save=save)
