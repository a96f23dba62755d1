/** What the same work would have cost otherwise. Pure. */
import type { Window } from "../../config/schema/schema.ts";
import { windowStates, windowsOf } from "../../decide/windows/windows.ts";
import type { Span } from "../span.ts";
import type { JobEnergy } from "./meter.ts";
import { type Bill, emptyBill, type Prices } from "./prices.ts";

/** The figures in words, as the report prints them. */
export const METHOD =
  "Energy is the power that the GPUs report, integrated over the samples while a job held them (shared in equal parts), " +
  "plus an estimate for the host: the job's CPU use times energy.hostWatts. It is priced by the tariff at the time of its use. " +
  "Each of the two comparisons takes the work that was done, as the job's run time, with the energy that was read while it ran (a gap is on neither side), evenly spread, " +
  "from the moment it was first there: without any pause; and only while its windows were open, with no other pause. " +
  "Both leave out what others would have felt, waits for a GPU, and the time that pausing itself costs: they are bounds, not forecasts.";

export interface Instead {
  way: "neverPausing" | "onlyWindows";
  /** Wall time at which the same work would have been done; null where its windows never let it. */
  doneMs: number | null;
  bill: Bill;
}

/** The last moment that is looked at for a window that opens. */
const LOOK_AHEAD_MS = 60 * 86_400_000;

/** Null where no power is known, or it hasn't worked. */
export function insteadOf(
  spans: readonly Span[],
  { working }: Pick<JobEnergy, "working">,
  { job, windows, prices }: { job: string; windows: Window[]; prices: Prices },
): Instead[] | null {
  const runMs = spans.reduce(
    (sum, span) => sum + (span.state === "running" ? span.toMs - span.fromMs : 0),
    0,
  );
  const [first] = spans;
  const joules = working.gpu.joules + working.host.joules;
  // Without its GPUs' power, or without any, nothing can be compared.
  if (working.gpu.ms === 0 || joules === 0 || runMs === 0 || first === undefined) return null;
  // Over all of its run time: what was never read is then on neither side of the comparison.
  const watts = joules / (runMs / 1000);
  const own = windows.filter(({ jobs }) => jobs === undefined || jobs.includes(job));
  const whole = { fromMs: first.fromMs, toMs: Number.POSITIVE_INFINITY };
  const ways: [Instead["way"], Iterable<Open>][] = [["neverPausing", [whole]]];
  if (own.length > 0) ways.push(["onlyWindows", openTimes(own, job, first.fromMs, runMs)]);
  return ways.map(([way, times]) => ({ way, ...worked(times, runMs, watts, prices) }));
}

interface Open {
  fromMs: number;
  toMs: number;
}

function worked(times: Iterable<Open>, runMs: number, watts: number, prices: Prices): Omit<Instead, "way"> {
  const bill = emptyBill();
  let left = runMs;
  for (const { fromMs, toMs } of times) {
    const endMs = Math.min(toMs, fromMs + left);
    prices.add(bill, watts, fromMs, endMs);
    left -= endMs - fromMs;
    if (left <= 0) return { doneMs: endMs, bill };
  }
  return { doneMs: null, bill };
}

/** While any of its windows is open. */
function* openTimes(windows: Window[], job: string, fromMs: number, runMs: number): Generator<Open, void> {
  const untilMs = fromMs + runMs + LOOK_AHEAD_MS;
  let atMs = fromMs;
  while (atMs < untilMs) {
    const states = windowsOf(job, windowStates(windows, atMs));
    const changes = states.flatMap(({ changesAtMs }) => (changesAtMs === null ? [] : [changesAtMs]));
    const nextMs = Math.min(...changes, untilMs);
    if (states.some(({ open }) => open)) yield { fromMs: atMs, toMs: nextMs };
    atMs = nextMs;
  }
}
