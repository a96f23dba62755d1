"""What the Trainer does around our callback where a step was due for a checkpoint and ends an epoch: it saves,
calls on_save, and then saves the same step again, into the same files. It is killed in the middle of that. Without
transformers, the classes that the callback only names are empty. Arguments: the Trainer's output folder; how many
bytes a file of ours may have, where there is a limit."""

import os
import resource
import signal
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

try:
    import transformers
except ImportError:
    transformers = sys.modules["transformers"] = ModuleType("transformers")
    for name in ("TrainerCallback", "TrainerControl", "TrainerState", "TrainingArguments"):
        setattr(transformers, name, type(name, (), {}))

sys.path.insert(0, "python")
from supervisor_job.callbacks.huggingface import PauseCallback

output = Path(sys.argv[1])
written = output / "checkpoint-4"
for name in ("model.safetensors", "global_step4/optimizer.pt"):
    (written / name).parent.mkdir(parents=True, exist_ok=True)
    (written / name).write_bytes(b"weights" * 40_000)
(written / "trainer_state.json").write_text('{"log_history": []}')

args, control = SimpleNamespace(output_dir=str(output)), SimpleNamespace(should_save=False)
state = SimpleNamespace(global_step=4, max_steps=12, epoch=1.0)
callback = PauseCallback()
callback.on_step_end(args, state, control)
assert control.should_save
if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
callback.on_save(args, state, control)

for name in ("model.safetensors", "trainer_state.json"):
    (written / name).write_bytes(b"half of it")
os.kill(os.getpid(), signal.SIGKILL)
