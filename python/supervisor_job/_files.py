"""The files of a checkpoint that is being written: hashed on the way, flushed to the disk, and taken in
when code other than ours has written them. Must never follow a link out of the checkpoint."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
from pathlib import Path
from typing import IO, Any, Callable, Dict, Iterable, List, Union, cast

from ._contract import MANIFEST_FILE
from ._contract.manifest import is_listable

Contents = Union[bytes, bytearray, memoryview, str, Iterable[bytes]]
Entry = Dict[str, Any]

_CHUNK_BYTES = 4 << 20
#: Flushed this often, so that `bytesSaved` grows with what is on disk and the last fsync is short.
_FLUSH_BYTES = 128 << 20


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
        """A binary file to write to from its start to its end, hashed on the way:
        ``torch.save(state, files.open("state.pt"))``. It is flushed to the disk when it is closed, at the
        latest after the save function. Folders are made as needed. Raises ValueError for a path that isn't
        inside the checkpoint or was written before, and OSError from the disk (ENOSPC, EACCES …)."""
        if not is_listable(path):
            raise ValueError(f"not a path inside a checkpoint: {path}")
        if path in self._entries:
            raise ValueError(f"written twice in one checkpoint: {path}")
        entry: Entry = {"path": path, "bytes": 0, "sha256": ""}
        self._entries[path] = entry
        target = self.directory / path
        if "/" in path:
            target.parent.mkdir(parents=True, exist_ok=True)
        file = _HashedFile(open(target, "xb", buffering=0), entry, self._count)
        self._open.append(file)
        return cast("IO[bytes]", file)

    def file(self, path: str, contents: Contents) -> None:
        """Writes, hashes and flushes one file: bytes, text (as UTF-8), or an iterable of bytes. Raises as
        `open` does, TypeError for contents of another kind, and whatever an iterable raises."""
        if isinstance(contents, str):
            contents = contents.encode("utf-8")
        pieces = [contents] if isinstance(contents, (bytes, bytearray, memoryview)) else contents
        with self.open(path) as file:
            for piece in pieces:
                file.write(piece)

    def json(self, path: str, value: Any) -> None:
        """The same for a value as JSON, as ``json.dumps`` writes it, NaN included. Raises as `open` does,
        and TypeError or ValueError for a value that JSON can't hold (a set, a cycle)."""
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
        for folder, folders, names in os.walk(self.directory, onerror=raise_it):
            # A link to a folder counts as a folder here, and isn't followed.
            links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
            for name in names + links:
                full = os.path.join(folder, name)
                path = os.path.relpath(full, self.directory).replace(os.sep, "/")
                if path in known:
                    continue
                if not os.path.isfile(full) or os.path.islink(full):
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


#: Writes everything that a resume needs. Whatever it raises fails the save.
Save = Callable[[CheckpointFiles], Any]


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


def raise_it(error: OSError) -> None:
    """For os.walk, which passes over what it can't list."""
    raise error
