/**
 * The memory of followed runs that observing and performing share: what is known of each run between
 * ticks, by run id. Reads nothing by itself.
 */
import type { Run } from "../model/run.ts";
import { type Followed, newlyFollowed } from "./observe/follow.ts";

export class FollowedRuns {
  readonly #byId = new Map<string, Followed>();
  readonly #stateDirectory: string;

  constructor(stateDirectory: string) {
    this.#stateDirectory = stateDirectory;
  }

  of(run: Run, job: string): Followed {
    const known = this.#byId.get(run.id) ?? newlyFollowed(run.id, job, this.#stateDirectory);
    this.#byId.set(run.id, known);
    return known;
  }

  forget(run: Run): void {
    this.#byId.delete(run.id);
  }
}
