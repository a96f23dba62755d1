/** What processes cost while nothing happens, in the same minute. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

export const SECONDS = Number(process.env.BENCH_SECONDS ?? 60);
/** Start-up, the compiler's first rounds and housekeeping after many starts are over by then. */
const SETTLE_MS = Number(process.env.BENCH_SETTLE_SECONDS ?? 45) * 1000;
const TICKS_PER_SECOND = 100;

interface Cost {
  cpuSeconds: number;
  rssMiB: number;
  /** Page faults of children that were waited for: any spawned process leaves some. */
  childFaults: number;
}

/** Of one process: fields of /proc/PID/stat (proc(5)), with the time of its children. */
function costOf(pid: number): Cost {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  const at = (field: number): number => fields[field - 3] ?? 0;
  const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  return {
    cpuSeconds: ownSeconds(pid, (at(14) + at(15)) / TICKS_PER_SECOND) + (at(16) + at(17)) / TICKS_PER_SECOND,
    rssMiB: rss,
    childFaults: at(11),
  };
}

/** Of its threads, to the nanosecond: some peers use less than a tick in a minute. */
function ownSeconds(pid: number, ticked: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const times = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8"));
    const exact = times.reduce((sum, time) => sum + Number(time.split(" ")[0]) / 1e9, 0);
    // Threads that have ended are in the ticks alone.
    return ticked > exact + 0.001 ? ticked : exact;
  } catch {
    return ticked;
  }
}

/** A helper that has ended since: its time is its parent's by now. */
function costAgain({ pid, ...before }: Cost & { pid: number }): Cost {
  try {
    return costOf(pid);
  } catch {
    return { ...before, rssMiB: 0 };
  }
}

/** Something that is measured while nothing happens. */
export interface Idle {
  /** Its process, and those of its own helpers. */
  pids(): number[];
  close(): Promise<void>;
}

export interface IdleCost extends Cost {
  helpers: number;
}

/** Costs of the same minute, per minute; `what` and how long it takes are said before. */
export async function sideBySide(what: string, idles: Idle[]): Promise<IdleCost[]> {
  console.error(`idle: ${what}: ${SETTLE_MS / 1000} s to settle, ${SECONDS} s measured`);
  await wait(SETTLE_MS);
  const before = idles.map((idle) => idle.pids().map((pid) => ({ pid, ...costOf(pid) })));
  await wait(SECONDS * 1000);
  return before.map((processes) => {
    const after = processes.map((process, i) => (i === 0 ? costOf(process.pid) : costAgain(process)));
    const cpu = after.reduce((sum, use, i) => sum + use.cpuSeconds - (processes[i]?.cpuSeconds ?? 0), 0);
    return {
      cpuSeconds: (cpu * 60) / SECONDS,
      rssMiB: after.reduce((sum, use) => sum + use.rssMiB, 0),
      childFaults: (after[0]?.childFaults ?? 0) - (processes[0]?.childFaults ?? 0),
      helpers: after.length - 1,
    };
  });
}
