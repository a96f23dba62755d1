"""``rank-<n>.json``: what a job says of itself. This library writes it, and reads of it what an earlier
process of the same run has left; what the other fields mean, the supervisor reads (src/contract/status.ts)."""

from __future__ import annotations

import math
import re
from typing import Any, Dict, Mapping, Optional, Tuple

from . import step_of_name
from .values import TIME_WANTED, is_time, parse_object, refuse, whole, whole_from

REPORTED_STATES = ("ready", "running", "pausing", "saving", "standby", "paused", "finished", "failed")

#: Who writes a status keeps to the two limits below, and so to this one.
MOST_STATUS_BYTES = 64 * 1024
_MOST_METRICS = 64
_MOST_ERROR_LENGTH = 500


def parse_status(text: bytes) -> Tuple[str, Optional[str]]:
    """(runId, name of its newest checkpoint). Raises ValueError with the reason where the supervisor
    wouldn't count the file."""
    raw = parse_object(text, MOST_STATUS_BYTES, nan_is_null=True)
    run_id = raw.get("runId")
    if not isinstance(run_id, str) or run_id == "":
        refuse("", raw, "runId", "the run's id")
    if whole(raw.get("pid"), 1) is None:
        refuse("", raw, "pid", whole_from(1))
    rank = whole(raw.get("rank"))
    if rank is None:
        refuse("", raw, "rank", whole_from(0))
    if whole(raw.get("worldSize"), rank + 1) is None:
        refuse("", raw, "worldSize", whole_from(rank + 1))
    if raw.get("state") not in REPORTED_STATES:
        refuse("", raw, "state", f"one of {', '.join(REPORTED_STATES)}")
    if whole(raw.get("sequence")) is None:
        refuse("", raw, "sequence", whole_from(0))
    if not is_time(raw.get("at")):
        refuse("", raw, "at", TIME_WANTED)
    name = raw.get("checkpoint")
    return run_id, name if isinstance(name, str) and step_of_name(name) is not None else None


def metrics_in(metrics: Mapping[Any, Any]) -> Dict[str, float]:
    """The first 64 that float() makes finite numbers, under names that fit on a line."""
    numbers: Dict[str, float] = {}
    for name, value in metrics.items():
        if len(numbers) == _MOST_METRICS:
            break
        number = number_in(value)
        if number is not None and re.fullmatch(r"[A-Za-z0-9_ .:/%-]{1,64}", str(name)):
            numbers[str(name)] = number
    return numbers


def number_in(value: Any) -> Optional[float]:
    """JSON has no NaN, and None for what float() can't take: a metric is left out then."""
    try:
        number = float(value)
    except Exception:  # Another library's type, or a tensor on a GPU that has failed.
        return None
    return number if math.isfinite(number) else None


def error_in(sentence: str) -> str:
    """It is drawn and recorded, so it is short."""
    return sentence[:_MOST_ERROR_LENGTH]
