/**
 * What a reason says and what stands beside it are worded alike, and nothing is said twice.
 * Covers: src/show/job-words.ts, src/decide/why/stakes.ts
 */
import { describe, expect, test } from "vitest";
import type { JobView } from "../../src/control/protocol.ts";
import { decide } from "../../src/decide/policy.ts";
import { endingLoses, freezingKeeps } from "../../src/decide/why/stakes.ts";
import { windowStates } from "../../src/decide/windows/windows.ts";
import { newWorld } from "../../src/decide/world.ts";
import type { Job } from "../../src/model/job.ts";
import { learnedSummary } from "../../src/model/learned.ts";
import type { Now } from "../../src/model/time.ts";
import type { Why } from "../../src/model/why.ts";
import { paint } from "../../src/show/draw/lines.ts";
import { nextOf, reasonAndNext } from "../../src/show/job-words.ts";
import { formatWhy } from "../../src/show/plain.ts";
import { processWords, whyPage } from "../../src/show/screen/pages/pages.ts";
import { whyText } from "../../src/words/sentences/why/why.ts";
import {
  figure,
  makeCheckpoint,
  makeConfig,
  makeJob,
  makeRun,
  makeSample,
  runningJob,
} from "../decide/make.ts";
import { AT, snapshot, job as view } from "./snapshots.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Up for longer than anything here takes. */
const NOW: Now = { wallMs: AT, monotonicMs: 100 * DAY };
const ago = (ms: number): Now => ({ wallMs: NOW.wallMs - ms, monotonicMs: NOW.monotonicMs - ms });

function whyOf(job: Job, config: object = {}): Why {
  const whole = makeConfig(config);
  const windows = windowStates(whole.windows, NOW.wallMs);
  const mode = { stopping: false, journalHealthy: true };
  return decide(newWorld({ tts: job }), {
    sample: makeSample(NOW),
    windows,
    config: whole,
    now: NOW,
    mode,
  }).why().tts as Why;
}

/** As the dashboard gets it. */
const shown = (job: Job, config: object = {}): JobView =>
  view("tts", {
    state: job.state.name,
    sinceMs: job.state.since.wallMs,
    stalledSinceMs: job.progress?.stalledSinceMs ?? null,
    progress: job.progress,
    stepsPerSecond: null,
    why: whyOf(job, config),
  });

const page = (job: JobView): string[] => whyPage(job, AT, 500).map((line) => paint(line, "none").trimEnd());

/** Every moment that a text names, with its day. */
const moments = (text: string): string[] =>
  text.match(
    /(?:\d{4}-\d\d-\d\d |\b[A-Z][a-z]{2} |\b\d{1,2} [A-Z][a-z]{2} (?:\d{4} )?)?\b\d\d:\d\d\b(?!:)/g,
  ) ?? [];

describe.each([
  ["in an hour", new Date(AT + HOUR), "15:00, in 58 min"],
  ["in 6 hours", new Date(AT + 6 * HOUR), "20:00, in 5 h 58 min"],
  ["tomorrow", new Date(AT + 17 * HOUR), "Wed 07:00, in 16 h 58 min"],
  ["in 9 days", new Date(AT + 9 * DAY), "3 Dec 14:00, in 9 d"],
  ["in another year", new Date(AT + 60 * DAY), "23 Jan 2027 14:00, in 60 d"],
])("a window that opens %s", (_, opens, moment) => {
  const [time = "", coming = ""] = moment.split(", ");
  const cron = `0 ${opens.getHours()} ${opens.getDate()} ${opens.getMonth() + 1} *`;
  const closes = `30 ${opens.getHours()} ${opens.getDate()} ${opens.getMonth() + 1} *`;
  const config = { windows: [{ name: "nights", opens: cron, closes, jobs: ["tts"] }] };
  const job = shown(makeJob({ name: "tts" }, { state: { name: "waiting", since: ago(HOUR) } }), config);

  test("is named once wherever it is told of, and always by the same words", () => {
    expect(nextOf(job, AT)).toBe(`may run from ${time}, if nothing else comes up (${coming})`);
    const lines = page(job).filter((line) => /^(why|waits for|next)/.test(line));
    expect(lines.map(moments)).toEqual([[time], [time]]);
    expect(lines[0]).toMatch(new RegExp(`opens at ${time} \\(${coming}\\)$`));
    const why = formatWhy(snapshot({ jobs: [job] }), "tts");
    expect(new Set(moments(why))).toEqual(new Set([time]));
  });
});

describe.each([
  [65 * SECOND, "1 min 5 s"],
  [95 * SECOND, "1 min 35 s"],
  [340 * SECOND, "5 min 40 s"],
  [31 * MINUTE, "31 min"],
  [52 * HOUR, "2 d 4 h"],
])("%d ms", (ms, words) => {
  test("without a step are one duration in the reason and on the dashboard, told once", () => {
    const progress = {
      step: 9,
      totalSteps: null,
      epoch: null,
      metrics: {},
      reports: "running",
      advancedAtMs: ago(ms).monotonicMs,
      stalledSinceMs: ago(ms).wallMs,
    };
    const state = { name: "running" as const, since: ago(ms), run: makeRun() };
    const job = shown(runningJob({ name: "tts" }, { state, progress }));
    expect(job.why.summary).toContain(`no step for ${words}`);
    const { reason } = reasonAndNext(job, AT);
    expect(reason.split(words)).toHaveLength(2);
    expect(page(job).join("\n")).toContain(`(${words})`);
  });

  test("since the last checkpoint are one duration before it is ended and on its page", () => {
    const checkpoint = makeCheckpoint(5, ago(ms));
    const loses = endingLoses({ progress: null, checkpoint }, AT);
    const told = page(view("tts", { checkpoint })).find((line) => line.startsWith("checkpoint"));
    expect(loses).toContain(`(${words}, `);
    expect(told).toContain(`(${words} ago)`);
    expect(moments(told ?? "")).toEqual(moments(loses));
  });
});

test.each([
  [412, "412 MiB"],
  [1000, "1.0 GiB"],
  [1024, "1.0 GiB"],
  [18_637, "18.2 GiB"],
  [2048 * 1024, "2.0 TiB"],
])("%d MiB are one size in a reason and beside a process", (memoryMiB, words) => {
  const learned = { memoryMiB: figure(memoryMiB) };
  expect(freezingKeeps({ learned })).toContain(`keeps ${words} of memory`);
  expect(processWords({ pid: 1, user: "ana", command: "x", memoryMiB })).toContain(words);
  expect(
    page(view("tts", { learned: learnedSummary(learned) })).find((line) => line.startsWith("uses")),
  ).toContain(`${words} of memory`);
});

test("an ended job's time is named anew when the day is over", () => {
  const state = { name: "finished" as const, since: ago(HOUR) };
  const job = makeJob({ name: "tts" }, { state });
  const at = (now: Now): string => {
    const { why } = decide(newWorld({ tts: job }), {
      sample: makeSample(now),
      windows: [],
      config: makeConfig(),
      now,
      mode: { stopping: false, journalHealthy: true },
    });
    return whyText(why().tts as Why, now.wallMs);
  };
  expect(at(NOW)).toBe("finished at 13:02.");
  expect(at(ago(-2 * DAY))).toBe("finished at Tue 13:02.");
});
