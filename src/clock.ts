/**
 * The only reader of real time. Monotonic time counts from the machine's boot, so that it can be
 * compared across restarts of the supervisor; after a reboot, times are rebased by recovery.
 */
import type { Clock } from "./ports.ts";

export const clock: Clock = {
  now: () => ({ wallMs: Date.now(), monotonicMs: Number(process.hrtime.bigint() / 1000n) / 1000 }),
};
