/** What a modelled run shows of itself, as a real one would. Durations in ms. Pure. */
import type { Job } from "../../model/job.ts";
import type { Checkpoint } from "../../model/run.ts";
import type { RankStatus, Seen } from "../../model/seen.ts";
import { type Life, reportOf } from "./model-life.ts";
import type { RecordedCosts } from "./recorded-costs.ts";

/** Of a job that never told how long its steps take. */
const STEP_MS = 1000;

export interface Habits {
  costs: RecordedCosts;
  /** What its real runs were seen to understand. */
  understands: Job["understands"];
  worldSize: number;
  stepMs: number;
  /** The work after which it is finished; null where it hasn't finished. */
  workMs: number | null;
}

interface Sight {
  job: Job;
  habits: Habits;
  checkpoints: Checkpoint[];
  wallMs: number;
}

/** `life`: null where the run that is looked at isn't there. */
export function seenOf(life: Life | null, { job, habits, checkpoints, wallMs }: Sight): Seen {
  const reports = life !== null && habits.understands === "contract";
  return {
    pid: life?.pid ?? null,
    // Without it no recorded process is suspected to be the job's own: whether it went with this run isn't known.
    startTime: null,
    alive: life !== null && life.exit === null,
    exit: life?.exit ?? null,
    leftovers: [],
    ranks: reports ? ranksOf(life, job, habits, wallMs) : [],
    checkpoints,
    rejected: [],
    signalCaught: habits.understands !== "nothing",
    ...(habits.worldSize > 1 && !reports && { worldSize: habits.worldSize }),
    stopped: life?.held === "frozen",
    ...(life?.driver && {
      park: { number: life.driver.number, answer: { state: life.driver.state, ms: 0 } },
    }),
  };
}

function ranksOf(life: Life, job: Job, habits: Habits, atMs: number): RankStatus[] {
  const known = job.progress === null ? null : life.baseStep;
  return Array.from({ length: habits.worldSize }, (_, rank) => ({
    rank,
    worldSize: habits.worldSize,
    pid: life.pid + rank,
    startTime: null,
    state: reportOf(life),
    sequence: life.sequence,
    step: life.loadMs <= 0 ? stepOf(life, habits) : known,
    totalSteps: null,
    epoch: null,
    metrics: {},
    checkpoint: null,
    bytesSaved: 0,
    atMs,
  }));
}

/** The first step is there once it has loaded: what was recorded as loading ends with it. */
export const stepOf = (life: Life, { stepMs }: Habits): number =>
  life.baseStep + 1 + Math.floor(life.workMs / (stepMs || STEP_MS));
