/**
 * Real cron and a real loop whose own next beat is an hour away: only a window's turn can wake it.
 * Covers: src/tick/loop.ts
 */
import { afterEach, expect, test, vi } from "vitest";
import { wakeAtWindows } from "../../src/supervise/wake-at-windows.ts";
import { Loop } from "../../src/tick/loop.ts";
import { untilHolds } from "../until.ts";

const EVERY_SECOND = "* * * * * *";
const NEVER_SOON = "0 0 29 2 *";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A loop after its first beat; returns its ticks and what wakes it. */
async function restingLoop() {
  const ticks = vi.fn();
  const onBug = (error: unknown): void => {
    throw error;
  };
  const loop = new Loop({ tick: ticks, pollMs: () => 3_600_000, onBug });
  ends.push(() => loop.stop());
  await untilHolds(() => expect(ticks).toHaveBeenCalledTimes(1));
  return { ticks, wake: () => loop.wake() };
}

test.each([
  ["opens", { opens: EVERY_SECOND, closes: NEVER_SOON }],
  ["closes", { opens: NEVER_SOON, closes: EVERY_SECOND }],
  ["opens in its time zone", { opens: EVERY_SECOND, closes: NEVER_SOON, timezone: "Asia/Kathmandu" }],
])("a window that %s wakes the loop, again and again", async (_, times) => {
  const { ticks, wake } = await restingLoop();
  ends.push(wakeAtWindows([{ name: "w", ...times }], wake));
  await untilHolds(() => expect(ticks.mock.calls.length).toBeGreaterThanOrEqual(3));
});

test("the time zone counts: an hour that is elsewhere rings nothing, the one that is here does", async () => {
  const hour = new Date().getUTCHours();
  const elsewhere = vi.fn();
  const here = vi.fn();
  // Both for two hours, so that none ends while the test runs.
  const seconds = `* * ${hour},${(hour + 1) % 24} * * *`;
  const window = { name: "w", opens: seconds, closes: NEVER_SOON };
  ends.push(wakeAtWindows([{ ...window, timezone: "Etc/GMT+12" }], elsewhere));
  ends.push(wakeAtWindows([{ ...window, timezone: "UTC" }], here));
  await untilHolds(() => expect(here.mock.calls.length).toBeGreaterThanOrEqual(2));
  expect(elsewhere).not.toHaveBeenCalled();
});

test("what was stopped rings no more", async () => {
  const [stopped, going] = [vi.fn(), vi.fn()];
  const window = { name: "w", opens: EVERY_SECOND, closes: NEVER_SOON };
  const stop = wakeAtWindows([window], stopped);
  ends.push(wakeAtWindows([window], going));
  await untilHolds(() => expect(stopped).toHaveBeenCalled());
  stop();
  const rung = stopped.mock.calls.length;
  const until = going.mock.calls.length + 3;
  await untilHolds(() => expect(going.mock.calls.length).toBeGreaterThanOrEqual(until));
  expect(stopped).toHaveBeenCalledTimes(rung);
});
