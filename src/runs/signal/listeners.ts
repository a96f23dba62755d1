/**
 * Finds the processes that the pause signal is for. Must never name a wrapper that doesn't catch the
 * signal (it would die and orphan the job), or a process of another run.
 */
import { readFileSync } from "node:fs";
import { type Job, pauseSignalOf, savesBy } from "../../model/job.ts";
import type { RankStatus } from "../../model/seen.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import { parentsOf } from "../../sense/owners/parents.ts";
import { namedRun } from "../../sense/owners/run-marks.ts";
import { processesOf } from "../../sense/owners/run-processes.ts";
import { containerIn } from "../../sense/proc/cgroups.ts";
import { catches, isAlive, type KnownProcess, readStat } from "../../sense/proc/process.ts";

/** A live run with the start time that identifies its first process. */
export type KnownRun = LiveRun & { startTime: number | null };

export type Listeners =
  /** `library`: the ranks of a job library, which may be rung any number of times. */
  | { targets: KnownProcess[]; library: boolean }
  /** Ranks that wait for each other: a signal would interrupt that, and end the run. They read the word later. */
  | { targets: []; joining: true; reason: string }
  /** May be a getter: wording it can cost a read. */
  | { targets: []; readonly reason: string };

const onLinux = process.platform === "linux";

/**
 * The processes that would save on the job's pause signal now, or why there is none. A program that only
 * catches it isn't one: it may well die of it.
 */
export function findListeners(job: Job, run: KnownRun, ranks: RankStatus[]): Listeners {
  const signal = pauseSignalOf(job.spec);
  const { target } = job.spec.pause;
  const here = ranks.filter((rank) => isHere(rank, run.id));
  if (here.length > 0) {
    if (areJoining(ranks))
      return { targets: [], joining: true, reason: "its ranks still wait for each other" };
    const ready = here.filter(({ pid }) => catchesNow(pid, signal));
    if (ready.length > 0)
      return { targets: ready.map(({ pid, startTime }) => ({ pid, startTime })), library: true };
    return { targets: [], reason: `rank ${here[0]?.rank} (pid ${here[0]?.pid}) doesn't catch ${signal} yet` };
  }
  const by = savesBy(job);
  if (by === "library") return { targets: [], reason: "its library hasn't reported in this run yet" };
  if (by !== "signal") return { targets: [], reason: `nothing shows that it saves on ${signal}` };
  if (target === "main") return mainListener(run, signal);
  return childListeners(run, target.slice("child:".length), signal);
}

/** Some rank of several hasn't reported yet, or hasn't begun to train. */
export const areJoining = (ranks: RankStatus[]): boolean => {
  const size = Math.max(1, ...ranks.map(({ worldSize }) => worldSize));
  return size > 1 && (ranks.length < size || ranks.some(({ state }) => state === "ready"));
};

/** Whether a report comes from this machine: ranks on other hosts report too. */
function isHere({ pid, startTime }: RankStatus, runId: string): boolean {
  if (!isAlive(pid, startTime)) return false;
  return startTime !== null || !onLinux || namedRun(pid) === runId;
}

function mainListener({ pid, startTime }: KnownRun, signal: NodeJS.Signals): Listeners {
  if (pid === null || !isAlive(pid, startTime))
    return { targets: [], reason: "its first process isn't running" };
  if (catchesNow(pid, signal)) return { targets: [{ pid, startTime }], library: false };
  return {
    targets: [],
    get reason() {
      return `${commandLine(pid) || "its first process"} (pid ${pid}) doesn't catch ${signal}: it may not have set its handler yet, or be a wrapper (see "pause.target")`;
    },
  };
}

/** The topmost processes that catch it: workers forked from them share the command line and the handler. */
function childListeners(run: KnownRun, part: string, signal: NodeJS.Signals): Listeners {
  const named = processesOf(run).filter(({ pid }) => isInside(pid, run) && commandLine(pid).includes(part));
  const listening = new Map(
    named.filter(({ pid }) => catchesNow(pid, signal)).map((found) => [found.pid, found]),
  );
  const topmost = [...listening.values()].filter(({ pid }) => !isBelow(pid, listening));
  if (topmost.length > 0)
    return { targets: topmost.map(({ pid, startTime }) => ({ pid, startTime })), library: false };
  const reason =
    named.length > 0
      ? `'${part}' (pid ${named[0]?.pid}) doesn't catch ${signal} yet`
      : `no process of the run has '${part}' in its command line`;
  return { targets: [], reason };
}

/** A container's client has the program's command line among its words, and catches every signal. */
const isInside = (pid: number, { container }: KnownRun): boolean =>
  container === undefined || containerIn(pid) === container;

/** Where the system can't tell, assume that it does; on Linux "can't tell" means that the process is gone. */
const catchesNow = (pid: number, signal: NodeJS.Signals): boolean => catches(pid, signal) ?? !onLinux;

function isBelow(pid: number, listening: ReadonlyMap<number, unknown>): boolean {
  const stat = readStat(pid);
  if (stat === null) return false;
  for (const above of parentsOf(stat, readStat)) if (listening.has(above.pid)) return true;
  return false;
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return "";
  }
}
