"""For PyTorch jobs (torch 1.13 or newer): save and restore everything that an exact resume needs,
draw batches from a place that can be saved, and let several ranks pause at the same step."""

from .distributed import join
from .sampler import Index, ResumableSampler, generator_of
from .state import TrainingState

__all__ = ["Index", "ResumableSampler", "TrainingState", "generator_of", "join"]
