/**
 * Plays configs over history, side by side: each sample is read once and shown to all. A sample of thinned
 * history stands until the next one. Where nothing was recorded, nothing is judged and no figure counts.
 */
import type { Now } from "../model/time.ts";
import type { Figures } from "./figures.ts";
import type { History } from "./history/history.ts";
import type { Past } from "./history/virtual-sample.ts";
import { Footprints } from "./models/footprints.ts";
import { Rerun, type Rerunnable } from "./play-config.ts";

/** Two samples further apart than this are of thinned history … */
const THINNED_MS = 30_000;
/** … and with more than this between them nothing was recorded: a minute may have lost its sample. */
const UNRECORDED_MS = 150_000;
/** How far apart they usually are: a reading counts as fresh for three times that. */
const THINNED_PACE_S = 60;
/** A reading is judged by itself for so long. */
const FRESH_SECONDS = 3;
/** What passes on the virtual clock meanwhile: enough for no dwell to span it. */
const OVER_A_GAP_MS = 1000;

export interface Replayed {
  fromMs: number;
  untilMs: number;
  samples: number;
  /** Of what was left out, and of what has one sample a minute. */
  unrecordedMs: number;
  gaps: number;
  thinnedMs: number;
  /** Jobs whose cost had to be assumed. */
  assumed: string[];
  /** Sentences: what the reader noticed, and rules that had no reading to go by. */
  doubts: string[];
  configs: Figures[];
}

export interface ReplayOptions {
  /** Called now and then, with how many samples are done, and the wall time of the last. */
  onProgress?: (done: number, of: number, atMs: number) => Promise<void> | void;
  /** Tick through thinned history at the supervisor's pace, even where nothing can change. */
  everyTick?: true;
}

const TELL_EVERY = 2000;

const SET_BACK =
  "The clock was set back within this time: what it showed twice is counted once, with the readings of both mixed.";

export async function replay(
  history: History,
  configs: readonly Rerunnable[],
  { onProgress, everyTick }: ReplayOptions = {},
): Promise<Replayed> {
  const footprints = new Footprints();
  const owners = new Map(history.runs.map(({ id, job }) => [id, job]));
  const names = new Set(history.jobs.map(({ name }) => name));
  const jobOf = (run: string): string | null => owners.get(run) ?? (names.has(run) ? run : null);
  const pace = paceOf(history);
  let reruns: Rerun[] | null = null;
  let last: { past: Past; now: Now; bootMs: number } | null = null;
  const doubts = new Set(history.doubts);
  const replayed = { samples: 0, unrecordedMs: 0, gaps: 0, thinnedMs: 0 };
  for (const sample of history.samples()) {
    const passed = last === null ? 0 : sample.at.wallMs - last.now.wallMs;
    const gap = passed > pace.unrecordedMs;
    const ticked = last === null ? 0 : sample.at.monotonicMs - last.bootMs;
    // A wall clock that was set back: what was recorded before and after that lies between each other.
    const leapt = !gap && ticked > passed + OVER_A_GAP_MS;
    if (leapt) doubts.add(SET_BACK);
    // A reboot sets it back; in suspend it stands still.
    const advanced = gap || ticked <= 0 ? Math.min(passed, OVER_A_GAP_MS) : leapt ? passed : ticked;
    const now: Now = {
      wallMs: sample.at.wallMs,
      monotonicMs: last === null ? sample.at.monotonicMs : last.now.monotonicMs + advanced,
    };
    const thinned = !gap && advanced >= pace.thinnedMs;
    reruns ??= configs.map((one) => new Rerun(one, history, now, sample.at.monotonicMs));
    if (gap) {
      replayed.gaps += 1;
      replayed.unrecordedMs += passed;
    }
    if (thinned) replayed.thinnedMs += passed;
    for (const rerun of reruns) rerun.pace(thinned ? pace.seconds : 0);
    if (last !== null && thinned)
      for (const rerun of reruns) await hold(rerun, last, now.monotonicMs, everyTick === true);
    footprints.learn(sample, jobOf);
    const past = { sample, jobOf, footprints };
    for (const rerun of reruns) await rerun.tick(past, now, sample.at.monotonicMs);
    last = { past, now, bootMs: sample.at.monotonicMs };
    replayed.samples += 1;
    if (replayed.samples % TELL_EVERY === 0) await onProgress?.(replayed.samples, history.count, now.wallMs);
  }
  const assumed = new Set(reruns?.flatMap((one) => one.assumed));
  return {
    fromMs: history.span.fromMs,
    untilMs: history.span.untilMs,
    ...replayed,
    assumed: [...assumed],
    doubts: [...doubts, ...blindRules(reruns ?? [])],
    configs: (reruns ?? []).map((one) => one.figures()),
  };
}

function blindRules(reruns: readonly Rerun[]): string[] {
  const told = reruns.flatMap((one) =>
    one
      .blind()
      .map(({ name, metric }) => `Rule '${name}' could never act: ${metric} was never read in this history.`),
  );
  return [...new Set(told)];
}

/** A CSV may have its rows further apart than a supervisor its samples. */
function paceOf({ paceSeconds = 0 }: History) {
  const isSlow = paceSeconds > FRESH_SECONDS;
  return {
    thinnedMs: isSlow ? Math.min(THINNED_MS, paceSeconds * 500) : THINNED_MS,
    unrecordedMs: Math.max(UNRECORDED_MS, paceSeconds * 2500),
    seconds: Math.max(THINNED_PACE_S, paceSeconds),
  };
}

/** Ticks on with the last sample until the next one is due. */
async function hold(
  rerun: Rerun,
  { past, now, bootMs }: { past: Past; now: Now; bootMs: number },
  untilMs: number,
  everyTick: boolean,
): Promise<void> {
  for (let atMs = now.monotonicMs; ; ) {
    const next = atMs + rerun.pollMs;
    // What ends between two ticks is seen at the later one.
    const skipped = everyTick ? 0 : Math.ceil((rerun.quietUntil() - next) / rerun.pollMs);
    atMs = next + Math.max(0, skipped) * rerun.pollMs;
    if (atMs >= untilMs) return;
    const passed = atMs - now.monotonicMs;
    await rerun.tick(past, { wallMs: now.wallMs + passed, monotonicMs: atMs }, bootMs + passed);
  }
}
