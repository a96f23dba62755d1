/**
 * What a Node program reports at its end: what its exit code is, however it comes about.
 * Covers: src/job/job.ts
 */
import { expect, test } from "vitest";
import { launch, temporaryFolder } from "./launch.ts";

const PROGRAM = "const { job } = await import('./src/job/index.ts'); await job.step(1);";

test.each([
  ["", 0, "finished"],
  ["process.exit()", 0, "finished"],
  ["process.exit(1)", 1, "failed"],
  ["process.exitCode = 1", 1, "failed"],
  ["process.exitCode = '1'", 1, "failed"],
  ["process.exitCode = '0'", 0, "finished"],
  ["process.exitCode = 1; process.exit()", 1, "failed"],
  ["process.on('beforeExit', () => process.exit(1))", 1, "failed"],
  ["throw new Error('boom')", 1, "failed"],
  ["Promise.reject(new Error('boom'))", 1, "failed"],
  ["setImmediate(() => { throw new Error('boom') })", 1, "failed"],
  ["await new Promise(() => {})", 13, "failed"],
  ["process.exit('0')", 0, "finished"],
  ["process.reallyExit(1)", 1, "running"],
  ["process.kill(process.pid, 'SIGKILL'); await new Promise(() => {})", null, "running"],
])("%s: exit code %s, last reported as %s", async (end, code, state) => {
  const run = launch([process.execPath, "--eval", `${PROGRAM} ${end}`], [], temporaryFolder());
  const ended = await run.ended;
  expect({ ...ended, state: run.status()?.state }, ended.output).toMatchObject({ code, state });
});
