/**
 * What the audit log costs: an append alone and beside a job that writes checkpoints, with a plain
 * `synchronous=FULL` database measured beside it; a query among millions of events; a second's sample.
 * `node bench/audit.ts` prints it, `measure()` returns it; with `--full` of 10 million events, else of one.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import Sqlite from "better-sqlite3";
import { clock } from "../src/clock.ts";
import type { EventKind, NewEvent } from "../src/model/event.ts";
import { verifyChain } from "../src/record/audit/verify.ts";
import { createJournal, type RecordJournal } from "../src/record/journal.ts";
import { type EventFilter, readEvents } from "../src/record/read.ts";
import { upkeep } from "../src/record/upkeep/upkeep.ts";
import { sample } from "../test/record/material.ts";
import type { Measured } from "./run.ts";

const RETENTION = { samplesFullHours: 24, samplesThinnedDays: 30 };
const KINDS = ["pause.requested", "checkpoint.verified", "pause.completed", "resume.requested"] as const;
const APPENDS = 3000;
/** A decision every 5 ms is far more than any supervisor makes, and leaves other writers their turns. */
const APPEND_EVERY_MS = 5;

const EVENTS = process.argv.includes("--full") ? 10e6 : 1e6;

export async function measure(): Promise<Measured[]> {
  // On the repository's disk and ignored by git: the temporary folder may be in memory.
  const ignored = join(import.meta.dirname, "../.supervisor");
  mkdirSync(ignored, { recursive: true, mode: 0o700 });
  const folder = mkdtempSync(join(ignored, "bench-audit-"));
  try {
    return [...(await measureAppends(folder)), ...measureSamples(folder), ...measureQueries(folder, EVENTS)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureAppends(folder: string): Promise<Measured[]> {
  const journal = createJournal(join(folder, "append.sqlite"), { retention: RETENTION });
  const append = (i: number): boolean => journal.append([decision(i)], clock.now()).ok;
  const alone = await time(append, APPENDS);
  const job = await checkpointingJob(folder);
  const beside = await time(append, APPENDS);
  const full = await time(fullInsert(join(folder, "full.sqlite")), 150);
  job.kill("SIGKILL");
  await once(job, "exit");
  journal.close();
  const { ok } = verifyChain(join(folder, "append.sqlite"));
  const detail = `${APPENDS} appends ${APPEND_EVERY_MS} ms apart; chain ${ok ? "whole" : "BROKEN"} afterwards`;
  const peer = `a plain insert with synchronous=FULL beside the same job: median ${ms(full.median)}, p99 ${ms(full.p99)}`;
  return [
    { name: "append, median", unit: "ms", value: alone.median, target: 0.2, detail },
    { name: "append, p99", unit: "ms", value: alone.p99, target: null, detail },
    {
      name: "append beside a checkpointing job, median",
      unit: "ms",
      value: beside.median,
      target: 0.2,
      detail,
    },
    {
      name: "append beside a checkpointing job, p99",
      unit: "ms",
      value: beside.p99,
      target: 1,
      detail: `${detail}; max ${ms(beside.max)}, failed ${beside.failed}; ${peer}`,
    },
  ];
}

/** What an append is compared with: one row, durable at once, as SQLite does by default. */
function fullInsert(path: string): (i: number) => boolean {
  const db = new Sqlite(path);
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.exec("CREATE TABLE events (id INTEGER PRIMARY KEY, event TEXT)");
  const insert = db.prepare("INSERT INTO events (event) VALUES (?)");
  return (i) => insert.run(JSON.stringify(decision(i))).changes === 1;
}

/** CPU of the loop for one sample a second: made compact at once, written every ten. */
function measureSamples(folder: string): Measured[] {
  const journal = createJournal(join(folder, "samples.sqlite"), { retention: RETENTION });
  const seconds = 4 * 60; // less than what makes housekeeping due
  const start = clock.now();
  const before = process.cpuUsage();
  for (let s = 0; s < seconds; s++) {
    const at = { wallMs: start.wallMs + s * 1000, monotonicMs: start.monotonicMs + s * 1000 };
    journal.addSample(sample(at, s / 7));
  }
  const { user, system } = process.cpuUsage(before);
  journal.close();
  const perMinute = (user + system) / 1e6 / (seconds / 60);
  const detail = "one sample a second with one GPU and one run; the housekeeping process apart";
  return [{ name: "samples, CPU of the loop", unit: "s/min", value: perMinute, target: null, detail }];
}

function measureQueries(folder: string, events: number): Measured[] {
  const path = join(folder, "query.sqlite");
  const startMs = fill(path, events);
  const hour = startMs + events * 1000 - 3_600_000;
  const queries: [string, EventFilter][] = [
    ["newest 20", { limit: 20 }],
    ["newest 20 of a job", { job: "job-7", limit: 20 }],
    ["newest 20 of a kind", { kind: "pause.completed", limit: 20 }],
    ["newest 20 of a job and a kind that it has once", { job: "job-7", kind: "job.lost", limit: 20 }],
    ["newest 20 of a job that was there once, long ago", { job: "rare", limit: 20 }],
    ["last hour of a job", { job: "job-7", sinceMs: hour }],
    ["last hour of everything", { sinceMs: hour }],
  ];
  const size = `${(events / 1e6).toFixed(1)} million events, ${(statSync(path).size / 1e9).toFixed(2)} GB`;
  return queries.map(([name, filter]) => {
    const times: number[] = [];
    let found = 0;
    for (let i = 0; i < 30; i++) {
      const begun = performance.now();
      found = [...readEvents(path, filter)].length;
      times.push(performance.now() - begun);
    }
    const { median, max } = summary(times);
    const detail = `${size}; opening the file included; ${found} found; max of 30 ${ms(max)}`;
    return { name: `query, ${name}`, unit: "ms", value: median, target: 20, detail };
  });
}

/** One event a second, of 40 jobs; a few that are hard to find. Returns the first one's time. */
function fill(path: string, events: number): number {
  const BATCH = 5000;
  const { wallMs } = clock.now();
  const journal = createJournal(path, { retention: RETENTION });
  for (let first = 0; first < events; first += BATCH) {
    for (let i = first; i < Math.min(first + BATCH, events); i += 100) fillSome(journal, i, wallMs);
    if (first % (BATCH * 20) === 0) upkeep(path, RETENTION, wallMs);
  }
  journal.close();
  return wallMs;
}

function fillSome(journal: RecordJournal, first: number, startMs: number): void {
  const some = Array.from({ length: 100 }, (_, i) => decision(first + i));
  const odd = some[0] as NewEvent;
  if (first === 1000) some[0] = { ...odd, job: "rare" };
  else if (first === 2000) some[0] = { ...odd, job: "job-7", kind: "job.lost" };
  else if (first % 1000 === 0) some[0] = { ...odd, job: "job-8", kind: "job.lost" };
  journal.append(some, { wallMs: startMs + first * 1000, monotonicMs: 0 });
}

function decision(i: number): NewEvent {
  return {
    kind: KINDS[i % KINDS.length] as EventKind,
    job: `job-${i % 40}`,
    run: i % 9,
    actor: "rule:somebody new needs VRAM",
    reason: `'game.exe' (pid ${i % 30_000}, ana) started on GPU 0 with 412 MiB`,
    evidence: {
      metric: "gpu.newcomers.memoryMiB",
      value: 412,
      processes: [{ pid: i % 30_000, startTime: i, user: "ana", command: "game.exe" }],
    },
  };
}

async function checkpointingJob(folder: string): Promise<ChildProcess> {
  const program = join(import.meta.dirname, "../test/children/record-checkpoints.ts");
  const job = spawn(process.execPath, [program, folder], { stdio: ["ignore", "pipe", "inherit"] });
  await once(job.stdout, "data");
  return job;
}

async function time(act: (i: number) => boolean, times: number) {
  const taken: number[] = [];
  let failed = 0;
  for (let i = 0; i < times; i++) {
    const begun = performance.now();
    if (!act(i)) failed++;
    taken.push(performance.now() - begun);
    await wait(APPEND_EVERY_MS);
  }
  return { ...summary(taken), failed };
}

function summary(times: number[]): { median: number; p99: number; max: number } {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { median: at(0.5), p99: at(0.99), max: at(1) };
}

const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} ms`;

if (process.argv[1] === import.meta.filename) {
  for (const { name, unit, value, target, detail } of await measure()) {
    console.log(
      `${name}: ${value.toFixed(3)} ${unit}${target === null ? "" : ` (target ${target})`} — ${detail}`,
    );
  }
}
