"""Writes one checkpoint so that its name appears only when every byte of it is on disk: temporary
directory, hash while writing, fsync, manifest last, rename, fsync of the parent. Must never touch an
existing checkpoint before its replacement is complete, and must leave nothing behind when it fails."""

from __future__ import annotations

import errno
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List

from ._contract import MANIFEST_FILE, TEMPORARY_PREFIX, checkpoint_name
from ._contract.manifest import manifest_bytes
from ._contract.values import whole
from ._files import CheckpointFiles, Entry, flush_directory
from ._keep import owner_suffix
from ._status import now_text


@dataclass(frozen=True)
class SavedCheckpoint:
    #: Its directory.
    path: Path
    step: int
    #: Of its files, the manifest not counted.
    bytes: int


def begin(directory: str, step: int) -> Path:
    """Makes the temporary directory."""
    if whole(step) is None:
        raise ValueError(f"step must be a whole number of completed steps, not {step}")
    os.makedirs(directory, exist_ok=True)
    temporary = Path(directory, f"{TEMPORARY_PREFIX}{checkpoint_name(step)}.{owner_suffix()}")
    temporary.mkdir()
    return temporary


def abandon(temporary: Path) -> None:
    shutil.rmtree(temporary, ignore_errors=True)


def commit(files: CheckpointFiles, step: int, entries: List[Entry], more: Dict[str, Any]) -> SavedCheckpoint:
    """Manifest, fsync, rename. From here on the checkpoint counts."""
    temporary = files.directory
    for entry in entries:
        _check_there(temporary, entry)
    entries = entries + files.take_in(entry["path"] for entry in entries)
    if not entries:
        raise ValueError("the save function wrote no file")
    entries.sort(key=lambda entry: str(entry["path"]))
    text = manifest_bytes({"step": step, **more, "createdAt": now_text(), "files": entries})
    with open(temporary / MANIFEST_FILE, "xb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    flush_directory(temporary)
    path = temporary.with_name(checkpoint_name(step))
    _move_into(temporary, path)
    flush_directory(path.parent)
    return SavedCheckpoint(path, step, sum(entry["bytes"] for entry in entries))


def _check_there(temporary: Path, entry: Entry) -> None:
    """Renamed or rewritten by the save function, or by a rank on a disk of its own: such a checkpoint
    would push out the good ones and never verify."""
    try:
        size = os.lstat(temporary / entry["path"]).st_size
    except FileNotFoundError:
        raise ValueError(
            f"{entry['path']} was written, but isn't in {temporary} any more: was it renamed, or do "
            "the ranks not share this directory?"
        ) from None
    if size != entry["bytes"]:
        raise ValueError(f"{entry['path']} has {size} bytes, but {entry['bytes']} were written and hashed")


def _move_into(temporary: Path, path: Path) -> None:
    """A step can only be saved twice after falling back past a bad checkpoint of the same step."""
    try:
        os.rename(temporary, path)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        aside = temporary.with_name(temporary.name + ".replaced")
        os.rename(path, aside)
        try:
            os.rename(temporary, path)
        except BaseException:  # The old one is better than none.
            os.rename(aside, path)
            raise
        shutil.rmtree(aside, ignore_errors=True)
