/**
 * All that can be seen of one run at one tick. Reads only, never throws, and takes expensive looks
 * (the whole tree, every process of the machine) only when they matter.
 */
import { existsSync } from "node:fs";
import { elapsedMs } from "../../clock.ts";
import { EXIT_PAUSED } from "../../contract/names.ts";
import { containerRemovedRecord, exitRecord } from "../../files/state-paths.ts";
import type { Job } from "../../model/job.ts";
import type { Run } from "../../model/run.ts";
import type { Exit, Seen } from "../../model/seen.ts";
import { processesOf } from "../../sense/owners/run-processes.ts";
import { bootId } from "../../sense/proc/boot-id.ts";
import type { Checkpoints } from "../checkpoints/find-checkpoints.ts";
import { ranksHere } from "../containers/ranks-here.ts";
import { readRunRecord } from "../launch/run-record.ts";
import { findListeners } from "../signal/listeners.ts";
import { areStopped } from "../signal/stopped.ts";
import { asLiveRun, type Followed, look } from "./follow.ts";
import { lastWords } from "./last-words.ts";
import { readExit } from "./launcher-records.ts";
import { missingModule } from "./missing-module.ts";
import { outOfGpuMemory } from "./out-of-gpu-memory.ts";
import { ranksGone } from "./ranks-gone.ts";

/**
 * Whether a job catches its signal changes early in its life, and checking costs a look at its
 * processes: check at every tick at first, then whenever the job has aged by a fifth, and at
 * least every 30 s.
 */
const EARLY_MS = 15_000;
const LATER_EVERY_MS = 30_000;
/** Longest wait between looks for a running job's first report; before that, a tenth of its age. */
const LONGEST_SILENCE_MS = 5000;

export function observe(job: Job, run: Run, known: Followed, saved: Checkpoints): Seen {
  const { stateDirectory } = known;
  const sameBoot = run.bootId === bootId();
  // After a reboot every pid belongs to another process.
  const { launcherAlive } = sameBoot ? look(known) : { launcherAlive: false };
  const alive = sameBoot && known.mainAlive;
  const leftovers = alive || launcherAlive || !sameBoot ? [] : findLeftovers(known);
  const ranks = ranksOf(job, known, alive);
  const ended = !alive && leftovers.length === 0;
  const exit = alive ? null : exitOf(exitRecorded(known), launcherAlive);
  const named = ranks[0]?.checkpoint ?? null;
  return {
    pid: known.main?.pid ?? null,
    startTime: known.main?.startTime ?? null,
    alive,
    exit,
    leftovers,
    ranks,
    ranksGone: alive ? ranksGone(ranks, known.ranksSeen) : [],
    ...saved.of(job, ended ? "gone" : writerOf(job), named),
    ...(alive ? lookCloser(job, known, ranks) : NOT_SEEN),
    stopped: alive && mayBeStopped(job) && isStopped(known),
    ...wordsOfFailure(job, run, exit, stateDirectory),
  };
}

function ranksOf(job: Job, known: Followed, alive: boolean): Seen["ranks"] {
  const now = elapsedMs();
  // What it has said last is read in any case.
  if (alive && job.state.name === "running" && now < known.silentUntilMs) return [];
  const ranks = ranksHere(known);
  if (ranks.length === 0)
    known.silentUntilMs = now + Math.min(LONGEST_SILENCE_MS, (now - known.sinceMs) / 10);
  return ranks;
}

function exitRecorded({ stateDirectory, id, container }: Followed): Exit | null {
  const exit = readExit(exitRecord(stateDirectory, id));
  if (!exit?.known || !container || !existsSync(containerRemovedRecord(stateDirectory, id))) return exit;
  return { ...exit, removed: true };
}

/** Without a record the exit is null while one may still come, then unknown for good. */
function exitOf(record: Exit | null, mayStillCome: boolean): Exit | null {
  return record ?? (mayStillCome ? null : { known: false });
}

/** Read at its end alone, and only where it speaks of a failure. */
function wordsOfFailure(
  { name }: Job,
  run: Run,
  exit: Exit | null,
  stateDirectory: string,
): Pick<Seen, "outOfGpuMemory" | "lastWords" | "missingModule"> {
  if (exit === null || !exit.known || exit.code === 0 || exit.code === EXIT_PAUSED) return {};
  const said = lastWords(stateDirectory, name, run.id);
  const out = run.gpus.length === 0 ? null : outOfGpuMemory(stateDirectory, name, run.id);
  const missing = said === null ? null : missingModule(said, readRunRecord(stateDirectory, run.id)?.program);
  return {
    ...(said !== null && { lastWords: said }),
    ...(missing !== null && { missingModule: missing }),
    ...(out !== null && { outOfGpuMemory: out }),
  };
}

function findLeftovers(known: Followed): Seen["leftovers"] {
  if (known.gone) return [];
  const left = processesOf(asLiveRun(known), { scan: true });
  known.gone = left.length === 0;
  return left.map(({ pid, command }) => ({ pid, command }));
}

const writerOf = (job: Job): "working" | "asked" => (job.state.name === "running" ? "working" : "asked");

const isStopped = (known: Followed): boolean =>
  known.container ? known.container.isStopped : areStopped(processesOf(asLiveRun(known)));

const mayBeStopped = ({ state }: Job): boolean => state.name !== "running" && state.name !== "starting";

/** Who listens, and how many ranks there are: looked at often early in its life, rarely later. */
function lookCloser(
  job: Job,
  known: Followed,
  ranks: Seen["ranks"],
): Pick<Seen, "signalCaught" | "worldSize"> {
  const now = elapsedMs();
  const { seen: before, atMs } = known.closer;
  const ageMs = now - known.sinceMs;
  const agedMs = ageMs < EARLY_MS ? 0 : ageMs / 5;
  const everyMs = before.signalCaught ? LATER_EVERY_MS : Math.min(LATER_EVERY_MS, agedMs);
  if (job.state.name === "running" && now - atMs < everyMs) return before;
  if (known.main === null || (process.platform !== "linux" && ranks.length === 0)) return NOT_SEEN;
  const run = asLiveRun(known);
  const seen = {
    signalCaught: findListeners(job, run, ranks).targets.length > 0,
    ...(ranks.length === 0 && { worldSize: known.named.worldSize(run, ageMs) }),
  };
  known.closer = { seen, atMs: now };
  return seen;
}

const NOT_SEEN = { signalCaught: null };
