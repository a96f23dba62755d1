"""Decides which checkpoint can be trusted: manifest, sizes and every SHA-256. Only reads. Must never
call a checkpoint good that it hasn't read to the last byte."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Tuple, Union

from ._contract import MANIFEST_FILE, step_of_name, whole

_MOST_MANIFEST_BYTES = 64 << 20
_CHUNK_BYTES = 4 << 20


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint of which every hash was right."""

    path: Path
    step: int
    epoch: Optional[int]
    manifest: Dict[str, Any]

    @property
    def world_size(self) -> int:
        """Ranks of the run that wrote it."""
        return whole(self.manifest.get("worldSize"), 1) or 1


@dataclass(frozen=True)
class Rejected:
    path: Path
    #: Why it can't be trusted, as half a sentence.
    reason: str


def list_checkpoints(directory: str) -> List[Path]:
    """Complete-looking checkpoints, highest step first; empty where there is no directory."""
    try:
        names = os.listdir(directory)
    except OSError:
        return []
    found = [(step, name) for name in names for step in [step_of_name(name)] if step is not None]
    return [Path(directory, name) for _, name in sorted(found, reverse=True)]


def verify_checkpoint(path: Union[str, Path]) -> Union[Checkpoint, Rejected]:
    """Reads the whole checkpoint; never raises."""
    path = Path(path)
    try:
        manifest = _read_manifest(path)
        for entry in manifest["files"]:
            _check_file(path / entry["path"], entry)
        return Checkpoint(path, int(manifest["step"]), whole(manifest.get("epoch")), manifest)
    except (OSError, ValueError, RecursionError) as error:
        return Rejected(path, str(error))


def newest_verified(
    directory: str, preferred: Iterable[Optional[str]]
) -> Tuple[Optional[Checkpoint], List[Rejected]]:
    """The newest that verifies, with those that didn't on the way. `preferred` are tried first."""
    candidates = [Path(path) for path in preferred if path] + list_checkpoints(directory)
    rejected: List[Rejected] = []
    for path in dict.fromkeys(candidates):
        result = verify_checkpoint(path)
        if isinstance(result, Checkpoint):
            return result, rejected
        rejected.append(result)
    return None, rejected


def is_inside(path: Any) -> bool:
    """True for a relative path that stays inside its directory; backslashes mean different things elsewhere."""
    if not isinstance(path, str) or path == "" or "\\" in path or "\0" in path:
        return False
    return all(part not in ("", ".", "..") for part in path.split("/"))


def _read_manifest(path: Path) -> Dict[str, Any]:
    at = path / MANIFEST_FILE
    found = os.lstat(at)
    if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_MANIFEST_BYTES:
        raise ValueError(f"{MANIFEST_FILE} is not a plain file of a sensible size")
    value: Dict[str, Any] = json.loads(at.read_bytes())
    step = whole(value.get("step")) if isinstance(value, dict) else None
    if step is None or not isinstance(value.get("files"), list) or not value["files"]:
        raise ValueError(f"{MANIFEST_FILE} names no step or no files")
    if step_of_name(path.name) not in (None, step):
        raise ValueError(f"{MANIFEST_FILE} is of step {step}")
    for entry in value["files"]:
        if not (
            isinstance(entry, dict)
            and is_inside(entry.get("path"))
            and whole(entry.get("bytes")) is not None
            and re.fullmatch(r"[0-9a-f]{64}", str(entry.get("sha256")))
        ):
            raise ValueError(f"{MANIFEST_FILE} has an entry that makes no sense: {json.dumps(entry)}")
    return value


def _check_file(path: Path, entry: Dict[str, Any]) -> None:
    found = os.lstat(path)
    if not stat.S_ISREG(found.st_mode):
        raise ValueError(f"{entry['path']} is not a plain file")
    if found.st_size != entry["bytes"]:
        raise ValueError(f"{entry['path']} has {found.st_size} bytes, not {entry['bytes']}")
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for chunk in iter(lambda: file.read(_CHUNK_BYTES), b""):
            digest.update(chunk)
    if digest.hexdigest() != entry["sha256"]:
        raise ValueError(f"{entry['path']} has changed since it was hashed")
