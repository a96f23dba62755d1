"""The recordings of ../voice-train as a PyTorch data set. How a recording is varied follows from
seed, epoch and index alone, so workers, their number and a resume change nothing."""

import json
import wave
from pathlib import Path
from typing import Tuple

import torch
from supervisor_job.torch import Index, generator_of
from torch.utils.data import Dataset

DATA = Path(__file__).resolve().parents[1] / "voice-train" / "data"
#: One second at 8 kHz, whole frames.
SAMPLES = 8192


class Recordings(Dataset):
    def __init__(self, split: str, seed: int = 0) -> None:
        index = json.loads((DATA / "index.json").read_text())
        with wave.open(str(DATA / "recordings.wav")) as file:
            sound = torch.frombuffer(bytearray(file.readframes(file.getnframes())), dtype=torch.uint8)
        self.words = index["words"]
        self._seed = seed
        chosen = [entry for entry in index["recordings"] if entry["split"] == split]
        self._labels = [self.words.index(entry["word"]) for entry in chosen]
        self._sounds = [
            (sound[entry["start"] : entry["start"] + entry["samples"]].float() - 128) / 128 for entry in chosen
        ]

    def __len__(self) -> int:
        return len(self._sounds)

    def __getitem__(self, index: Index) -> Tuple[torch.Tensor, int]:
        """Another speed, place, loudness and background noise: few voices then go a long way."""
        random = generator_of(self._seed, index.epoch, index)
        speed, place, gain, noise = torch.rand(4, generator=random).tolist()
        sound = self._sounds[index]
        length = min(SAMPLES, int(len(sound) / (0.85 + 0.3 * speed)))
        varied = torch.nn.functional.interpolate(sound.view(1, 1, -1), size=length, mode="linear").view(-1)
        room = 0.03 * noise * (2 * torch.rand(SAMPLES, generator=random) - 1)
        start = int(place * (SAMPLES - length))
        room[start : start + length] += (0.4 + 0.8 * gain) * varied
        return room, self._labels[index]

    def all_plain(self) -> Tuple[torch.Tensor, torch.Tensor]:
        """Every recording once, unvaried, in the middle of its second."""
        rooms = torch.zeros(len(self), SAMPLES)
        for room, sound in zip(rooms, self._sounds):
            start = max(0, (SAMPLES - len(sound)) // 2)
            sound = sound[:SAMPLES]
            room[start : start + len(sound)] = sound
        return rooms, torch.tensor(self._labels)
