/** Whether a job has ended, as its supervisor tells it while something else is being done. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ControlClient } from "../../control/client.ts";
import type { JobView } from "../../control/protocol.ts";
import { Refusal } from "../../refusal.ts";
import type { Outcome } from "../follow-jobs.ts";
import { say } from "../print.ts";

const RECONNECT_EVERY_MS = 1000;

/** A supervisor that goes tells nothing; once one is back, it goes on. */
export class JobEnd {
  readonly #client: ControlClient;
  #outcome: Outcome | null = null;
  #exitCode: number | null = null;
  #closed = false;

  /** `expected`: it was submitted just now, and may not be seen yet. */
  constructor(client: ControlClient, name: string, judge: (job: JobView) => Outcome, expected = false) {
    this.#client = client;
    let [fresh, seen] = [!expected, !expected];
    client.onSnapshot(({ jobs }) => {
      const job = jobs.find((one) => one.name === name);
      // The snapshot already here is older than the job.
      if (!fresh || (job === undefined && !seen)) return;
      seen = true;
      this.#exitCode = job?.exitCode ?? null;
      this.#outcome = job === undefined ? { end: "bad", text: "is no job of this supervisor" } : judge(job);
    });
    fresh = true;
    client.onClose(() => void this.#reconnect());
  }

  /** Null while it isn't known to have ended. */
  get outcome(): Outcome | null {
    return this.#outcome?.end == null ? null : this.#outcome;
  }

  /** How its last run ended; null where there is no exit code, or it isn't known. */
  get exitCode(): number | null {
    return this.#exitCode;
  }

  close(): void {
    this.#closed = true;
    this.#client.close();
  }

  async #reconnect(): Promise<void> {
    say("The supervisor is gone; the log is followed until one is back and tells of the job's end.");
    while (!this.#closed) {
      await sleep(RECONNECT_EVERY_MS, undefined, { ref: false });
      try {
        return await this.#client.reconnect();
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
      }
    }
  }
}
