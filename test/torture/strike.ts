/** Does to the victim what a round says. Waits as long as the round says, and never for long for a result. */
import { execFileSync } from "node:child_process";
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Sqlite from "better-sqlite3";
import { identityOf } from "../../src/files/file-identity.ts";
import type { StateName } from "../../src/model/state.ts";
import { busyOthers } from "./load.ts";
import type { Fault, OwnPlace, Program, Round } from "./plan.ts";
import type { Victim } from "./victim.ts";

/** How long an event is waited for, and before it the state that it comes from: they may never come. */
const EVENT_WITHIN_MS = 5000;
const STATE_WITHIN_MS = 2500;
/** A rule on the CPU wants to see the load in two looks at all processes. */
const LOAD_AT_LEAST_MS = 600;
const LOAD_TIMES = 4;
/** How soon the supervisor must have made its places again. */
const AGAIN_WITHIN_MS = 40_000;
const PROGRAMS_GONE_MS = 2000;

/** What was really done: a kill that met nobody isn't there. `impossible`: why the fault can't be had here. */
export interface Struck {
  faults: string[];
  impossible: string | null;
}

const did = (...faults: (string | null)[]): Struck => ({
  faults: faults.filter((fault) => fault !== null),
  impossible: null,
});
const impossible = (why: string): Struck => ({ faults: [], impossible: why });

export async function strike(victim: Victim, round: Round): Promise<Struck> {
  const { fault } = round;
  if (round.goesOn) await victim.resume();
  await sleep(round.delayMs);
  const between = async (ms = round.lastsMs): Promise<string | null> => {
    await sleep(ms / 2);
    const struck = round.meanwhile === null ? null : await once(victim, round.meanwhile, round);
    await sleep(ms / 2);
    return struck;
  };
  switch (fault) {
    case "stop the job for a while": {
      const met = victim.signal("pid", "SIGSTOP");
      const struck = await between();
      victim.signal("pid", "SIGCONT");
      return did(met ? fault : null, struck);
    }
    case "fill the disk":
    case "pressure on the disk": {
      if (victim.noDisk !== null) return impossible(victim.noDisk);
      if (fault === "fill the disk") victim.fill(0);
      else victim.press();
      const struck = await between();
      victim.unfill();
      return did(fault, struck);
    }
    case "outside load": {
      const rest = busyOthers();
      try {
        return did(fault, await between(LOAD_AT_LEAST_MS + LOAD_TIMES * round.lastsMs));
      } finally {
        rest();
      }
    }
    case "lock the database":
      return did(fault, await locked(victim, between));
    case "read-only database at a start":
      return victim.noDisk === null ? did(await startReadOnly(victim, round)) : impossible(victim.noDisk);
    case "remove its own places":
      return did(...(await removed(victim, round, between)));
    case "remove its programs": {
      const back = takeAway(victim, round.program);
      const struck = await between(PROGRAMS_GONE_MS + round.lastsMs);
      back();
      return did(`${fault}: ${round.program}`, struck);
    }
    case "kill after an event":
      return did(await killAfter(victim, round));
    default:
      return did(await once(victim, fault, round));
  }
}

/** The fault, or null where it met nobody. */
async function once(victim: Victim, fault: Fault, round: Round): Promise<string | null> {
  const { lastsMs, jumpMs } = round;
  switch (fault) {
    case "kill the supervisor":
      return (await victim.kill()) ? fault : null;
    case "kill the job":
      return victim.signal("pid", "SIGKILL") ? fault : null;
    case "kill both": {
      const met = victim.signal("pid", "SIGKILL");
      return (await victim.kill()) ? (met ? fault : "kill the supervisor") : null;
    }
    case "kill the launcher":
      return victim.signal("launcher", "SIGKILL") ? fault : null;
    case "terminate the job":
      return victim.signal("pid", "SIGTERM") ? fault : null;
    case "pause and resume":
      await victim.pause();
      await sleep(lastsMs);
      await victim.resume();
      return fault;
    case "pause":
      await victim.pause();
      return fault;
    case "resume":
      await victim.resume();
      return fault;
    case "edit the config":
      victim.configure();
      return fault;
    case "break the config":
      victim.break();
      await sleep(lastsMs);
      victim.configure();
      return fault;
    case "clock jump":
      victim.shiftClock(jumpMs);
      return jumpMs > 0 ? "clock jump forwards" : "clock jump backwards";
    default:
      throw new Error(`'${fault}' can't strike by itself`);
  }
}

