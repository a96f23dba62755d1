/**
 * What a user waits for: `supervisor --help` beside the barest Node, in CPU time, and the time from
 * `supervisor start` to the dashboard's first frame with a job in it, in a real pseudo-terminal.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { childrenMs } from "./children-cpu.ts";
import type { Measured } from "./run.ts";

const BIN = resolve(import.meta.dirname, "../dist/bin.js");
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 20);
const STARTS = 5;
const GIVE_UP_MS = 60_000;

function cpuMs(...args: string[]): number {
  const before = childrenMs();
  const { status } = spawnSync(process.execPath, args, { stdio: "ignore" });
  if (status !== 0) throw new Error(`node ${args.join(" ")} ended with ${status}`);
  return childrenMs() - before;
}

/** In turn, so that whatever else the machine does weighs on both alike. */
function help(): { bareMs: number; helpMs: number } {
  let [bareMs, helpMs] = [0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    bareMs += cpuMs("-e", "0");
    helpMs += cpuMs(BIN, "--help");
  }
  return { bareMs: bareMs / ROUNDS, helpMs: helpMs / ROUNDS };
}

/** Wall ms until the dashboard shows the job; the supervisor is stopped afterwards. */
async function firstFrameMs(): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), "bench-start-up-"));
  const config = join(directory, "supervisor.config.json");
  const jobs = [{ name: "first-frame", command: ["sleep", "600"] }];
  writeFileSync(config, JSON.stringify({ stateDirectory: "state", rules: [], jobs }));
  const command = `'${process.execPath}' '${BIN}' start --config '${config}'`;
  const began = performance.now();
  const child = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] });
  let shown = "";
  const took = await new Promise<number>((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`no frame: ${shown}`)), GIVE_UP_MS);
    child.stdout.on("data", (chunk: Buffer) => {
      shown += chunk.toString();
      if (!shown.includes("first-frame")) return;
      clearTimeout(timer);
      done(performance.now() - began);
    });
  }).finally(() => {
    spawnSync(process.execPath, [BIN, "cancel", "first-frame", "--config", config], { stdio: "ignore" });
    spawnSync(process.execPath, [BIN, "stop", "--config", config], { stdio: "ignore" });
    child.kill();
  });
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  return took;
}

export async function measure(): Promise<Measured[]> {
  const { bareMs, helpMs } = help();
  const starts: number[] = [];
  for (let round = 0; round < STARTS; round++) starts.push(await firstFrameMs());
  starts.sort((a, b) => a - b);
  return [
    {
      name: "`supervisor --help`, beside bare Node",
      unit: "×",
      value: helpMs / bareMs,
      target: 1.5,
      detail: `CPU time: ${helpMs.toFixed(0)} ms, \`node -e 0\` ${bareMs.toFixed(0)} ms; mean of ${ROUNDS} in turn`,
    },
    {
      name: "`supervisor start` → first frame",
      unit: "ms",
      value: starts[Math.floor(STARTS / 2)] as number,
      target: 900,
      detail: `median of ${STARTS} (${starts.map((ms) => ms.toFixed(0)).join(", ")}), supervisor and dashboard both from nothing`,
    },
  ];
}

if (import.meta.main) for (const figure of await measure()) console.log(figure);
