import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkpointName, MANIFEST_FILE } from "../../../src/contract/names.ts";
import {
  type CheckpointMemory,
  inspectCheckpoint,
  listCheckpoints,
} from "../../../src/runs/checkpoints/quick-check.ts";
import { rounds } from "../../rounds.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sense-checkpoints-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const sha256 = "0".repeat(64);
const manifestOf = (step: number) => ({
  step,
  epoch: 1,
  createdAt: "2026-11-22T09:59:00.000Z",
  files: [
    { path: "model.pt", bytes: 5, sha256 },
    { path: "parts/rank-1.pt", bytes: 3, sha256 },
  ],
});

/** As a job library does: under a temporary name, then renamed. */
function save(step: number, manifest: unknown = manifestOf(step)): string {
  const path = join(directory, checkpointName(step));
  const temporary = join(directory, `.tmp-${step}`);
  mkdirSync(join(temporary, "parts"), { recursive: true });
  writeFileSync(join(temporary, "model.pt"), "12345");
  writeFileSync(join(temporary, "parts", "rank-1.pt"), "123");
  if (manifest !== null) {
    writeFileSync(
      join(temporary, MANIFEST_FILE),
      typeof manifest === "string" ? manifest : JSON.stringify(manifest),
    );
  }
  renameSync(temporary, path);
  return path;
}

describe("checkpoints", () => {
  it("are listed newest first, unfinished ones left out", () => {
    save(5);
    const newest = save(200);
    save(100);
    mkdirSync(join(directory, ".tmp-300"));
    mkdirSync(join(directory, "notes"));
    const { checkpoints, rejected } = listCheckpoints(directory);
    expect(checkpoints.map(({ step }) => step)).toEqual([200, 100, 5]);
    expect(checkpoints[0]).toEqual({
      path: newest,
      step: 200,
      epoch: 1,
      bytes: 8,
      createdAtMs: Date.parse("2026-11-22T09:59:00.000Z"),
      verified: "quick",
    });
    expect(rejected).toEqual([]);
  });

  it("of no directory are none", () => {
    expect(listCheckpoints(join(directory, "none"))).toEqual({ checkpoints: [], rejected: [] });
  });

  it("that are broken are rejected with the reason, and the others stay", () => {
    save(1);
    save(2, null);
    save(3, '{"step": 3,');
    save(4, { ...manifestOf(4), createdAt: "soon" });
    save(5, manifestOf(6));
    writeFileSync(join(save(7), "model.pt"), "1234");
    rmSync(join(save(8), "parts", "rank-1.pt"));
    const { checkpoints, rejected } = listCheckpoints(directory);
    expect(checkpoints.map(({ step }) => step)).toEqual([1]);
    expect(rejected.map(({ reason }) => reason).sort()).toEqual([
      'its manifest has createdAt "soon", not a time in ISO 8601',
      "its manifest is missing",
      "its manifest is of step 6",
      "its manifest isn't JSON",
      "model.pt has 4 bytes instead of 5",
      "parts/rank-1.pt is missing",
    ]);
  });

  it("with a manifest that the job libraries refuse are rejected", () => {
    const manifest = manifestOf(1);
    const [first, ...more] = manifest.files;
    for (const wrong of [
      { ...manifest, files: [] },
      { ...manifest, files: [{ ...first, sha256: "A".repeat(64) }, ...more] },
      { ...manifest, files: [first, first] },
      { ...manifest, files: [{ ...first, path: "./model.pt" }] },
      { ...manifest, worldSize: 0 },
    ]) {
      const path = save(1, wrong);
      expect(inspectCheckpoint(path)).toHaveProperty("reason", expect.stringMatching(/^its manifest has /));
      rmSync(path, { recursive: true });
    }
    const large = save(1, JSON.stringify(manifest).padEnd(16 * 2 ** 20 + 1));
    expect(inspectCheckpoint(large)).toHaveProperty("reason", "its manifest is larger than 16777216 bytes");
  });

  it("may be of a part of an epoch, or of one that makes no sense", () => {
    expect(inspectCheckpoint(save(1, { ...manifestOf(1), epoch: 2.5 }))).toMatchObject({ epoch: 2.5 });
    expect(inspectCheckpoint(save(2, { ...manifestOf(2), epoch: -1 }))).toMatchObject({ epoch: null });
  });

  it("whose files lie elsewhere are rejected", () => {
    const outside = join(directory, "outside");
    writeFileSync(outside, "12345");
    const file = (path: string) => ({ ...manifestOf(1), files: [{ path, bytes: 5, sha256 }] });
    const linked = save(1, file("link"));
    symlinkSync(outside, join(linked, "link"));
    for (const path of [
      linked,
      save(2, { ...file("../outside"), step: 2 }),
      save(3, { ...file(outside), step: 3 }),
    ]) {
      expect(inspectCheckpoint(path)).toHaveProperty("reason");
    }
    const within = save(4, { ...file("link"), step: 4 });
    symlinkSync("model.pt", join(within, "link"));
    expect(inspectCheckpoint(within)).toEqual({ path: within, reason: "link isn't a plain file" });
    expect(inspectCheckpoint(linked)).toEqual({ path: linked, reason: "link leads out of the checkpoint" });
  });

  it("aren't looked at again until their directory changes", () => {
    const memory: CheckpointMemory = {};
    save(1);
    listCheckpoints(directory, memory);
    const second = listCheckpoints(directory, memory);
    expect(listCheckpoints(directory, memory)).toBe(second);
    save(2);
    expect(listCheckpoints(directory, memory).checkpoints.map(({ step }) => step)).toEqual([2, 1]);
  });

  it("with any manifest never make it throw", () => {
    const path = save(1);
    const key = fc.constantFrom("step", "epoch", "createdAt", "files");
    fc.assert(
      fc.property(key, fc.jsonValue(), (name, value) => {
        writeFileSync(join(path, MANIFEST_FILE), JSON.stringify({ ...manifestOf(1), [name]: value }));
        const read = inspectCheckpoint(path);
        if (!("reason" in read)) expect(Number.isSafeInteger(read.step)).toBe(true);
      }),
      { numRuns: rounds(200) },
    );
  });
});
