/**
 * From the first instruction of an outside CPU load to the pause signal in the job: a real supervisor, a
 * real job that notes when the signal arrives, dwell 0, the load at least 2.5 times the threshold.
 * With and without a cgroup, and beside another supervisor. Needs a machine that is otherwise quiet, and keeps quiet itself: with
 * dwell 0 a command's start-up would be load enough, so it watches over the socket.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { connectControl } from "../src/control/client.ts";
import type { Snapshot } from "../src/control/protocol.ts";
import { socketPath } from "../src/files/state-paths.ts";
import { CHILDREN, RealSupervisor, until } from "../test/scenarios/real-supervisor.ts";
import type { Measured } from "./run.ts";

const TRIES = Number(process.env.BENCH_TRIES ?? 20);
const ABOVE = 38;
/** Burns for 1.5 s at each line, and says when it began. */
const LOAD = `process.stdin.on("data", () => {
  console.log(Date.now());
  for (const end = performance.now() + 1500; performance.now() < end; );
})`;

async function reactions(env: NodeJS.ProcessEnv): Promise<number[]> {
  const clear = { below: 20, forSeconds: 0.5 };
  const supervisor = new RealSupervisor(
    {
      pollSeconds: 1,
      rules: [{ name: "others", metric: "cpu.others", above: ABOVE, forSeconds: 0, clear }],
      balance: { maxPauseOverhead: 0.99, backoffSeconds: 0.1, maxBackoffSeconds: 0.2, settleSeconds: 0 },
      jobs: [{ name: "note", command: ["node", join(CHILDREN, "note-signal.ts")] }],
    },
    env,
  );
  const load = cpus().map(() => spawn(process.execPath, ["-e", LOAD], { stdio: ["pipe", "pipe", "ignore"] }));
  const found: number[] = [];
  try {
    await supervisor.start();
    const client = await connectControl(socketPath(join(supervisor.directory, "state")), { watch: true });
    let state = "";
    client.onSnapshot((snapshot: Snapshot) => {
      state = snapshot.jobs[0]?.state ?? "";
    });
    const log = join(supervisor.directory, "state/logs/note.log");
    const signals = (): number[] =>
      readFileSync(log, "utf8")
        .split("\n")
        .filter((line) => line.startsWith("signal "))
        .map((line) => Number(line.slice(7)));
    for (let i = 0; i < TRIES; i++) {
      await until("the job to run", () => state === "running", { limitMs: 120_000 });
      // At different moments of the second, and with the guard's baseline settled.
      await wait(2500 + ((i * 370) % 1000));
      if (state !== "running") continue;
      const before = signals().length;
      const began = await burn(load);
      await until("the signal", () => signals().length > before, { limitMs: 30_000 });
      found.push((signals()[before] ?? Number.NaN) - began);
      await until("the pause", () => state === "paused");
    }
    client.close();
  } finally {
    for (const child of load) child.kill("SIGKILL");
    await supervisor.close();
  }
  return found.sort((a, b) => a - b);
}

/** A busy loop per core, begun together. */
async function burn(load: ChildProcess[]): Promise<number> {
  const began = load.map(
    (child) => new Promise<number>((resolve) => child.stdout?.once("data", (text) => resolve(Number(text)))),
  );
  for (const child of load) child.stdin?.write("go\n");
  return Math.min(...(await Promise.all(began)));
}

const at = (sorted: number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

/** Its two jobs sleep; beside them, what isn't ours is no proof of somebody else any more. */
async function besideAnother(): Promise<number[]> {
  const sleeps = ["one", "two"].map((name) => ({
    name,
    command: ["/bin/sleep", "100000"],
    pause: { method: "freeze" },
  }));
  const another = new RealSupervisor({ pollSeconds: 1, jobs: sleeps });
  try {
    await another.start();
    for (const { name } of sleeps) await another.reaches(name, ["running"]);
    return await reactions({});
  } finally {
    await another.close();
  }
}

export async function measure(): Promise<Measured[]> {
  const grouped = await reactions({});
  const beside = await besideAnother();
  const bare = await reactions({ GPU_JOB_SUPERVISOR_NO_CGROUP: "1" });
  const detail = (tries: number[], share: string): string =>
    `${share} of ${tries.length}, load ≥ 2.5 × threshold, dwell 0`;
  const figure = (name: string, tries: number[], share: number, target: number): Measured => {
    const words = share === 1 ? "the worst" : "median";
    return { name, unit: "ms", value: at(tries, share), target, detail: detail(tries, words) };
  };
  return [
    figure("outside load → pause signal", grouped, 0.5, 150),
    figure("outside load → pause signal, worst", grouped, 1, 300),
    figure("the same beside another supervisor's two jobs", beside, 0.5, 150),
    figure("the same beside another supervisor's two jobs, worst", beside, 1, 300),
    figure("the same without a cgroup", bare, 0.5, 300),
    figure("the same without a cgroup, worst", bare, 1, 450),
  ];
}

if (process.argv[1] === import.meta.filename) console.table(await measure());
