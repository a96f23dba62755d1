/**
 * What a month of history costs to look back on: 30 days of samples, thinned as the supervisor thins them, with 3,600
 * pauses. `supervisor replay`, `report` and `report --html` as whole commands: CPU time, peak memory, size of the page.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { clock } from "../src/clock.ts";
import type { NewEvent } from "../src/model/event.ts";
import type { Now } from "../src/model/time.ts";
import { createJournal } from "../src/record/journal.ts";
import { job, RETENTION, run, sample } from "../test/record/material.ts";
import { childrenMs } from "./children-cpu.ts";
import type { Measured } from "./run.ts";

const BIN = resolve(import.meta.dirname, "../dist/bin.js");
const DAY_S = 86_400;
const DAYS = 30;
/** Somebody computes for the last three minutes of each. */
const SPELL_S = 720;
const SPELL_FROM_S = 540;

export async function measure(): Promise<Measured[]> {
  const folder = mkdtempSync(join(tmpdir(), "bench-month-"));
  try {
    const config = join(folder, "supervisor.config.json");
    const rules = [
      {
        name: "others",
        metric: "cpu.others",
        above: 50,
        forSeconds: 20,
        clear: { below: 30, forSeconds: 60 },
      },
    ];
    const given = { rules, jobs: [{ name: "train", command: ["true"] }] };
    writeFileSync(config, JSON.stringify({ stateDirectory: "state", database: "audit.sqlite", ...given }));
    const events = writeMonth(join(folder, "audit.sqlite"));
    const page = join(folder, "report.html");
    const replay = await cost("replay", "--config", config, "--json");
    const report = await cost("report", "--config", config, "--since", "31d");
    const html = await cost("report", "--config", config, "--since", "31d", "--html", page);
    const detail = `30 days, thinned to one sample a minute but for the last; ${events} events`;
    const row = (name: string, unit: string, value: number, target: number | null): Measured => ({
      name,
      unit,
      value,
      target,
      detail,
    });
    return [
      row("replay of a month, CPU", "s", replay.cpuS, 10),
      row("replay of a month, memory", "MiB", replay.peakMiB, 300),
      row("report of a month, CPU", "s", report.cpuS, 2),
      row("report of a month with its page, CPU", "s", html.cpuS, null),
      row("report of a month with its page, memory", "MiB", html.peakMiB, 300),
      row("page of a month with 3,600 pauses", "MB", statSync(page).size / 1e6, 3),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Returns how many events it has. */
function writeMonth(path: string): number {
  const journal = createJournal(path, { retention: RETENTION });
  const start = clock.now();
  const at = (second: number): Now => ({
    wallMs: start.wallMs - DAYS * DAY_S * 1000 + second * 1000,
    monotonicMs: second * 1000,
  });
  let events = 0;
  const note = (second: number, kind: NewEvent["kind"], more: Partial<NewEvent> = {}): void => {
    events++;
    const reason = `CPU use by others was 78 % for 20 s, above the threshold of 50 % (rule 'others'), at ${second} s.`;
    journal.append([{ kind, job: "train", run: 1, actor: "rule:others", reason, ...more }], at(second));
  };
  journal.append([], at(0), { jobs: [job("train")], started: { job: "train", run: run("r1") } });
  note(0, "job.started");
  for (let second = 0; second < DAYS * DAY_S; second++) {
    const spell = second % SPELL_S;
    if (spell === SPELL_FROM_S + 20) note(second, "pause.requested");
    if (spell === SPELL_FROM_S + 24)
      note(second, "pause.completed", { outcome: { goneAfterMs: 4000, stepsLost: 0, method: "checkpoint" } });
    if (second > SPELL_S && spell === 60) note(second, "resume.requested");
    if (second > SPELL_S && spell === 70) note(second, "resume.completed", { outcome: { reloadMs: 10_000 } });
    if (second % 60 === 0 || second >= (DAYS - 1) * DAY_S)
      journal.addSample(sample(at(second), spell >= SPELL_FROM_S ? 78 : 4 + (second % 7)));
  }
  journal.close();
  return events;
}

/** Of the command by itself: its own processes' CPU time, and the most memory that its first one held. */
async function cost(...args: string[]): Promise<{ cpuS: number; peakMiB: number }> {
  const before = childrenMs();
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  let peakMiB = 0;
  const look = setInterval(() => {
    try {
      const line = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"));
      peakMiB = Math.max(peakMiB, Number(line?.[1] ?? 0) / 1024);
    } catch {
      // It has ended.
    }
  }, 20);
  const status = await new Promise<number | null>((done) => child.on("exit", done));
  clearInterval(look);
  if (status !== 0) throw new Error(`supervisor ${args.join(" ")} ended with ${status}`);
  return { cpuS: (childrenMs() - before) / 1000, peakMiB };
}
