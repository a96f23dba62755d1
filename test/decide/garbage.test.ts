/**
 * What a job may leave where its reports and checkpoints belong, read by the real readers and shown to the
 * real state machine: garbage is no progress, no pause and no checkpoint to resume from.
 * Covers: src/runs/checkpoints/quick-check.ts, src/runs/observe/read-ranks.ts,
 * src/decide/lifecycle/checkpoints/take-stock.ts
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkpointName, MANIFEST_FILE } from "../../src/contract/names.ts";
import { REPORTED_STATES } from "../../src/contract/status.ts";
import { listCheckpoints } from "../../src/runs/checkpoints/quick-check.ts";
import { readRanks } from "../../src/runs/observe/read-ranks.ts";
import { rounds } from "../rounds.ts";
import { at, exitCode, makeCheckpoint, makeRank, runningJob, Story } from "./make.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "decide-garbage-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const GOOD = makeCheckpoint(1000, at(-60), { verified: "full" });
const report = {
  ...{
    runId: "r1",
    pid: 4711,
    startTime: 1,
    rank: 0,
    worldSize: 1,
    state: "paused",
    sequence: 1,
    step: 5000,
  },
  ...{ at: "2026-11-23T10:00:05.000Z", checkpoint: "step-00005000", bytesSaved: 9 },
};
const needed = ["runId", "pid", "rank", "worldSize", "state", "sequence", "at"] as const;

/** Texts that aren't a report: anything at all, a good one cut, or one with a field that is needed wrong. */
const noReport = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc.nat(JSON.stringify(report).length - 1).map((length) => JSON.stringify(report).slice(0, length)),
  fc.constantFrom(...needed).map((key) => JSON.stringify({ ...report, [key]: undefined })),
  fc
    .tuple(fc.constantFrom(...needed), fc.oneof(fc.string(), fc.double(), fc.object(), fc.constant(null)))
    .filter(([key, value]) => !isRight(key, value))
    .map(([key, value]) => JSON.stringify({ ...report, [key]: value })),
);
function isRight(key: (typeof needed)[number], value: unknown): boolean {
  if (key === "state") return (REPORTED_STATES as readonly unknown[]).includes(value);
  if (key === "at") return typeof value === "string" && !Number.isNaN(Date.parse(value));
  return typeof value === "number" && Number.isSafeInteger(value);
}

const running = () =>
  new Story(runningJob({}, { checkpoint: GOOD })).see(1, {
    ranks: [makeRank({ step: 1200 })],
    checkpoints: [GOOD],
  });

describe("garbage in place of a job's report", () => {
  const ranks = (texts: string[]) => {
    texts.forEach((text, rank) => {
      writeFileSync(join(directory, `rank-${rank}.json`), text);
    });
    return readRanks(directory, { runId: "r1" });
  };
  const files = fc.array(noReport, { minLength: 1, maxLength: 3 });

  it("is no step, no pause and no end of a running job", () => {
    fc.assert(
      fc.property(files, (texts) => {
        const story = running();
        story.told();
        const before = story.job;
        story.see(5, { ranks: ranks(texts), checkpoints: [GOOD] });
        expect(story.state).toBe("running");
        expect(story.job.progress).toEqual(before.progress);
        expect(story.told()).toEqual([]);
        expect(story.did()).toEqual([]);
      }),
      { numRuns: rounds(200) },
    );
  });

  it("never completes a pause: neither while the job lives, nor once it is gone without a checkpoint", () => {
    fc.assert(
      fc.property(files, fc.constantFrom(0, 1, 75, 137), (texts, code) => {
        const story = running().pause(2);
        story.told();
        story.see(5, { ranks: ranks(texts), checkpoints: [GOOD] });
        expect(story.state).toBe("pausing");
        story.see(6, { ranks: ranks(texts), checkpoints: [GOOD], exit: exitCode(code) });
        const events = story.told();
        expect(events).not.toContain("pause.completed");
        expect(events).not.toContain("checkpoint.verified");
        if (code !== 0) expect(events).not.toContain("job.finished");
      }),
      { numRuns: rounds(200) },
    );
  });

  it("but a right report is one, so that the above says something", () => {
    const [read] = ranks([JSON.stringify({ ...report, state: "running" })]);
    expect(running().see(5, { ranks: read ? [read] : [], checkpoints: [GOOD] }).job.progress?.step).toBe(
      5000,
    );
  });
});

describe("garbage in place of a manifest", () => {
  const path = () => join(directory, checkpointName(5000));
  const manifest = {
    step: 5000,
    createdAt: "2026-11-23T10:00:05.000Z",
    files: [{ path: "model.bin", bytes: 5, sha256: "0".repeat(64) }],
  };
  const save = (text: string): void => {
    mkdirSync(path(), { recursive: true });
    writeFileSync(join(path(), "model.bin"), "model");
    writeFileSync(join(path(), MANIFEST_FILE), text);
  };
  const whole = JSON.stringify(manifest);
  const noManifest = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.jsonValue().map((value) => JSON.stringify(value)),
    fc.nat(whole.length - 1).map((length) => whole.slice(0, length)),
    fc
      .constantFrom("step", "createdAt", "files")
      .map((key) => JSON.stringify({ ...manifest, [key]: undefined })),
    fc
      .tuple(fc.constantFrom("step", "files"), fc.oneof(fc.string(), fc.double(), fc.object()))
      .filter(([, value]) => value !== 5000)
      .map(([key, value]) => JSON.stringify({ ...manifest, [key]: value })),
    fc
      .tuple(fc.constantFrom("path", "bytes", "sha256"), fc.oneof(fc.string(), fc.double(), fc.object()))
      .filter(([, value]) => value !== "model.bin" && value !== 5)
      .map(([key, value]) =>
        JSON.stringify({ ...manifest, files: [{ ...manifest.files[0], [key]: value }] }),
      ),
  );

  it("is no checkpoint: a pause isn't complete by it, and nothing is ever resumed from it", () => {
    fc.assert(
      fc.property(noManifest, (text) => {
        save(text);
        const { checkpoints, rejected } = listCheckpoints(directory, {});
        expect(checkpoints).toEqual([]);
        const story = running().pause(2);
        story.told();
        story.see(6, { checkpoints: [...checkpoints, GOOD], rejected, exit: exitCode(75) });
        expect(story.told()).not.toContain("pause.completed");
        expect(story.job.checkpoint?.path).toBe(GOOD.path);
      }),
      { numRuns: rounds(200) },
    );
  });

  it("but a right one is, so that the above says something", () => {
    save(whole);
    expect(listCheckpoints(directory, {}).checkpoints).toMatchObject([{ step: 5000 }]);
  });
});
