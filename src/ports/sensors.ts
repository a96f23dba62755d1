/** What the tick asks of the machine; the real one is in sense/, tests bring faulty ones. */

import type { Sample } from "../model/machine.ts";
import type { Now } from "../model/time.ts";
import type { LiveRun } from "./live-run.ts";

export interface Sensors {
  /** Never throws and never waits: what can't be read is `unavailable` with its reason. */
  sample(runs: LiveRun[], now: Now): Sample;
  /**
   * The fast guard: calls `suspect` at most once between samples, as soon as CPU use of others
   * seems to be above `othersAbovePercent`; null turns it off.
   */
  guard(othersAbovePercent: number | null, runs: LiveRun[], suspect: () => void): void;
  close(): void;
}