/** Removes them, tries a second start, and waits until the supervisor has made all of them again. */
async function removed(
  victim: Victim,
  { fault, place, lastsMs }: Round,
  meanwhile: (ms: number) => Promise<string | null>,
): Promise<(string | null)[]> {
  if (!victim.isUp) return [];
  const before = placesOf(victim).map(identityOf);
  remove(victim, place);
  const second = await victim.startSecond();
  const struck = await meanwhile(lastsMs);
  const end = performance.now() + AGAIN_WITHIN_MS;
  const isBack = async (): Promise<boolean> => {
    const now = placesOf(victim).map(identityOf);
    return now.every((one) => one !== null) && (await victim.ask({ verb: "snapshot" })) !== null;
  };
  while (!(await isBack())) {
    if (!victim.isUp) throw new Error(`the supervisor ended when ${place} was removed: ${victim.output}`);
    if (performance.now() > end) throw new Error(`${place} isn't made again (${before}); ${victim.output}`);
    await sleep(50);
  }
  return [`${fault}: ${place}`, second === "" ? null : "a second start", struck];
}

const placesOf = ({ database, state, locks }: Victim): string[] => [
  database,
  `${database}-wal`,
  `${database}-shm`,
  `${database}.lock`,
  ...["jobs", "logs", "runs", "supervisor.sock"].map((name) => join(state, name)),
  locks,
];

function remove({ database, state, locks }: Victim, place: OwnPlace): void {
  const gone: Record<OwnPlace, string[]> = {
    "the socket": [join(state, "supervisor.sock")],
    "the locks": [locks, `${database}.lock`, `${database}.lock.json`],
    "the database": [database],
    "the WAL": [`${database}-wal`],
    "the runs": [join(state, "runs")],
    "the state directory": [state],
    everything: [state, ...["", "-wal", "-shm", ".lock", ".lock.json"].map((suffix) => database + suffix)],
  };
  for (const path of gone[place]) rmSync(path, { recursive: true, force: true, maxRetries: 5 });
}

/** Returns what brings it back. */
function takeAway({ app }: Victim, program: Program): () => void {
  const [place, aside] = [join(app, program), join(app, "taken-away")];
  renameSync(place, aside);
  return () => renameSync(aside, place);
}

async function locked(victim: Victim, meanwhile: () => Promise<string | null>): Promise<string | null> {
  const db = new Sqlite(victim.database, { timeout: 30_000 });
  try {
    db.exec("BEGIN IMMEDIATE");
    const struck = await meanwhile();
    db.exec("ROLLBACK");
    return struck;
  } finally {
    db.close();
  }
}

/** A read-only mount over the database's folder; only files that nobody has open can be shut so. */
async function startReadOnly(victim: Victim, { fault, lastsMs }: Round): Promise<string> {
  await victim.kill();
  const mount = (...argv: string[]): void => void execFileSync("mount", argv, { stdio: "ignore" });
  mount("--bind", victim.databaseFolder, victim.databaseFolder);
  try {
    mount("-o", "remount,bind,ro", victim.databaseFolder);
    if (await victim.start()) throw new Error("a supervisor started although its database can't be written");
    await sleep(lastsMs);
    return fault;
  } finally {
    await victim.kill();
    execFileSync("umount", [victim.databaseFolder]);
  }
}

/** Kills within a moment of the row's commit: what the row announces has perhaps been done, perhaps not. */
async function killAfter(victim: Victim, { gap, lagMs, withJob, lastsMs }: Round): Promise<string | null> {
  const db = new Sqlite(victim.database, { readonly: true });
  const after = db.prepare("SELECT kind FROM events WHERE id > ? ").pluck();
  const newest = Number(db.prepare("SELECT coalesce(max(id), 0) FROM events").pluck().get());
  try {
    const provoked = provoke(victim, gap, lastsMs);
    const end = performance.now() + EVENT_WITHIN_MS;
    const came = (): boolean => (after.all(newest) as string[]).includes(gap);
    while (performance.now() < end && !came()) await sleep(1);
    const seen = came();
    await sleep(lagMs);
    if (withJob) victim.signal("pid", "SIGKILL");
    const met = await victim.kill();
    await provoked;
    return seen && met ? `kill after ${gap}` : met ? "kill the supervisor" : null;
  } finally {
    db.close();
  }
}

async function provoke(victim: Victim, gap: Round["gap"], lastsMs: number): Promise<void> {
  if (gap === "checkpoint.verified") return;
  await victim.resume();
  await comesTo(victim, "running");
  await sleep(lastsMs);
  switch (gap) {
    case "pause.requested":
    case "pause.completed":
      await victim.pause();
      return;
    case "resume.requested":
    case "resume.completed":
      await victim.pause();
      await comesTo(victim, "paused");
      await victim.resume();
      return;
    case "supervisor.recovered":
      await victim.kill();
      await victim.start();
      return;
    case "job.started":
    case "job.failed":
      victim.signal("pid", "SIGKILL");
  }
}

async function comesTo(victim: Victim, state: StateName): Promise<void> {
  const end = performance.now() + STATE_WITHIN_MS;
  while (victim.isUp && performance.now() < end && (await victim.job())?.state !== state) await sleep(20);
}
