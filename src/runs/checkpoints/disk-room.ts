/**
 * Room where each job saves. That may be another disk than the state directory's: a third-party job's
 * folder, or a checkpoint directory that is a link or a mount. Asked of the newest checkpoint, since only where
 * there is one can anybody tell how much room the next takes. Never throws; a network disk isn't waited for twice.
 */
import { dirname } from "node:path";
import { monotonicMs } from "../../clock.ts";
import type { Job } from "../../model/job.ts";
import type { Reading } from "../../model/machine.ts";
import { watchDisk } from "../../sense/machine/background.ts";

export class CheckpointDisks {
  readonly #byJob = new Map<string, { folder: string; read: (nowMs: number) => Reading }>();

  /** Null where that isn't known. */
  freeMiB({ name, checkpoint }: Job): number | null {
    if (checkpoint === null) return null;
    const folder = dirname(checkpoint.path);
    let known = this.#byJob.get(name);
    if (known?.folder !== folder) {
      known = { folder, read: watchDisk(folder) };
      this.#byJob.set(name, known);
    }
    const reading = known.read(monotonicMs());
    return "value" in reading ? reading.value : null;
  }
}
