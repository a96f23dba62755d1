"""Writes one checkpoint so that its name appears only when every byte of it is on disk: temporary
directory, hash while writing, fsync, manifest last, rename, fsync of the parent. Must never touch an
existing checkpoint before its replacement is complete, and must leave nothing behind when it fails."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Callable, Dict, Iterable, List, Optional, Union, cast

from ._contract import MANIFEST_FILE, TEMPORARY_PREFIX, checkpoint_name
from ._find import is_inside
from ._keep import owner_suffix
from ._status import now_text

Contents = Union[bytes, bytearray, memoryview, str, Iterable[bytes]]
Entry = Dict[str, Any]

_CHUNK_BYTES = 4 << 20
#: Flushed this often, so that `bytesSaved` grows with what is on disk and the last fsync is short.
_FLUSH_BYTES = 128 << 20


@dataclass(frozen=True)
class SavedCheckpoint:
    path: Path
    step: int
    bytes: int


class CheckpointFiles:
    """Handed to a save function; every path is relative to the checkpoint, with "/" between folders."""

    def __init__(self, directory: Path, on_bytes: Callable[[int], None]) -> None:
        #: The directory being written, for code that insists on writing its own files. They are
        #: hashed afterwards.
        self.directory = directory
        self._on_bytes = on_bytes
        self._bytes = 0
        self._open: List[_HashedFile] = []
        self._entries: Dict[str, Entry] = {}

    def open(self, path: str) -> IO[bytes]:
        """A file to write to, hashed on the way: ``torch.save(state, files.open("state.pt"))``."""
        if not is_inside(path) or path == MANIFEST_FILE:
            raise ValueError(f"not a path inside a checkpoint: {path}")
        if path in self._entries:
            raise ValueError(f"written twice in one checkpoint: {path}")
        entry: Entry = {"path": path, "bytes": 0, "sha256": ""}
        self._entries[path] = entry
        target = self.directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        file = _HashedFile(open(target, "xb", buffering=0), entry, self._count)
        self._open.append(file)
        return cast("IO[bytes]", file)

    def file(self, path: str, contents: Contents) -> None:
        if isinstance(contents, str):
            contents = contents.encode("utf-8")
        pieces = [contents] if isinstance(contents, (bytes, bytearray, memoryview)) else contents
        with self.open(path) as file:
            for piece in pieces:
                file.write(piece)

    def json(self, path: str, value: Any) -> None:
        self.file(path, json.dumps(value))

    def close(self) -> List[Entry]:
        """What this process has written itself, complete and on disk."""
        for file in self._open:
            file.close()
        return list(self._entries.values())

    def take_in(self, known: Iterable[str]) -> List[Entry]:
        """Hashes what was written behind our back, and flushes every folder."""
        known = set(known)
        found: List[Entry] = []
        for folder, _, names in os.walk(self.directory, onerror=_raise):
            for name in names:
                full = os.path.join(folder, name)
                path = os.path.relpath(full, self.directory).replace(os.sep, "/")
                if path in known:
                    continue
                if not os.path.isfile(full) or os.path.islink(full) or not is_inside(path):
                    raise ValueError(f"only plain files can be part of a checkpoint: {path}")
                if path == MANIFEST_FILE:
                    raise ValueError(f"{MANIFEST_FILE} is written by the library")
                found.append(self._hash_written(full, path))
            flush_directory(folder)
        return found

    def _hash_written(self, full: str, path: str) -> Entry:
        digest, size = hashlib.sha256(), 0
        # Read and write: some systems refuse to flush a descriptor that can't write.
        with open(full, "r+b", buffering=0) as file:
            for chunk in iter(lambda: file.read(_CHUNK_BYTES), b""):
                digest.update(chunk)
                size += len(chunk)
                self._count(len(chunk))
            os.fsync(file.fileno())
        return {"path": path, "bytes": size, "sha256": digest.hexdigest()}

    def _count(self, more: int) -> None:
        self._bytes += more
        self._on_bytes(self._bytes)


class _HashedFile(io.RawIOBase):
    def __init__(self, file: "io.FileIO", entry: Entry, count: Callable[[int], None]) -> None:
        self._file = file
        self._entry = entry
        self._count = count
        self._digest = hashlib.sha256()
        self._unflushed = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        for start in range(0, len(view), _CHUNK_BYTES):
            piece = view[start : start + _CHUNK_BYTES]
            self._digest.update(piece)
            while piece:
                written = self._file.write(piece) or 0
                piece = piece[written:]
                self._entry["bytes"] += written
                self._unflushed += written
                self._count(written)
            if self._unflushed >= _FLUSH_BYTES:
                os.fsync(self._file.fileno())
                self._unflushed = 0
        return len(view)

    def tell(self) -> int:
        return int(self._entry["bytes"])

    def close(self) -> None:
        if self.closed:
            return
        try:
            os.fsync(self._file.fileno())
            self._entry["sha256"] = self._digest.hexdigest()
        finally:
            self._file.close()
            super().close()


Save = Callable[[CheckpointFiles], Any]


def write_checkpoint(
    directory: str,
    step: int,
    save: Save,
    epoch: Optional[int] = None,
    on_bytes: Callable[[int], None] = lambda _: None,
) -> SavedCheckpoint:
    """Writes ``directory/step-<step>/``. Raises whatever `save` or the disk raises; older checkpoints
    are then untouched. `on_bytes` is told the bytes written so far, every few MiB."""
    temporary = begin(directory, step)
    files = CheckpointFiles(temporary, on_bytes)
    try:
        save(files)
        return commit(files, step, files.close(), {"epoch": epoch})
    except BaseException:
        abandon(temporary)
        raise


def begin(directory: str, step: int) -> Path:
    """Makes the temporary directory."""
    os.makedirs(directory, exist_ok=True)
    temporary = Path(directory, f"{TEMPORARY_PREFIX}{checkpoint_name(step)}.{owner_suffix()}")
    temporary.mkdir()
    return temporary


def abandon(temporary: Path) -> None:
    shutil.rmtree(temporary, ignore_errors=True)


def commit(files: CheckpointFiles, step: int, entries: List[Entry], more: Dict[str, Any]) -> SavedCheckpoint:
    """Manifest, fsync, rename. From here on the checkpoint counts."""
    temporary = files.directory
    entries = entries + files.take_in(entry["path"] for entry in entries)
    if not entries:
        raise ValueError("the save function wrote no file")
    entries.sort(key=lambda entry: str(entry["path"]))
    manifest = {"step": step, **more, "createdAt": now_text(), "files": entries}
    with open(temporary / MANIFEST_FILE, "xb") as file:
        file.write((json.dumps(manifest, indent=1) + "\n").encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())
    flush_directory(temporary)
    path = temporary.with_name(checkpoint_name(step))
    _move_into(temporary, path)
    flush_directory(path.parent)
    return SavedCheckpoint(path, step, sum(entry["bytes"] for entry in entries))


def flush_directory(path: Union[str, Path]) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems have no flush for directories; there is nothing better to do.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def _move_into(temporary: Path, path: Path) -> None:
    """A step can only be saved twice after falling back past a bad checkpoint of the same step."""
    try:
        os.rename(temporary, path)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        aside = temporary.with_name(temporary.name + ".replaced")
        os.rename(path, aside)
        os.rename(temporary, path)
        shutil.rmtree(aside, ignore_errors=True)


def _raise(error: OSError) -> None:
    raise error
