/**
 * Ahead of each test file: `node` is the Node that runs the tests, and supervisors see the claims and
 * records of this file's supervisors alone, not of others that run beside it. Behind it: what it has left to the
 * full run, for the closing line.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll } from "vitest";
import { leftToFullRun } from "./rounds.ts";

declare module "vitest" {
  interface TaskMeta {
    /** Rounds and variants of a file's tests. */
    leftToFullRun?: number;
  }
}

const folder = mkdtempSync(join(tmpdir(), "supervisor-test-claims-"));
// Supervisors of other users go through it, too.
chmodSync(folder, 0o755);
process.env.GPU_JOB_SUPERVISOR_CLAIMS = join(folder, "claims");
process.env.XDG_STATE_HOME = join(folder, "state");
process.env.GPU_JOB_SUPERVISOR_LOCKS = join(folder, "locks");
// The programs that tests start are read and compiled once, not at each of thousands of starts.
process.env.NODE_COMPILE_CACHE = join(import.meta.dirname, "../node_modules/.cache/compiled-for-tests");
process.env.PATH = [dirname(process.execPath), process.env.PATH ?? ""].join(delimiter);
// biome-ignore lint/correctness/noEmptyPattern: Vitest reads the fixtures that a hook wants from this pattern.
afterAll(({}, { meta }) => {
  rmSync(folder, { recursive: true, force: true });
  if (leftToFullRun() > 0) meta.leftToFullRun = leftToFullRun();
});
