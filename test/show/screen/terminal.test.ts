/**
 * The built dashboard in a real pseudo-terminal, driven by keys, fed from a file.
 * Covers: src/show/follow-plain.ts, src/show/screen/terminal/open-dashboard.tsx, src/show/screen/terminal/run-dashboard.ts
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Snapshot } from "../../../src/control/protocol.ts";
import { createJournal } from "../../../src/record/journal.ts";
import { newScreen } from "../../../src/show/screen/screen.ts";
import { paintFrame } from "../../../src/show/screen/terminal/paint-frame.ts";
import { frameOf } from "../../../src/show/screen/view-model.ts";
import { describeWith, tmux } from "../../needs.ts";
import { event, RETENTION, run, sample } from "../../record/material.ts";
import { AT, busy, hundred, quiet } from "../snapshots.ts";
import { openTerminal, type Terminal } from "./tmux.ts";

const ROOT = join(import.meta.dirname, "../../..");
const MODULE = join(ROOT, "dist/show/screen/terminal/run-dashboard.js");

/** Foreground or background; 39 and 49 are the terminal's own. */
const SOME_COLOUR = new RegExp(`${String.fromCharCode(27)}\\[(?:[0-9]+;)*[34][0-7][;m]`);

let directory: string;
let snapshotFile: string;
let requestFile: string;
let terminal: Terminal;

