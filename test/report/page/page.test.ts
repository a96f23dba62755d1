/**
 * The page as a browser gets it.
 * Covers: src/report/page/html.ts, src/report/page/strips.ts, src/report/page/page-from.ts,
 * src/report/page/series.ts, src/report/page/script/main.ts, src/report/page/script/draw.ts,
 * src/report/page/script/reasons.ts
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { AuditEvent } from "../../../src/model/event.ts";
import { pageFrom } from "../../../src/report/page/page-from.ts";
import { Plotter } from "../../../src/report/page/series.ts";
import { reportOf } from "../../../src/report/report.ts";
import { makeGpu, makeRule, makeSample } from "../../decide/make.ts";
import { browser, browserPath, testWith } from "../../needs.ts";

const SINCE = Date.UTC(2026, 4, 4);
const HOURS = 3_600_000;
const EVIL = `</script><img src=x onerror="document.title='evil'">`;

function plotted(lengthMs: number, everyMs: number, spikeMs = -1) {
  const plotter = new Plotter({ sinceMs: SINCE, untilMs: SINCE + lengthMs });
  for (let ms = 0; ms < lengthMs; ms += everyMs) {
    if (ms > 2 * HOURS && ms < 3 * HOURS) continue;
    const now = { wallMs: SINCE + ms, monotonicMs: ms };
    const gpus = [makeGpu(now, "GPU-a", 0, { "gpu.power": 200 })];
    plotter.take(makeSample(now, { "cpu.others": ms === spikeMs ? 99 : 20 + (ms % 7) }, { gpus }));
  }
  return plotter.plots([makeRule({ name: EVIL, above: 60, clear: { below: 30 } })]);
}

function page(): string {
  const at = (hours: number) => new Date(SINCE + hours * HOURS).toISOString();
  const row = { job: EVIL, run: 1, hash: "", actor: "user" as const };
  const events: AuditEvent[] = [
    { id: 7, at: at(1), kind: "job.started", reason: EVIL, outcome: { gpus: [] }, ...row },
    { id: 8, at: at(4), kind: "pause.requested", reason: "Ana's turn.", ...row },
    { id: 9, at: at(5), kind: "pause.completed", reason: "Gone.", outcome: { goneAfterMs: 9 }, ...row },
  ];
  const untilMs = SINCE + 8 * HOURS;
  const given = { events, jobs: [], sinceMs: SINCE, untilMs, notes: [EVIL], lastSignMs: () => untilMs };
  return pageFrom(reportOf(given), { events, plots: plotted(8 * HOURS, 5000), title: EVIL });
}

/** Its values, as the script unpacks them: lows, then highs; null is a gap. */
function values({ series, columns }: ReturnType<typeof plotted>, metric: string) {
  const found = series.find((one) => one.metric === metric);
  const steps = new Uint16Array(new Uint8Array(Buffer.from(found?.data ?? "", "base64")).buffer);
  const [least, most] = [found?.least ?? 0, found?.most ?? 0];
  const all = [...steps].map((step) => (step === 65_535 ? null : least + (step / 65_534) * (most - least)));
  return { low: all.slice(0, columns), high: all.slice(columns) };
}

test("a plot keeps the one sample that stands out, and a gap, however long the period is", () => {
  const plots = plotted(30 * 24 * HOURS, 60_000, 17 * 24 * HOURS);
  const { low, high } = values(plots, "cpu.others");
  expect(Math.max(...high.map((value) => value ?? 0))).toBeCloseTo(99, 2);
  expect(high.filter((value) => (value ?? 0) > 90)).toHaveLength(1);
  const gap = low.filter((value) => value === null).length * plots.stepMs;
  expect(gap).toBeGreaterThan(0.8 * HOURS);
  expect(gap).toBeLessThan(1.1 * HOURS);
  expect(JSON.stringify(plots).length).toBeLessThan(2_000_000);
});

