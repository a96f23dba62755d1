/**
 * All that can be seen of one run on a cluster at one tick: its files and the last view of Slurm's queue. Reads only,
 * never throws, asks nobody. What isn't known is shown as it was: a run is over only when Slurm says so.
 */
import { closeSync, openSync } from "node:fs";
import { EXIT_PAUSED } from "../../contract/names.ts";
import { launcherRecord } from "../../files/state-paths.ts";
import type { Job } from "../../model/job.ts";
import type { Run } from "../../model/run.ts";
import type { Exit, Seen, SlurmEnd, SlurmSeen } from "../../model/seen.ts";
import type { Checkpoints } from "../checkpoints/find-checkpoints.ts";
import { readRanks } from "../observe/read-ranks.ts";
import type { FollowedOnSlurm } from "./followed-slurm.ts";
import type { QueueView, Silence } from "./queue.ts";
import type { QueueEntry } from "./queue-entry.ts";

export interface Looked {
  view: QueueView | null;
  silence: Silence | null;
}

type Standing = { alive: true; slurm: SlurmSeen } | { alive: false; slurm: SlurmSeen; exit: Exit };

const UNKNOWN: Exit = { known: false };

export function observeOnSlurm(
  job: Job,
  run: Run,
  known: FollowedOnSlurm,
  { view, silence }: Looked,
  saved: Checkpoints,
): Seen {
  const ranks = readRanks(known.statusDirectory, { runId: run.id, memory: known.ranks });
  const heard = known.areHeard(ranks);
  const standing = orOrphaned(standingOf(job, run, known, view), heard);
  const { alive } = standing;
  const working = job.state.name === "running" ? "working" : "asked";
  return {
    pid: null,
    startTime: null,
    alive,
    exit: standing.alive ? null : standing.exit,
    leftovers: [],
    ranks,
    ...saved.of(job, alive ? working : "gone", ranks[0]?.checkpoint ?? null),
    signalCaught: null,
    stopped: false,
    slurm: { ...standing.slurm, ...(silence !== null && { silentSinceMs: silence.sinceMs }) },
  };
}

/**
 * A node that Slurm can't reach may still run its ranks, and they would save among the next run's checkpoints: the run
 * isn't over before they have left, or are no longer heard of.
 */
function orOrphaned(standing: Standing, heard: boolean): Standing {
  const { alive, slurm } = standing;
  if (alive || !heard || !FROM_ITS_NODES.has(slurm.end)) return standing;
  const { end: _, ...rest } = slurm;
  return { alive: true, slurm: { ...rest, orphaned: true } };
}

const FROM_ITS_NODES: ReadonlySet<SlurmEnd | undefined> = new Set(["node failure", "preempted", "requeued"]);

function standingOf(job: Job, run: Run, known: FollowedOnSlurm, view: QueueView | null): Standing {
  const { exit } = known;
  // A shared file system may show the record of its end before that of its beginning.
  const begun = known.begun || exit !== null;
  const before: SlurmSeen = { id: known.id, state: begun ? "running" : (run.slurm?.state ?? "unknown") };
  if (begun && run.slurm?.nodes) before.nodes = run.slurm.nodes;
  if (view === null) return { alive: true, slurm: before };
  const entry = entryOf(run, known, view);
  const isNow = known.isShownBy(view.beganMs);
  if (entry === undefined) {
    if (!isNow) return { alive: true, slurm: before };
    if (!begun && known.id === null && !voided(known)) return { alive: true, slurm: before };
    return { alive: false, slurm: before, exit: exit ?? UNKNOWN };
  }
  if (!isNow) return { alive: true, slurm: before };
  const slurm = shown(entry, begun);
  if (entry.preempted) known.preempted = true;
  if (ACTIVE.has(entry.state)) return { alive: true, slurm };
  if (begun)
    return { alive: false, slurm: { ...slurm, ...endOf(entry, known, exit) }, exit: exit ?? UNKNOWN };
  if (entry.state === "PENDING" || entry.held) {
    const unbegun = entry.held && job.state.name === "pausing";
    if (!unbegun) return { alive: true, slurm };
    return { alive: false, slurm: { ...slurm, unbegun }, exit: UNKNOWN };
  }
  // Its batch script ended before it could record anything.
  const code = entry.state === "FAILED" ? entry.exitCode : null;
  const ended: Exit = code === null ? UNKNOWN : { known: true, code, signal: null };
  return { alive: false, slurm: { ...slurm, ...endOf(entry, known, null) }, exit: ended };
}

/** A supervisor that died after it had submitted the job left no note of its id. */
const entryOf = (run: Run, { id }: FollowedOnSlurm, { byId, byToken }: QueueView): QueueEntry | undefined =>
  id === null ? byToken.get(run.id) : byId.get(id);

/** Slurm has nodes for it, or cleans up after it. */
const ACTIVE = new Set([
  "RUNNING",
  "COMPLETING",
  "CONFIGURING",
  "SUSPENDED",
  "STOPPED",
  "SIGNALING",
  "STAGE_OUT",
  "RESIZING",
  "REQUEUED",
]);

function shown({ id, state, held, reason, nodes, endsAtMs }: QueueEntry, begun: boolean): SlurmSeen {
  if (begun) return { id, state: "running", ...(nodes && { nodes }), ...(endsAtMs !== null && { endsAtMs }) };
  const waits = state === "PENDING" || held;
  return { id, state: held ? "held" : "queued", ...(waits && reason !== null && { reason }) };
}

const ENDS: Readonly<Record<string, SlurmEnd>> = {
  CANCELLED: "cancelled",
  TIMEOUT: "time limit",
  DEADLINE: "time limit",
  NODE_FAIL: "node failure",
  BOOT_FAIL: "node failure",
  PREEMPTED: "preempted",
  OUT_OF_MEMORY: "out of memory",
};

/** What Slurm did to a run; nothing where its own exit says how it ended. */
function endOf(entry: QueueEntry, { preempted }: FollowedOnSlurm, exit: Exit | null): { end?: SlurmEnd } {
  // srun's own code for a step that was ended is any other, but 0 for one whose node was lost.
  if (exit?.known && (exit.code === EXIT_PAUSED || (exit.code === 0 && entry.state === "COMPLETED")))
    return {};
  const end = ENDS[entry.state];
  if (end !== undefined) return { end };
  if (entry.state !== "PENDING" && !entry.held) return {};
  return { end: preempted ? "preempted" : "requeued" };
}

/** Makes sure that a run nobody has seen in Slurm never begins. False when its launcher has begun after all. */
function voided({ stateDirectory, runId }: FollowedOnSlurm): boolean {
  try {
    closeSync(openSync(launcherRecord(stateDirectory, runId), "wx", 0o600));
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "EEXIST";
  }
}
