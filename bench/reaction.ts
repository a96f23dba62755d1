/**
 * From the first instruction of an outside CPU load to the pause signal in the job: a real supervisor, a
 * real job that notes when the signal arrives, dwell 0, the load at least 2.5 times the threshold.
 * With and without a cgroup. Needs a machine that is otherwise quiet; says how many tries counted.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { CHILDREN, RealSupervisor, until } from "../test/scenarios/real-supervisor.ts";
import type { Measured } from "./run.ts";

const TRIES = Number(process.env.BENCH_TRIES ?? 15);
const ABOVE = 38;

async function reactions(env: NodeJS.ProcessEnv): Promise<number[]> {
  const supervisor = new RealSupervisor(
    {
      pollSeconds: 1,
      rules: [
        {
          name: "others",
          metric: "cpu.others",
          above: ABOVE,
          forSeconds: 0,
          clear: { below: 20, forSeconds: 0.5 },
        },
      ],
      balance: { maxPauseOverhead: 0.99, backoffSeconds: 0.1, maxBackoffSeconds: 0.2, settleSeconds: 0 },
      jobs: [{ name: "note", command: ["node", join(CHILDREN, "note-signal.ts")] }],
    },
    env,
  );
  const found: number[] = [];
  try {
    await supervisor.start();
    const log = join(supervisor.directory, "state/logs/note.log");
    for (let i = 0; i < TRIES; i++) {
      await supervisor.reaches("note", ["running"], 120_000);
      // At different moments of the second, and with the guard's baseline settled.
      await wait(1500 + ((i * 370) % 1000));
      if (supervisor.job("note").state !== "running") continue;
      const seen = readFileSync(log, "utf8").split("\n").length;
      const { began, load } = await burn();
      const line = await until(
        "the signal",
        () =>
          readFileSync(log, "utf8")
            .split("\n")
            .slice(seen - 1)
            .find((text) => text.startsWith("signal ")),
        30_000,
      );
      found.push(Number(line.slice(7)) - began);
      await supervisor.reaches("note", ["paused"]);
      for (const child of load) child.kill("SIGKILL");
    }
  } finally {
    await supervisor.close();
  }
  return found.sort((a, b) => a - b);
}

/** One busy loop per core; `began` is when the last of them left its start-up behind. */
async function burn(): Promise<{ began: number; load: ChildProcess[] }> {
  const load = cpus().map(() =>
    // It waits for a line so that its own start-up isn't part of the load.
    spawn(
      process.execPath,
      ["-e", "process.stdin.once('data', () => { console.log(Date.now()); for (;;); })"],
      {
        stdio: ["pipe", "pipe", "ignore"],
      },
    ),
  );
  await wait(600);
  const began = load.map(
    (child) => new Promise<number>((resolve) => child.stdout?.once("data", (text) => resolve(Number(text)))),
  );
  for (const child of load) child.stdin?.write("go\n");
  return { began: Math.min(...(await Promise.all(began))), load };
}

const at = (sorted: number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

export async function measure(): Promise<Measured[]> {
  const grouped = await reactions({});
  const bare = await reactions({ GPU_JOB_SUPERVISOR_NO_CGROUP: "1" });
  const detail = (tries: number[], share: string): string =>
    `${share} of ${tries.length}, load ≥ 2.5 × threshold, dwell 0`;
  return [
    {
      name: "outside load → pause signal",
      unit: "ms",
      value: at(grouped, 0.5),
      target: 150,
      detail: detail(grouped, "median"),
    },
    {
      name: "outside load → pause signal, worst",
      unit: "ms",
      value: at(grouped, 1),
      target: 300,
      detail: detail(grouped, "the worst"),
    },
    {
      name: "the same without a cgroup",
      unit: "ms",
      value: at(bare, 0.5),
      target: 300,
      detail: detail(bare, "median"),
    },
  ];
}

if (process.argv[1] === import.meta.filename) console.table(await measure());
