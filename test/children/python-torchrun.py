"""torchrun, as Debian 12's python3-torch should ship it: its own can't read its default arguments on
Python 3.11."""

from torch.distributed import run
from torch.distributed.elastic.multiprocessing.api import Std


def from_text(_, text):
    if ":" not in text:
        return Std(int(text))
    return {int(rank): Std(int(value)) for rank, value in (part.split(":") for part in text.split(","))}


Std.from_str = classmethod(from_text)
run.main()