test("it needs nothing from anywhere, reads without scripts, and no text in it can do anything", () => {
  const html = page();
  expect(html).toContain(`content="default-src 'none'; script-src 'unsafe-inline'`);
  expect(html).not.toMatch(/<(link|img|iframe)|src="|url\(|@import/);
  expect(html.match(/<script/g)).toHaveLength(2);
  const [still = ""] = html.split("<script");
  expect(still).toContain("Ana&#39;s turn.");
  for (const id of [...still.matchAll(/href="#(event-\d+)"/g)].map(([, target]) => target))
    expect(still).toContain(`id="${id}"`);
  expect(still).toMatch(/class="paused" style="left:62\.5%;width:37\.5%" href="#event-9"/);
});

test("a pause that its job's end ended is neither under way nor longer than that", () => {
  const at = (hours: number) => new Date(SINCE + hours * HOURS).toISOString();
  const row = { job: "train", run: 1, hash: "", actor: "user" as const, reason: "Ana's turn." };
  const events: AuditEvent[] = [
    { id: 1, at: at(1), kind: "job.started", ...row },
    { id: 2, at: at(2), kind: "pause.requested", ...row },
    { id: 3, at: at(3), kind: "job.finished", ...row },
    { id: 4, at: at(4), kind: "job.started", ...row },
    { id: 5, at: at(5), kind: "pause.requested", ...row },
    { id: 6, at: at(6), kind: "pause.completed", ...row },
    { id: 7, at: at(6.5), kind: "job.cancelled", ...row },
    { id: 8, at: at(6.6), kind: "job.started", ...row },
    { id: 9, at: at(7), kind: "pause.requested", ...row },
  ];
  const untilMs = SINCE + 8 * HOURS;
  const given = { events, jobs: [], sinceMs: SINCE, untilMs, notes: [], lastSignMs: () => untilMs };
  const html = pageFrom(reportOf(given), { events, plots: plotted(8 * HOURS, 5000), title: "train" });
  const [, table = ""] = html.split('<h2 id="pauses">');
  const rows = [...table.matchAll(/<time>[^<]*<\/time><\/th>(.*)<\/tr>/g)].map(([, cells = ""]) =>
    [...cells.matchAll(/<td>([^<]*)<\/td>/g)].map(([, cell]) => cell),
  );
  expect(rows.map((cells) => cells.slice(1, 4))).toEqual([
    ["?", "–", "?"],
    ["1 h", "30 min", "1 h"],
    ["under way", "–", "–"],
  ]);
});

test("of a month with more pauses than anybody reads it lists the costliest, and stays small", () => {
  const row = { job: "train", run: 1, hash: "", actor: "user" as const };
  const untilMs = SINCE + 30 * 24 * HOURS;
  const events: AuditEvent[] = Array.from({ length: 2800 }, (_, pause) => {
    const at = (seconds: number) => new Date(SINCE + pause * 900_000 + seconds * 1000).toISOString();
    const kinds = ["pause.requested", "pause.completed", "resume.requested", "resume.completed"] as const;
    // Later ones take longer.
    const seconds = [0, 5 + pause / 100, 500, 520];
    return kinds.map((kind, nth) => {
      const reason = `CPU use by others was 78 % for 20 s, above the threshold of 50 % (${pause}).`;
      return { id: pause * 4 + nth + 2, at: at(seconds[nth] ?? 0), kind, reason, ...row };
    });
  }).flat();
  const begun = {
    id: 1,
    at: new Date(SINCE).toISOString(),
    kind: "job.started" as const,
    reason: "Due.",
    ...row,
  };
  const all = [begun, ...events];
  const given = { events: all, jobs: [], sinceMs: SINCE, untilMs, notes: [], lastSignMs: () => untilMs };
  const html = pageFrom(reportOf(given), { events: all, plots: plotted(24 * HOURS, 5000), title: "busy" });
  expect(html.length).toBeLessThan(3_000_000);
  expect(html).toContain("Of 2,800 pauses, the 500 that cost the most.");
  const [still = ""] = html.split("<script");
  expect(still).toContain("(2799)");
  const ids = new Set([...still.matchAll(/id="(event-\d+)"/g)].map(([, id]) => id));
  expect(ids.size).toBeGreaterThanOrEqual(1000);
  for (const [, target] of still.matchAll(/href="#(event-\d+)"/g)) expect(ids.has(target)).toBe(true);
});

testWith(browser)("a browser draws every plot with its policy in force", () => {
  const folder = mkdtempSync(join(tmpdir(), "page-"));
  try {
    writeFileSync(join(folder, "report.html"), page());
    const flags = [
      "--headless",
      "--no-sandbox",
      "--window-size=900,4000",
      "--virtual-time-budget=10000",
      "--disable-gpu",
      `--user-data-dir=${folder}`,
      "--dump-dom",
    ];
    const dom = execFileSync(browserPath, [...flags, `file://${folder}/report.html`], {
      stdio: ["ignore", "pipe", "ignore"],
    }).toString();
    // One of the machine and two of the GPU.
    expect(dom.match(/<canvas/g)).toHaveLength(3);
    expect(dom).toContain("<title>Report of &lt;/script&gt;");
    expect(dom.match(/class="tools"/g)).toHaveLength(1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
