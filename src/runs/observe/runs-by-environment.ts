/**
 * Live runs of a state directory by what their processes carry with them: their environment. Finds a run
 * when every file about it is gone. Reads /proc only.
 */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { bootSeconds, clock } from "../../clock.ts";
import { ENV, stepOfName } from "../../contract/names.ts";
import { runRecord, statusDirectory } from "../../files/state-paths.ts";
import type { Away } from "../../model/park.ts";
import type { Now } from "../../model/time.ts";
import { bootId } from "../../sense/proc/boot-id.ts";
import { containerNamedBy } from "../../sense/proc/cgroups.ts";
import { readOnce } from "../../sense/proc/kept-file.ts";
import { type ProcessStat, parseStatusLine, TICKS_PER_SECOND } from "../../sense/proc/parse.ts";
import { isDead, listPids, readStat, readWords, variableIn } from "../../sense/proc/process.ts";
import type { Begun } from "../launch/rewrite-records.ts";
import type { RunRecord } from "../launch/run-record.ts";
import type { Followed } from "./follow.ts";

interface Member {
  stat: ProcessStat;
  environment: string;
}

export type FoundRun = RunRecord & Begun;

/**
 * A run whose files were removed before it was seen to begin; null where none of its processes is found. One whose
 * own record is there is just beginning: that is written before its launcher starts.
 */
export function begunUnseen({ id, stateDirectory, main, launcher, launcherPid }: Followed): Begun | null {
  if (main !== null || launcher === "ended" || existsSync(runRecord(stateDirectory, id))) return null;
  const found = runsByEnvironment(stateDirectory, clock.now()).find(({ run }) => run.id === id);
  // A launcher that hasn't become its script yet looks like a job without one.
  return found === undefined || found.main.pid === launcherPid ? null : found;
}

/** Runs whose job has begun. One launched on GPUs that its environment doesn't name may be on any. */
export function runsByEnvironment(stateDirectory: string, now: Now): FoundRun[] {
  const members = new Map<string, Member[]>();
  for (const pid of listPids()) {
    const environment = pid === process.pid ? undefined : readWords(pid, "environ");
    const id = environment === undefined ? null : variableIn(environment, ENV.runId);
    if (!environment || !id) continue;
    if (variableIn(environment, ENV.statusDir) !== statusDirectory(stateDirectory, id)) continue;
    const stat = readStat(pid);
    if (stat === null || isDead(stat)) continue;
    members.set(id, [...(members.get(id) ?? []), { stat, environment }]);
  }
  return [...members].flatMap(([id, all]) => foundRun(id, all, now) ?? []);
}

function foundRun(id: string, members: Member[], now: Now): FoundRun | null {
  const launcher = members.find(({ stat }) => isLauncher(stat.pid, id)) ?? null;
  const main = mainOf(members, launcher);
  const job = main && variableIn(main.environment, ENV.job);
  const number = Number(main && variableIn(main.environment, ENV.runNumber));
  if (!main || !job || !(number > 0)) return null;
  const resumedFrom = variableIn(main.environment, ENV.resumeFrom) || null;
  const devices = variableIn(main.environment, "CUDA_VISIBLE_DEVICES") ?? "";
  const run = {
    id,
    number,
    startedAt: startOf(main.stat, now),
    pid: main.stat.pid,
    startTime: main.stat.startTime,
    bootId: bootId(),
    resumedFrom,
    resumedAtStep: resumedFrom === null ? 0 : stepOfName(basename(resumedFrom)),
    gpus: devices.split(",").filter((name) => /^(GPU|MIG)-/.test(name)),
  };
  const container = containerOf(members);
  const away = devices === "" ? null : awayOf(members.filter((member) => member !== launcher));
  return {
    job,
    run,
    launcher: launcher?.stat ?? null,
    main: main.stat,
    cgroup: null,
    ...(container && { container }),
    ...(away && { away }),
  };
}

/** So many of a run are asked about. */
const MOST_GUESSES = 16;

/** Which of them may be parked, those with the most memory first: what was moved is in their own. */
function awayOf(members: Member[]): Away | null {
  const all = members
    .map(({ stat: { pid } }) => ({ pid, heldMiB: hostMiB(pid) }))
    .sort((a, b) => b.heldMiB - a.heldMiB);
  const [first, ...guesses] = all.slice(0, MOST_GUESSES);
  return first === undefined ? null : { ...first, guesses };
}

/** Its memory on the host, in RAM and in swap. */
function hostMiB(pid: number): number {
  const status = readOnce(`/proc/${pid}/status`) ?? "";
  const kibibytes = ["VmRSS", "VmSwap"].map((name) =>
    Number.parseInt(parseStatusLine(status, name) ?? "0", 10),
  );
  return kibibytes.reduce((sum, one) => sum + one, 0) / 1024;
}

/** The one that some of them are in, whose engine its cgroup shows. */
function containerOf(members: Member[]): Begun["container"] | null {
  for (const { stat } of members) {
    const cgroups = readOnce(`/proc/${stat.pid}/cgroup`) ?? "";
    const id = containerNamedBy(cgroups);
    if (id !== null) return { id, client: [cgroups.includes(`libpod-${id}`) ? "podman" : "docker"] };
  }
  return null;
}

/** The launcher's own shell, not the one that becomes the job. */
const isLauncher = (pid: number, id: string): boolean => {
  const [, script, mode] = (readWords(pid, "cmdline") ?? "").split("\0");
  return mode === "keep" && (script ?? "").endsWith(`/${id}/launcher.sh`);
};

/** The launcher's child; without a launcher, the first process that no other of the run has started. */
function mainOf(members: Member[], launcher: Member | null): Member | null {
  const pids = new Set(members.map(({ stat }) => stat.pid));
  const first = members
    .filter(({ stat }) => (launcher === null ? !pids.has(stat.parent) : stat.parent === launcher.stat.pid))
    .sort((a, b) => a.stat.startTime - b.stat.startTime);
  return first[0] ?? null;
}

function startOf({ startTime }: ProcessStat, { wallMs, monotonicMs }: Now): Now {
  const ageMs = Math.max(0, (bootSeconds() - startTime / TICKS_PER_SECOND) * 1000);
  return { wallMs: wallMs - ageMs, monotonicMs: Math.max(0, monotonicMs - ageMs) };
}
