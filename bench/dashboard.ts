/**
 * What the dashboard costs in a real terminal (tmux, 120×40) that is fed once a second with
 * changing figures: CPU seconds a minute and memory, with 1 and with 100 jobs. Parsing the
 * snapshots is included. `node bench/dashboard.ts [SECONDS]` prints it; `measure()` returns it.
 * Needs the built program (`npm run build`) and tmux.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Snapshot } from "../src/control/protocol.ts";
import { openTerminal } from "../test/show/screen/tmux.ts";
import { hundred, quiet } from "../test/show/snapshots.ts";
import type { Measured } from "./run.ts";

const ROOT = join(import.meta.dirname, "..");
/** USER_HZ of every Linux that Node runs on. */
const TICKS_A_SECOND = 100;
/** Start-up is over by then, and V8 has compiled what a frame needs: with one frame a second that takes it most of a minute. */
const WARM_UP_MS = 60_000;

export async function measure(seconds = 20): Promise<Measured[]> {
  if (spawnSync("tmux", ["-V"], { stdio: "ignore" }).status !== 0) {
    console.error("dashboard: not measured, tmux is not installed");
    return [];
  }
  const one = await measureOne("1 job", quiet(), seconds);
  const many = await measureOne("100 jobs", hundred(), seconds);
  return [...one, ...many];
}

async function measureOne(label: string, snapshot: Snapshot, seconds: number): Promise<Measured[]> {
  const directory = mkdtempSync(join(tmpdir(), "bench-dashboard-"));
  const file = join(directory, "snapshot.json");
  writeFileSync(file, JSON.stringify(snapshot));
  const serve = join(ROOT, "test/children/show-serve.ts");
  const module = join(ROOT, "dist/show/screen/terminal/run-dashboard.js");
  const command = [process.execPath, serve, module, file, join(directory, "requests"), "moving"];
  const terminal = openTerminal(command, { width: 120, height: 40 });
  try {
    await terminal.until("the first frame", (screen) => screen.includes("── jobs"));
    const pid = childOf(terminal.shellPid());
    const firstFrameSeconds = cpuSeconds(pid);
    await wait(WARM_UP_MS);
    const [before, begun] = [cpuSeconds(pid), performance.now()];
    await wait(seconds * 1000);
    const minutes = (performance.now() - begun) / 60_000;
    const detail = `120×40 at 1 Hz in tmux, over ${seconds} s after ${WARM_UP_MS / 1000} s; ${firstFrameSeconds.toFixed(2)} s of CPU until the first frame`;
    return [
      {
        name: `dashboard, ${label}: CPU`,
        unit: "s/min",
        value: Number(((cpuSeconds(pid) - before) / minutes).toFixed(3)),
        target: 0.6,
        detail,
      },
      { name: `dashboard, ${label}: memory`, unit: "MiB RSS", value: rssMiB(pid), target: null, detail },
    ];
  } finally {
    terminal.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

function childOf(shell: number): number {
  const parents = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const child = parents.find((pid) => statOf(Number(pid))?.[1] === String(shell));
  if (child === undefined) throw new Error(`the terminal's shell ${shell} has no child`);
  return Number(child);
}

/** Fields of /proc/PID/stat from the third on; null for a process that is gone. */
function statOf(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}

function cpuSeconds(pid: number): number {
  const fields = statOf(pid);
  if (fields === null) throw new Error(`the dashboard (pid ${pid}) has ended`);
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

function rssMiB(pid: number): number {
  const kib = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Math.round(Number(kib) / 1024);
}

if (import.meta.main) {
  for (const { name, value, unit, target, detail } of await measure(Number(process.argv[2] ?? 20))) {
    console.log(`${name}: ${value} ${unit}${target === null ? "" : ` (target ${target})`}; ${detail}`);
  }
}
