/**
 * Free space where each job saves. That may be another disk than the state directory's: a third-party
 * job's folder, or a checkpoint directory that is a link or a mount. Looks at the newest checkpoint, since
 * without one the size of the next is unknown. Never throws, and never waits for a network disk.
 */
import { dirname } from "node:path";
import { monotonicMs } from "../../clock.ts";
import type { Job } from "../../model/job.ts";
import type { Reading } from "../../model/machine.ts";
import { watchDisk } from "../../sense/machine/background.ts";

export class CheckpointDisks {
  readonly #byJob = new Map<string, { folder: string; read: (nowMs: number) => Reading }>();

  /** Null when unknown. */
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
