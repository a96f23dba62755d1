/** A window that closes pauses the job, one that opens resumes it, and `why` tells both beforehand. */
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { CHILDREN, RealSupervisor } from "./real-supervisor.ts";

let supervisor: RealSupervisor;
afterEach(() => supervisor.close());

const SHIFT_CLOCK = pathToFileURL(join(import.meta.dirname, "../torture/shift-clock.ts")).href;
/** By the supervisor's clock it starts so far into a minute: soon enough before the next one. */
const STARTS_AT_MS = 5_000;

/** Cron of the minute that begins `minutes` after the one that `atMs` is in, in local time. */
function minuteAfter(atMs: number, minutes: number): string {
  const at = new Date(Math.floor(atMs / 60_000 + minutes) * 60_000);
  return `${at.getMinutes()} ${at.getHours()} * * *`;
}

test("closes, opens: pause and resume by the window, told beforehand", async () => {
  const now = Date.now();
  const shiftMs = STARTS_AT_MS - (now % 60_000);
  const [closes, opens] = [1, 2].map((minutes) => minuteAfter(now + shiftMs, minutes));
  const clock = {
    NODE_OPTIONS: `--import=${SHIFT_CLOCK}`,
    TORTURE_CLOCK: join(tmpdir(), `clock-${process.pid}`),
  };
  writeFileSync(clock.TORTURE_CLOCK, String(shiftMs));
  onTestFinished(() => rmSync(clock.TORTURE_CLOCK));
  const config = {
    windows: [{ name: "off-peak", opens, closes }],
    jobs: [{ name: "count", command: ["node", join(CHILDREN, "count-steps.ts"), "--ms", "50"] }],
  };
  supervisor = await new RealSupervisor(config, clock).start();
  // Yesterday's opening is the last occurrence: the window is open until the next minute.
  await supervisor.reaches("count", ["running"]);
  expect(supervisor.snapshot().windows).toMatchObject([{ name: "off-peak", open: true }]);

  await supervisor.reaches("count", ["paused"]);
  expect(supervisor.audit("pause.requested").at(-1)?.actor).toBe("window:off-peak");
  expect(supervisor.audit("window.closed")).toHaveLength(1);
  const why = supervisor.say("why", "count").out;
  expect(why).toContain("off-peak");
  expect(why).toMatch(/\d\d:\d\d/);

  await supervisor.reaches("count", ["running"]);
  const resumed = supervisor.audit("resume.requested").at(-1);
  expect(resumed?.reason).toContain("off-peak");
  expect(supervisor.audit("window.opened").length).toBeGreaterThanOrEqual(1);
});
