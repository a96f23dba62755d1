"""Decides which checkpoint can be trusted: manifest, sizes and every SHA-256. Only reads. Must never
call a checkpoint good that it hasn't read to the last byte."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Tuple, Union

from ._contract import MANIFEST_FILE, step_of_name
from ._contract.manifest import MOST_MANIFEST_BYTES, parse_manifest

_CHUNK_BYTES = 4 << 20


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint of which every hash was right."""

    path: Path
    step: int
    #: As it was given to the save, whole or fractional; None where none was.
    epoch: Optional[float]
    #: manifest.json, with what else a writer has put there.
    manifest: Dict[str, Any]

    @property
    def world_size(self) -> int:
        """Ranks of the run that wrote it."""
        return int(self.manifest["worldSize"])


@dataclass(frozen=True)
class Rejected:
    path: Path
    #: Why it can't be trusted, as half a sentence.
    reason: str
    #: The system doesn't let it be read now: that says nothing of what is in it.
    unreadable: bool = False


#: What was to be read isn't there, or is something else. Any other failure says nothing of what is on the disk.
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG)


def list_checkpoints(directory: str) -> List[Path]:
    """Complete-looking checkpoints, highest step first; empty where there is no directory. Raises Unreadable
    where it can't be read."""
    try:
        names = os.listdir(directory)
    except OSError as error:
        if not _is_absent(error):
            raise Unreadable(directory, error) from None
        return []
    found = [(step, name) for name in names for step in [step_of_name(name)] if step is not None]
    return [Path(directory, name) for _, name in sorted(found, reverse=True)]


def verify_checkpoint(path: Union[str, Path]) -> Union[Checkpoint, Rejected]:
    """Reads the whole checkpoint: a Checkpoint, or Rejected with the reason. Never raises."""
    path = Path(path)
    try:
        manifest = _read_manifest(path)
        for entry in manifest["files"]:
            _check_file(path, entry)
        return Checkpoint(path, manifest["step"], manifest["epoch"], manifest)
    except OSError as error:
        return Rejected(path, str(error), unreadable=not _is_absent(error))
    except ValueError as error:
        return Rejected(path, str(error))


def newest_verified(
    directory: str, preferred: Iterable[Optional[str]]
) -> Tuple[Optional[Checkpoint], List[Rejected]]:
    """The newest that verifies, with those that didn't on the way. `preferred` are tried first. Raises
    Unreadable where none does and one can't be read, or a preferred one can't."""
    first = [Path(path) for path in preferred if path]
    candidates = first + list_checkpoints(directory)
    rejected: List[Rejected] = []
    for path in dict.fromkeys(candidates):
        result = verify_checkpoint(path)
        if isinstance(result, Checkpoint):
            return result, rejected
        if result.unreadable and path in first:
            raise Unreadable(path, result.reason)
        rejected.append(result)
    for bad in rejected:
        if bad.unreadable:
            raise Unreadable(bad.path, bad.reason)
    return None, rejected


def _is_absent(error: OSError) -> bool:
    return error.errno in _ABSENT


class Unreadable(OSError):
    """A run without what can't be read now might repeat work that it holds."""

    def __init__(self, path: Union[str, Path], reason: object) -> None:
        super().__init__(f"{path} can't be read now ({reason}), and may be whole; try again, or move it away")


def _read_manifest(path: Path) -> Dict[str, Any]:
    at = path / MANIFEST_FILE
    found = os.lstat(at)
    # Reading a pipe would wait for a writer.
    if not stat.S_ISREG(found.st_mode) or found.st_size > MOST_MANIFEST_BYTES:
        raise ValueError(f"{MANIFEST_FILE} isn't a plain file of at most {MOST_MANIFEST_BYTES} bytes")
    try:
        return parse_manifest(at.read_bytes(), path.name)
    except ValueError as error:
        raise ValueError(f"{MANIFEST_FILE} {error}") from None


def _check_file(directory: Path, entry: Dict[str, Any]) -> None:
    path = directory / entry["path"]
    found = os.lstat(path)
    if not stat.S_ISREG(found.st_mode):
        raise ValueError(f"{entry['path']} is not a plain file")
    # One of its folders may be a link.
    if not os.path.realpath(path).startswith(os.path.realpath(directory) + os.sep):
        raise ValueError(f"{entry['path']} leads out of the checkpoint")
    if found.st_size != entry["bytes"]:
        raise ValueError(f"{entry['path']} has {found.st_size} bytes, not {entry['bytes']}")
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for chunk in iter(lambda: file.read(_CHUNK_BYTES), b""):
            digest.update(chunk)
    if digest.hexdigest() != entry["sha256"]:
        raise ValueError(f"{entry['path']} has changed since it was hashed")