const write = (snapshot: Snapshot): void => {
  writeFileSync(`${snapshotFile}.new`, JSON.stringify(snapshot));
  renameSync(`${snapshotFile}.new`, snapshotFile);
};
const requests = (): unknown[] =>
  readFileSync(requestFile, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

function start(size: { width: number; height: number }, env: Record<string, string> = {}): Terminal {
  const serve = join(ROOT, "test/children/show-serve.ts");
  const command = [process.execPath, serve, MODULE, snapshotFile, requestFile];
  terminal = openTerminal(command, size, { TZ: "UTC", ...env });
  return terminal;
}

/** An hour in which Bob compiled for a while, and the job stood still. */
function record(path: string): void {
  const now = (minutesAgo: number) => ({
    wallMs: AT - minutesAgo * 60_000,
    monotonicMs: 1e9 - minutesAgo * 60_000,
  });
  const journal = createJournal(path, { retention: RETENTION });
  for (let minute = 59; minute >= 1; minute--)
    journal.addSample(sample(now(minute), minute > 30 && minute < 40 ? 77 : 2));
  journal.append([], now(58), {
    jobs: [],
    started: { job: "voice-train", run: { ...run("r4", 4), startedAt: now(58) } },
  });
  journal.append([event("Bob compiles.")], now(39));
  journal.append([event("Paused.", { kind: "pause.completed" })], now(38));
  journal.close();
}

/** Node can't run .tsx, so it is the built program that is started here. */
function buildIfOlder(): void {
  const newest = (folder: string): number =>
    Math.max(...readdirSync(folder).map((name) => statSync(join(folder, name)).mtimeMs));
  try {
    if (statSync(MODULE).mtimeMs >= newest(join(ROOT, "src/show"))) return;
  } catch {
    // Never built.
  }
  execFileSync("npm", ["run", "--silent", "build"], { cwd: ROOT });
}

describeWith(tmux)("in a terminal", () => {
  beforeAll(buildIfOlder);
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "show-"));
    snapshotFile = join(directory, "snapshot.json");
    requestFile = join(directory, "requests");
    writeFileSync(requestFile, "");
    write(busy());
  });
  afterEach(() => {
    terminal.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test("keys select, pause, show why and log, and detach; the screen before comes back", async () => {
    const log = join(directory, "train.log");
    writeFileSync(log, `${Array.from({ length: 200 }, (_, index) => `epoch ${index}`).join("\n")}\n`);
    write({ ...busy(), jobs: busy().jobs.map((job) => ({ ...job, logPath: log })) });
    const { until, keys } = start({ width: 100, height: 32 });
    await until(
      "the first frame",
      (screen) => screen.includes("▸ voice-train") && screen.includes("── events"),
    );
    keys("Down");
    await until("the next row", (screen) => screen.includes("▸ asr-finetune"));
    keys("k", "p");
    await until("the answer", (screen) => screen.includes("voice-train is asked to pause"));
    expect(requests()).toEqual([{ verb: "pause", jobs: ["voice-train"], untilMs: null, by: "dashboard" }]);
    keys("r");
    await until("a refusal", (screen) => screen.includes("refused for the test"));
    keys("w");
    await until(
      "why",
      (screen) => screen.includes("── why ── voice-train") && screen.includes("game.exe -fullscreen"),
    );
    keys("l");
    await until("the end of the log", (screen) => screen.includes("epoch 199"));
    keys("g");
    await until("its beginning", (screen) => screen.includes("epoch 0\n"));
    keys("G");
    writeFileSync(log, "the very last line\n", { flag: "a" });
    await until("what is new in it", (screen) => screen.includes("the very last line"));
    keys("Escape");
    await until("the jobs again", (screen) => screen.includes("── jobs"));
    keys("q");
    const after = await until("the end", (screen) => screen.includes("ended: detached"));
    expect(after).toContain("the supervisor and its jobs go on");
    expect(after).not.toContain("── jobs");
  });

  test("Enter shows all of a job: its past from the database, the last hour with the threshold, its log's end", async () => {
    const log = join(directory, "train.log");
    writeFileSync(log, "epoch 7\n");
    const database = join(directory, "supervisor.sqlite");
    record(database);
    const shown = { ...busy(), supervisor: { ...busy().supervisor, database } };
    write({ ...shown, jobs: shown.jobs.map((job) => ({ ...job, logPath: log })) });
    const { until, keys } = start({ width: 120, height: 70 });
    await until("the first frame", (screen) => screen.includes("▸ voice-train"));
    keys("Enter");
    const page = await until(
      "its past and its log",
      (screen) =>
        screen.includes("── job ── voice-train") &&
        screen.includes("number 4") &&
        screen.includes("\nepoch 7\n"),
    );
    expect(page).toContain("Bob compiles.");
    expect(page).toMatch(/cpu\.others {2}highest 77 %, rule acts above 60 %\n.*[▅▆▇█╪]/);
    expect(page).toMatch(/╌{9}/);
    expect(page).toContain("░ it stood still");
    expect(page).toMatch(/── end of its log ─+\nepoch 7\n/);
    keys("Escape");
    await until("the jobs again", (screen) => screen.includes("── jobs"));
  });

  test("Ctrl-C asks; Esc stays, s saves, pauses and stops", async () => {
    const { until, keys } = start({ width: 80, height: 24 });
    await until("the first frame", (screen) => screen.includes("── jobs"));
    keys("C-c");
    await until("the question", (screen) =>
      screen.includes("[d] detach  [s] stop: save and pause 1 job  Esc"),
    );
    keys("Escape");
    await until("the keys again", (screen) => screen.includes("q detach"));
    keys("C-c", "s");
    // What answers here leaves the jobs as they are.
    const end = await until("the end", (screen) => screen.includes("ended: unsaved"));
    expect(end).toContain("asr-finetune was asked to pause but didn't save in time, and is left running");
    expect(requests()).toEqual([{ verb: "stop", pauseJobs: true, by: "dashboard" }]);
  });

  test("a lost supervisor is told of and found again", async () => {
    const { until } = start({ width: 80, height: 24 });
    await until("the first frame", (screen) => screen.includes("── jobs"));
    rmSync(snapshotFile);
    await until("the loss", (screen) => screen.includes("! The supervisor is gone"));
    write(busy());
    await until("the return", (screen) => screen.includes("── jobs") && !screen.includes("is gone"));
  });

  test.each([
    ["a hundred jobs", hundred],
    ["rows that are the same in every width", quiet],
  ])("whatever size the terminal takes, one whole frame fills it: %s", async (_, moment) => {
    write(moment());
    const { until, resize } = start({ width: 120, height: 40 });
    /** Each row begins as it is drawn for this size alone; times go on meanwhile. */
    const beginnings = (lines: readonly string[]): string =>
      lines.map((line) => line.slice(0, 8).trimEnd()).join("\n");
    const whole = (width: number, height: number) => {
      const screen = { ...newScreen(), snapshot: moment() };
      const drawn = beginnings(paintFrame(frameOf(screen, { width, height }), "none"));
      return (text: string): boolean => beginnings(text.split("\n")).trimEnd() === drawn.trimEnd();
    };
    await until("the first frame", whole(120, 40));
    for (const [width, height] of [
      [60, 20],
      [40, 10],
      [120, 40],
      [80, 12],
      [81, 12],
      [80, 45],
      [126, 30],
      [110, 30],
      [70, 30],
    ] as const) {
      resize(width, height);
      const screen = await until(`a frame of ${width}×${height}`, whole(width, height));
      expect(Math.max(...screen.split("\n").map((line) => line.length))).toBeLessThanOrEqual(width);
    }
  });

  test("NO_COLOR leaves no colour; without it there is some", async () => {
    const plain = start({ width: 80, height: 24 }, { NO_COLOR: "1" });
    await plain.until("the first frame", (screen) => screen.includes("── jobs"));
    expect(plain.colours()).not.toMatch(SOME_COLOUR);
    plain.close();
    const colourful = start({ width: 80, height: 24 });
    await colourful.until("the first frame", (screen) => screen.includes("── jobs"));
    expect(colourful.colours()).toMatch(SOME_COLOUR);
  });

  test("a terminal that can't move its cursor gets plain lines", async () => {
    const { until, keys } = start({ width: 110, height: 40 }, { TERM: "dumb" });
    const screen = await until("the status", (text) => text.includes("vocoder"));
    expect(screen).toContain("supervisor 0.1.0 on box");
    const last = { ...busy().events.at(-1), id: 1_000_000, reason: "something new" };
    write({ ...busy(), events: [...busy().events, last as Snapshot["events"][number]] });
    await until("the new event", (text) =>
      text.includes("14:02:11 asr-finetune  pause requested: something new"),
    );
    keys("C-c");
    await until("the end", (text) => text.includes("ended: detached"));
  });

  test("a filter, an order, a paste, and a question before a job is ended", async () => {
    write(hundred());
    const { until, keys, paste } = start({ width: 100, height: 30 });
    await until("the first frame", (screen) => screen.includes("of 100"));
    paste("xy\nq");
    await until("no key of the paste", (screen) => screen.includes("Pasted text isn't taken for keys."));
    keys("/");
    await until("the filter's line", (screen) => /^\/▏/m.test(screen));
    paste("sweep-01");
    await until("what matches", (screen) => screen.includes("filter sweep-01: 10 of 100"));
    keys("7", "Enter");
    await until("one", (screen) => screen.includes("▸ sweep-017") && screen.includes("1 of 100"));
    keys("x");
    await until("the question", (screen) => screen.includes("[y] end sweep-017 for good"));
    expect(requests()).toEqual([]);
    keys("y");
    await until("the answer", (screen) => screen.includes("sweep-017 is asked to end"));
    expect(requests()).toEqual([{ verb: "cancel", jobs: ["sweep-017"], by: "dashboard" }]);
    keys("Escape");
    await until("all of them", (screen) => !screen.includes("filter") || screen.includes("/ filter"));
    keys("s");
    await until("by name", (screen) => screen.includes("── by name ──"));
  });

  test.each(["", "unknown"])("with TERM=%s plain lines come", async (TERM) => {
    const { until } = start({ width: 110, height: 40 }, { TERM });
    const screen = await until("the status", (text) => text.includes("vocoder"));
    expect(screen).toContain("supervisor 0.1.0 on box");
    expect(screen).not.toContain("── jobs");
  });
});
