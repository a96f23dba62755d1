/** A window that closes pauses the job, one that opens resumes it, and `why` tells both beforehand. */
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { CHILDREN, RealSupervisor, until } from "./real-supervisor.ts";

let supervisor: RealSupervisor;
afterEach(() => supervisor.close());

/** Cron of the minute that begins `minutes` after the present one, in local time. */
function minuteFromNow(minutes: number): string {
  const at = new Date(Math.floor(Date.now() / 60_000 + minutes) * 60_000);
  return `${at.getMinutes()} ${at.getHours()} * * *`;
}

test("closes, opens: pause and resume by the window, told beforehand", async () => {
  // Too near the minute's end there would be no time left inside the first window.
  await until("the minute to have 20 s left", () => Date.now() % 60_000 < 40_000);
  const window = { name: "off-peak", opens: minuteFromNow(2), closes: minuteFromNow(1) };
  supervisor = await new RealSupervisor({
    windows: [window],
    jobs: [{ name: "count", command: ["node", join(CHILDREN, "count-steps.ts"), "--ms", "50"] }],
  }).start();
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
