/** Monit, which is measured beside us. */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Idle } from "./side-by-side.ts";

/** What of the whole machine it watches. */
const SYSTEM = [
  "check system here",
  "  if cpu usage > 95% for 3 cycles then alert",
  "  if memory usage > 95% then alert",
];

/** Monit at 1 Hz with a rule for CPU and one for memory; none where it isn't installed. */
export function monit(): Idle[] {
  if (spawnSync("monit", ["-V"], { stdio: "ignore" }).status === 0) return [startMonit()];
  console.error("idle: monit is not installed, so nothing is measured beside it");
  return [];
}

/** The same with these lines, too, in its config. */
export function startMonit(more: string[] = []): Idle {
  const directory = mkdtempSync(join(tmpdir(), "bench-monit-"));
  const rc = join(directory, "monitrc");
  const own = ["pid", "state", "id"].map((file) => `set ${file}file ${directory}/${file}`);
  writeFileSync(rc, ["set daemon 1", ...own, ...SYSTEM, ...more, ""].join("\n"));
  chmodSync(rc, 0o600);
  const child = spawn("monit", ["-I", "-c", rc], { stdio: "ignore" });
  return {
    pids: () => [child.pid ?? 0],
    close: async () => {
      child.kill("SIGKILL");
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
