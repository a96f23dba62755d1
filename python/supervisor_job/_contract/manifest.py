"""``manifest.json``, written last into a checkpoint's directory. Valid or not: a checkpoint is what the
job goes on from, so nothing of it is guessed. A writer builds the file here too, so that it can never
commit a checkpoint that a reader refuses."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, List, Set

from . import MANIFEST_FILE, step_of_name
from .values import TIME_WANTED, epoch_or_none, is_time, parse_object, refuse, shown, whole, whole_from

#: The supervisor reads manifests within a tick.
MOST_MANIFEST_BYTES = 16 * 1024 * 1024


def parse_manifest(text: bytes, directory: str = "") -> Dict[str, Any]:
    """Other names are kept, for the program that resumes. Without `worldSize` one process wrote it. An
    epoch that makes no sense is None: nothing hangs on it, and the files may be all that is left.
    `directory`: the name of that which it lies in; where that is a checkpoint's, it says the step too.
    Raises ValueError with the reason."""
    raw = parse_object(text, MOST_MANIFEST_BYTES)
    step, world_size = whole(raw.get("step")), whole(raw.get("worldSize", 1), 1)
    if step is None:
        refuse("", raw, "step", whole_from(0))
    if step_of_name(directory) not in (None, step):
        raise ValueError(f"is of step {step}")
    if not is_time(raw.get("createdAt")):
        refuse("", raw, "createdAt", TIME_WANTED)
    if world_size is None:
        refuse("", raw, "worldSize", whole_from(1))
    files = raw.get("files")
    if not isinstance(files, list) or not files:
        refuse("", raw, "files", "a list of one file or more")
    _check_entries(files)
    return {**raw, "step": step, "epoch": epoch_or_none(raw.get("epoch")), "worldSize": world_size}


def manifest_bytes(manifest: Dict[str, Any]) -> bytes:
    """Raises ValueError where no reader would take it: too many files, or a name that can't be listed."""
    text = (json.dumps(manifest, indent=1) + "\n").encode("utf-8")
    try:
        parse_manifest(text)
    except ValueError as error:
        raise ValueError(f"{MANIFEST_FILE} {error}") from None
    return text


def is_listable(path: Any) -> bool:
    """Any file inside but the manifest, which can't hold its own hash."""
    return _is_inside(path) and path != MANIFEST_FILE


def _check_entries(files: List[Any]) -> None:
    paths: Set[Any] = set()
    for at, entry in enumerate(files):
        place = f"files[{at}]"
        if not isinstance(entry, dict):
            raise ValueError(f"has {place} {shown(entry)}, not a file")
        path = entry.get("path")
        if not is_listable(path):
            refuse(f"{place}.", entry, "path", "a path inside the checkpoint")
        # Its bytes would count twice.
        if path in paths:
            refuse(f"{place}.", entry, "path", "a path that is listed once")
        paths.add(path)
        if whole(entry.get("bytes")) is None:
            refuse(f"{place}.", entry, "bytes", whole_from(0))
        # One spelling: readers compare text, `sha256sum -c` too.
        if not re.fullmatch(r"[0-9a-f]{64}", str(entry.get("sha256"))):
            refuse(f"{place}.", entry, "sha256", "64 lower-case hex digits")


def _is_inside(path: Any) -> bool:
    """A relative path that stays in its directory and means the same everywhere: no backslash, no half of
    a character."""
    if not isinstance(path, str) or "\\" in path or "\0" in path:
        return False
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return all(part not in ("", ".", "..") for part in path.split("/"))
