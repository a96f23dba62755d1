/**
 * Ahead of each test file: `node` is the Node that runs the tests, and supervisors see the claims and
 * records of this file's supervisors alone, not of others that run beside it.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "supervisor-test-claims-"));
// Supervisors of other users go through it, too.
chmodSync(folder, 0o755);
process.env.GPU_JOB_SUPERVISOR_CLAIMS = join(folder, "claims");
process.env.XDG_STATE_HOME = join(folder, "state");
process.env.GPU_JOB_SUPERVISOR_LOCKS = join(folder, "locks");
process.env.PATH = [dirname(process.execPath), process.env.PATH ?? ""].join(delimiter);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
