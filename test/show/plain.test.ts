/** Covers: src/show/event-words.ts, src/show/screen/pages/pages.ts */
import stringWidth from "string-width";
import { expect, test } from "vitest";
import type { JobView } from "../../src/control/protocol.ts";
import { formatEvent } from "../../src/show/event-words.ts";
import { formatStatus, formatWhy } from "../../src/show/plain.ts";
import { whyPage } from "../../src/show/screen/pages/pages.ts";
import { AT, busy, event, gpus, hostile, job, nothing, quiet } from "./snapshots.ts";

test("an event is one line: time, job, what, why", () => {
  const reason = "'game.exe' (pid 8812, you) started on GPU 0 with 412 MiB";
  expect(formatEvent(event("14:02:11", "pause.requested", "train", reason))).toBe(
    `14:02:11 train  pause requested: ${reason}`,
  );
  expect(formatEvent(event("14:02:11", "rule.pressure", null, "'busy' uses 71 %"))).toBe(
    "14:02:11 rule pressure: 'busy' uses 71 %",
  );
});

test("a reason is shown whole, after what happened where it tells only why", () => {
  const text = (kind: Parameters<typeof event>[1], reason: string): string =>
    formatEvent(event("14:02:11", kind, "train", reason)).slice("14:02:11 train  ".length);
  for (const kind of ["pause.completed", "job.finished", "job.cancelled", "gpu.claimed"] as const) {
    for (const reason of ["Paused: step 48,210 saved.", "It was cancelled and has ended.", "It is it"])
      expect(text(kind, reason)).toBe(reason);
  }
  expect(text("pause.completed", "")).toBe("pause completed");
  expect(text("job.failed", "")).toBe("failed");
  expect(text("job.failed", "It was killed.")).toBe("failed: It was killed.");
  expect(text("pause.requested", "Pause requested by it was.")).toBe(
    "pause requested: Pause requested by it was.",
  );
  expect(text("window.opened", "Window 'night' has opened.")).toBe("Window 'night' has opened.");
  expect(text("resume.completed", "It goes on at step 7.")).toBe("resumed: It goes on at step 7.");
});

test("an event can't be more than a line, whatever its reason", () => {
  const line = formatEvent(event("14:02:11", "job.failed", "train", "a\nb\u001b[2J\r"));
  expect(line).toBe("14:02:11 train  failed: a b␛[2J");
});

test("status shows machine and jobs at the width it is given", async () => {
  await expect(`${formatStatus(busy(), 100)}\n`).toMatchFileSnapshot("frames/status.txt");
  for (const snapshot of [quiet(), busy(), gpus(8), nothing(), hostile()]) {
    for (const width of [30, 60, 80, 120]) {
      for (const line of formatStatus(snapshot, width).split("\n")) {
        expect(stringWidth(line)).toBeLessThanOrEqual(width);
      }
    }
  }
});

test("a stalled job says since when, in the list, in the answer to why and on its page", () => {
  const stalledSinceMs = AT - 12 * 60_000;
  const stalled = { ...quiet(), jobs: [job("train", { stalledSinceMs })] };
  expect(formatStatus(stalled, 120)).toContain("no step for 12 min");
  const page = whyPage(stalled.jobs[0] as JobView, AT, 80).map((line) =>
    line.map(({ text }) => text).join(""),
  );
  const at = new Date(stalledSinceMs);
  const time = [at.getHours(), at.getMinutes()].map((part) => String(part).padStart(2, "0"));
  expect(page.join("\n")).toMatch(new RegExp(`why +no step for 12 min \\(since ${time.join(":")}\\)`));
});

test("why answers for one job, or for all that don't run", async () => {
  await expect(`${formatWhy(busy())}\n`).toMatchFileSnapshot("frames/why.txt");
  expect(formatWhy(busy(), "vocoder")).toMatch(/^vocoder {2}waits: window 'off-peak' opens at 22:00$/m);
  expect(formatWhy(busy(), "nobody")).toBe("There is no job 'nobody'.");
  expect(formatWhy(quiet())).toBe("Every job is running or finished.");
  expect(formatWhy(nothing())).toBe("There are no jobs.");
  expect(formatWhy(quiet(), "voice-train")).toMatch(/^voice-train {2}running since 10:50$/m);
});

test("why tells below the rest what rules can't see", () => {
  const seen = job("asr", {});
  const sight = {
    how: "blind",
    metric: "swap.usedMiB",
    gpu: null,
    rules: ["swap"],
    why: "no swap here",
  } as const;
  const why = { ...seen.why, unseen: [{ ...sight, rules: [...sight.rules] }] };
  const page = formatWhy({ ...quiet(), jobs: [{ ...seen, why }] }, "asr");
  expect(page.split("\n").at(-1)).toBe(
    "     ! Rule 'swap' can't act: swap.usedMiB can't be read (no swap here).",
  );
});

test("why fits a terminal, set in beside the name, and names what helps sooner", () => {
  const sooner = [
    {
      command: "supervisor pause asr --freeze",
      short: "pause asr --freeze",
      does: "frees its GPU and CPU time now, keeps 18.2 GiB VRAM",
    },
    {
      command: "supervisor pause asr --terminate",
      short: "pause asr --terminate",
      does: "loses about 3,412 steps (41 min, last checkpoint 13:21)",
    },
  ];
  const summary =
    "still running 2 min after it was asked to pause (14:00); nothing was forced. GPU 0 is still in use. ana paused it.";
  const stuck = job("asr", {
    state: "pausing",
    overdue: "waiting",
    sinceMs: AT - 120_000,
    why: {
      cause: { actor: "user", reason: "ana paused it." },
      overdue: { forced: "waiting", askedForMs: 120_000, gpu: "GPU 0" },
      sooner,
    },
  });
  const snapshot = { ...quiet(), jobs: [stuck] };
  expect(formatWhy(snapshot).split("\n")).toEqual([
    `asr  ${summary}`,
    `       supervisor pause asr --freeze      ${sooner[0]?.does}`,
    `       supervisor pause asr --terminate   ${sooner[1]?.does}`,
  ]);
  for (const width of [40, 60, 80, 120])
    for (const line of formatWhy(snapshot, undefined, width).split("\n")) {
      expect(stringWidth(line)).toBeLessThanOrEqual(width);
      expect(line).toMatch(/^(asr| {5})/);
    }
  expect(formatWhy(snapshot, undefined, 60).replaceAll(/\s+/g, " ")).toBe(
    formatWhy(snapshot).replaceAll(/\s+/g, " "),
  );
});
