/**
 * The only reader of time outside the job library. Four readings, each for one use; never subtract
 * one kind from another:
 *
 * - `wallMs` is what people and other programs mean: windows, `--until`, dates in files, ages by mtime.
 *   It jumps whenever the machine's clock is set.
 * - `monotonicMs` counts from the machine's boot, alike in every process, so it is what is kept, sent or
 *   compared across processes: dwell, grace, cool-down, retries, stalls, when a reading was taken. After a
 *   reboot recovery rebases what was kept.
 * - `elapsedMs` counts from the start of this process and allocates nothing: deadlines, pace and cost within
 *   one process.
 * - `bootSeconds` counts from the machine's boot as the kernel counts the start times of processes.
 *
 * While the machine is suspended, wall time and `bootSeconds` go on; `monotonicMs` and `elapsedMs` stand
 * still, as timers do: a cool-down isn't slept off, a deadline isn't missed by sleeping.
 */
import { uptime } from "node:os";
import type { Clock } from "./ports/clock.ts";

/** Milliseconds since 1970, UTC. */
export const wallMs = (): number => Date.now();

/** Milliseconds since the boot of the machine, without its time in suspend; to a microsecond. */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

/** Milliseconds since this process began, without the machine's time in suspend. */
export const elapsedMs = (): number => performance.now();

/** Seconds since the boot of the machine, its time in suspend included; to a hundredth. */
export const bootSeconds = (): number => uptime();

/** Wall and monotonic time of one moment, for a tick. */
export const clock: Clock = {
  now: () => ({ wallMs: wallMs(), monotonicMs: monotonicMs() }),
};
