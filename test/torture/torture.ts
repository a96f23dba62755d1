/**
 * One torture: a supervisor and its job through as many rounds of faults as asked, then the account.
 * Many rounds share one supervisor's life; it is started again where it was killed.
 */
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../until.ts";
import { type Account, account } from "./account.ts";
import { plan, type Round } from "./plan.ts";
import { strike } from "./strike.ts";
import { Victim } from "./victim.ts";

/** So often everything is set right and the job must be seen to get on. */
const BREATHE_EVERY = 10;
const PATIENCE_MS = 90_000;
const TELL_AGAIN_MS = 3_000;

export interface Tortured extends Account {
  seed: number;
  rounds: number;
  /** How often each fault really struck: a round may count twice, and one that met nobody doesn't. */
  faults: Record<string, number>;
  /** Faults that can't be had here, with the reason. */
  skipped: Record<string, string>;
  starts: number;
  wallMs: number;
}

export interface TortureOptions {
  seed: number;
  rounds: number;
  /** No other faults than these. */
  only?: readonly string[];
  say?: (line: string) => void;
  /** Leaves the folder of a failure for a look. */
  keep?: boolean;
  /** Ends it soon, with everything that it started. */
  stop?: AbortSignal;
}

export async function torture({
  seed,
  rounds,
  only = [],
  say = () => {},
  keep = false,
  stop,
}: TortureOptions): Promise<Tortured> {
  const began = performance.now();
  const victim = new Victim();
  const faults: Record<string, number> = {};
  const skipped: Record<string, string> = {};
  let starts = 0;
  let failed = true;
  const up = async (): Promise<void> => {
    for (let tries = 0; !victim.isUp; tries++) {
      if (tries > 3) throw new Error(`the supervisor can't be started: ${victim.output}`);
      starts++;
      await victim.start();
    }
  };
  try {
    await up();
    for (const round of plan(seed, rounds, only)) {
      stop?.throwIfAborted();
      say(describe(round));
      const struck = await strike(victim, round);
      for (const fault of struck.faults) faults[fault] = (faults[fault] ?? 0) + 1;
      if (struck.impossible !== null) skipped[round.fault] = struck.impossible;
      await up();
      if (round.number % BREATHE_EVERY === 0) await getsOn(victim);
    }
    await getsOn(victim);
    // Without its launcher nobody would know that it had finished, and it would rightly be run again.
    if (victim.pids("launcher").length === 0) {
      victim.signal("pid", "SIGKILL");
      await getsOn(victim);
    }
    writeFileSync(victim.finishFile, "");
    await reach(victim, "finished", async () => (await victim.job())?.state === "finished");
    victim.process?.kill("SIGTERM");
    await reach(victim, "the end of the supervisor", async () => !victim.isUp);
    // Launchers and helpers may need a moment for their own end; what stays is told.
    await until("their end", () => victim.processes().length === 0, { limitMs: 30_000 }).catch(() => {});
    const result = account(victim);
    failed = result.wrong.length > 0;
    return { ...result, seed, rounds, faults, skipped, starts, wallMs: performance.now() - began };
  } finally {
    if (failed && keep && !stop?.aborted) {
      await victim.kill();
      say(`left for a look: ${victim.directory}`);
    } else await victim.close();
  }
}

function describe({
  number,
  goesOn,
  fault,
  meanwhile,
  delayMs,
  lastsMs,
  gap,
  lagMs,
  withJob,
  jumpMs,
  place,
  program,
}: Round): string {
  const how = fault === "kill after an event" ? ` ${gap}, ${lagMs} ms${withJob ? ", with the job" : ""}` : "";
  const gone =
    fault === "remove its own places" ? ` ${place}` : fault === "remove its programs" ? ` ${program}` : "";
  const jump = [fault, meanwhile].includes("clock jump") ? `, by ${jumpMs} ms` : "";
  const also = meanwhile === null ? "" : `, meanwhile ${meanwhile}`;
  return `${number}: ${goesOn ? "told to go on, " : ""}after ${delayMs} ms, ${fault}${how}${gone} (${lastsMs} ms)${also}${jump}`;
}

/**
 * Told to go on, the job makes new steps. Told again now and then: what holds it back may have come later
 * than the word, as when other programs use this machine.
 */
async function getsOn(victim: Victim): Promise<void> {
  let toldAt = Number.NEGATIVE_INFINITY;
  let from: number | null = null;
  await reach(victim, "new steps", async () => {
    if (performance.now() - toldAt > TELL_AGAIN_MS) {
      await victim.resume();
      toldAt = performance.now();
    }
    const job = await victim.job();
    if (job?.state !== "running" || job.progress?.step == null || job.progress.reports === "ready")
      return false;
    from ??= job.progress.step;
    return job.progress.step > from;
  });
}

async function reach(victim: Victim, what: string, reached: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await reached())) {
    if (performance.now() > end) {
      const job = await victim.job();
      throw new Error(`gave up waiting for ${what}: ${JSON.stringify(job)}\n${victim.output}`);
    }
    await sleep(20);
  }
}
