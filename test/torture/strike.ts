/** Does to the victim what a round says. Waits only as long as the round says, never for a result. */
import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import Sqlite from "better-sqlite3";
import type { Fault, Round } from "./plan.ts";
import type { Victim } from "./victim.ts";

/** How long an event is waited for; it may never come in the state that the job happens to be in. */
const EVENT_WITHIN_MS = 600;

/** Returns why the fault can't be had here, or null when it was done. */
export async function strike(victim: Victim, round: Round): Promise<string | null> {
  await sleep(round.delayMs);
  const between = async (): Promise<void> => {
    await sleep(round.lastsMs / 2);
    if (round.meanwhile !== null) await once(victim, round.meanwhile, round);
    await sleep(round.lastsMs / 2);
  };
  switch (round.fault) {
    case "stop the job for a while":
      victim.signal("pid", "SIGSTOP");
      await between();
      victim.signal("pid", "SIGCONT");
      return null;
    case "fill the disk":
    case "pressure by a rule":
      if (victim.noDisk !== null) return victim.noDisk;
      if (round.fault === "fill the disk") victim.fill(0);
      else victim.press();
      await between();
      victim.unfill();
      return null;
    case "lock the database":
      await locked(victim, between);
      return null;
    case "read-only database at a start":
      return await startReadOnly(victim, round);
    case "kill after an event":
      await killAfter(victim, round);
      return null;
    default:
      await once(victim, round.fault, round);
      return null;
  }
}

async function once(victim: Victim, fault: Fault, { lastsMs }: Round): Promise<void> {
  switch (fault) {
    case "kill the supervisor":
      return victim.kill();
    case "kill the job":
      return victim.signal("pid", "SIGKILL");
    case "kill both":
      victim.signal("pid", "SIGKILL");
      return victim.kill();
    case "kill the launcher":
      return victim.signal("claim", "SIGKILL");
    case "terminate the job":
      return victim.signal("pid", "SIGTERM");
    case "pause and resume":
      await victim.pause();
      await sleep(lastsMs);
      await victim.resume();
      return;
    case "pause":
      await victim.pause();
      return;
    case "resume":
      await victim.resume();
      return;
    case "edit the config":
      return victim.configure();
    case "break the config":
      victim.break();
      await sleep(lastsMs);
      return victim.configure();
    default:
      throw new Error(`'${fault}' can't strike by itself`);
  }
}

async function locked(victim: Victim, meanwhile: () => Promise<void>): Promise<void> {
  const db = new Sqlite(victim.database, { timeout: 1000 });
  try {
    db.exec("BEGIN IMMEDIATE");
    await meanwhile();
    db.exec("ROLLBACK");
  } finally {
    db.close();
  }
}

/** A read-only mount over the database's folder; only files that nobody has open can be shut so. */
async function startReadOnly(victim: Victim, { lastsMs }: Round): Promise<string | null> {
  if (victim.noDisk !== null) return victim.noDisk;
  await victim.kill();
  const mount = (...argv: string[]): void => void execFileSync("mount", argv, { stdio: "ignore" });
  mount("--bind", victim.databaseFolder, victim.databaseFolder);
  try {
    mount("-o", "remount,bind,ro", victim.databaseFolder);
    if (await victim.start()) throw new Error("a supervisor started although its database can't be written");
    await sleep(lastsMs);
    return null;
  } finally {
    await victim.kill();
    execFileSync("umount", [victim.databaseFolder]);
  }
}

/** Kills within a moment of the row's commit: what the row announces has perhaps been done, perhaps not. */
async function killAfter(victim: Victim, { gap, withJob, lastsMs }: Round): Promise<void> {
  const db = new Sqlite(victim.database, { readonly: true });
  const after = db.prepare("SELECT kind FROM events WHERE id > ? ").pluck();
  const newest = Number(db.prepare("SELECT coalesce(max(id), 0) FROM events").pluck().get());
  try {
    const provoked = provoke(victim, gap, lastsMs);
    const end = performance.now() + EVENT_WITHIN_MS;
    while (performance.now() < end && !(after.all(newest) as string[]).includes(gap))
      await new Promise((turn) => setImmediate(turn));
    if (withJob) victim.signal("pid", "SIGKILL");
    await victim.kill();
    await provoked;
  } finally {
    db.close();
  }
}

async function provoke(victim: Victim, gap: Round["gap"], lastsMs: number): Promise<void> {
  switch (gap) {
    case "pause.requested":
    case "pause.completed":
      await victim.resume();
      await sleep(lastsMs);
      await victim.pause();
      return;
    case "resume.requested":
    case "resume.completed":
      await victim.pause();
      await sleep(lastsMs);
      await victim.resume();
      return;
    case "supervisor.recovered":
      await victim.kill();
      await victim.start();
      return;
    case "job.started":
    case "job.failed":
      victim.signal("pid", "SIGKILL");
      return;
    case "checkpoint.verified":
      return;
  }
}
