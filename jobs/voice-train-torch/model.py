"""Sound in, words out: torchaudio's mel spectrogram, three convolutions, one dense layer."""

import torch
import torchaudio


class LogMel(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self._mel = torchaudio.transforms.MelSpectrogram(
            sample_rate=8000, n_fft=256, hop_length=128, f_min=60, f_max=3800, n_mels=32
        )

    def forward(self, sounds: torch.Tensor) -> torch.Tensor:
        # −50 dB of a full-scale tone is the floor of an 8-bit recording.
        return (torch.log10(self._mel(sounds) + 1e-3).unsqueeze(1) + 1) / 2


def build_model(words: int) -> torch.nn.Sequential:
    """Takes (batch, 8192) samples in −1 … 1 at 8 kHz."""

    def stage(before: int, after: int) -> "list[torch.nn.Module]":
        return [
            torch.nn.Conv2d(before, after, 3, padding=1, bias=False),
            torch.nn.BatchNorm2d(after),
            torch.nn.ReLU(),
            torch.nn.MaxPool2d(2),
        ]

    return torch.nn.Sequential(
        LogMel(),
        *stage(1, 16),
        *stage(16, 32),
        *stage(32, 48),
        torch.nn.Flatten(),
        torch.nn.Dropout(0.3),
        torch.nn.Linear(48 * 4 * 8, words),
    )
