/**
 * Writing, choosing and keeping checkpoints, in one process; checkpoint-contract.ts pulls the plug.
 * Covers: src/job/checkpoint/find-checkpoint.ts, src/job/checkpoint/keep-checkpoints.ts,
 * src/job/checkpoint/write-checkpoint.ts, src/job/checkpoint/checkpoint-files.ts, src/job/environment.ts
 */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { newestVerified, verifyCheckpoint } from "../../../src/job/checkpoint/find-checkpoint.ts";
import { keepNewest } from "../../../src/job/checkpoint/keep-checkpoints.ts";
import { writeCheckpoint } from "../../../src/job/checkpoint/write-checkpoint.ts";
import { readSurroundings } from "../../../src/job/environment.ts";
import { payload } from "../../children/job-payload.ts";
import { temporaryFolder } from "../launch.ts";
import { damages } from "./damages.ts";

let folder = "";
const save = (step: number) =>
  writeCheckpoint(folder, step, (files) => files.file("a.bin", payload(step, 0, 10)));

describe("writing", () => {
  test("hashes what was handed over and what was written beside it, in folders too", async () => {
    folder = temporaryFolder();
    const seen: number[] = [];
    const saved = await writeCheckpoint(
      folder,
      1234,
      async (files) => {
        await files.file("deep/er/weights.bin", [payload(1, 0, 3), payload(1, 1, 4)]);
        await files.json("state.json", { lr: 0.1 });
        writeFileSync(join(files.directory, "written-by-a-library.bin"), payload(1, 2, 5));
      },
      { epoch: 2, onBytes: (bytes) => seen.push(bytes) },
    );
    expect(saved).toEqual({ path: join(folder, "step-00001234"), step: 1234, bytes: 22 });
    expect(seen).toEqual([3, 7, 17, 22]);
    const verified = await verifyCheckpoint(saved.path);
    expect(verified).toMatchObject({
      step: 1234,
      epoch: 2,
      manifest: { files: [{ bytes: 7 }, { bytes: 10 }, { bytes: 5 }] },
    });
    expect(readdirSync(folder)).toEqual(["step-00001234"]);
  });

  test.each([
    ["a path outside", (files: never) => (files as Files).file("../evil", "x")],
    ["an absolute path", (files: never) => (files as Files).file("/tmp/evil", "x")],
    ["the manifest's own name", (files: never) => (files as Files).file("manifest.json", "x")],
    [
      "one file twice",
      (files: never) => Promise.all([(files as Files).file("a", "x"), (files as Files).file("a", "y")]),
    ],
    [
      "a name that no manifest can list",
      (files: never) => writeFileSync(join((files as Files).directory, "a\\b"), ""),
    ],
    ["nothing at all", () => {}],
    ["an error in save()", () => Promise.reject(new Error("no"))],
    ["a broken source that nobody awaits", (files: never) => void (files as Files).file("a", broken())],
  ])("%s fails, and leaves nothing behind", async (_, bad) => {
    folder = temporaryFolder();
    await save(1);
    await expect(writeCheckpoint(folder, 2, bad as never)).rejects.toThrow();
    expect(readdirSync(folder)).toEqual(["step-00000001"]);
  });

  test("a step that exists is replaced only by a complete one", async () => {
    folder = temporaryFolder();
    await writeCheckpoint(folder, 1, (files) => files.file("old", "old"));
    await writeCheckpoint(folder, 1, (files) => files.file("new", "new"));
    expect(readdirSync(folder)).toEqual(["step-00000001"]);
    expect(readdirSync(join(folder, "step-00000001"))).toEqual(["manifest.json", "new"]);
  });
});

describe("choosing", () => {
  test.each(damages)("%s: falls back to the one before", async (_, damage) => {
    folder = temporaryFolder();
    for (const step of [1, 2, 3]) await save(step);
    damage(join(folder, "step-00000003"));
    const { found, rejected } = await newestVerified(folder, join(folder, "step-00000003"));
    expect(found?.step).toBe(2);
    expect(rejected).toMatchObject([
      { path: join(folder, "step-00000003"), rejected: expect.stringMatching(/./) },
    ]);
  });

  test("what the supervisor named comes first, an empty directory gives none", async () => {
    folder = temporaryFolder();
    expect((await newestVerified(join(folder, "none"), null)).found).toBeNull();
    for (const step of [1, 2]) await save(step);
    expect((await newestVerified(folder, join(folder, "step-00000001"))).found?.step).toBe(1);
    expect((await newestVerified(folder, null)).found?.step).toBe(2);
  });
});

describe("keeping", () => {
  test("the newest stay, and a later step that was passed over can't win the next resume", async () => {
    folder = temporaryFolder();
    for (const step of [1, 2, 3, 900]) await save(step);
    await keepNewest(await save(4), 2);
    expect(readdirSync(folder).sort()).toEqual([
      ".superseded-step-00000900",
      "step-00000003",
      "step-00000004",
    ]);
  });
});

describe("the environment", () => {
  test("nonsense in it falls back to the defaults", () => {
    const env = {
      SUPERVISOR_STATUS_DIR: "/s",
      SUPERVISOR_CHECKPOINT_DIR: "/c",
      SUPERVISOR_PAUSE_SIGNAL: "SIGKILL",
      SUPERVISOR_CHECKPOINT_MINUTES: "soon",
      SUPERVISOR_CHECKPOINT_KEEP: "-1",
      RANK: "first",
      WORLD_SIZE: "0",
    };
    expect(readSurroundings(env)).toMatchObject({
      pauseSignal: "SIGUSR2",
      checkpointEveryMs: 1_800_000,
      keep: 3,
      rank: 0,
      worldSize: 1,
    });
  });
});

type Files = Parameters<Parameters<typeof writeCheckpoint>[2]>[0];

async function* broken(): AsyncGenerator<Uint8Array> {
  yield payload(1, 0, 10);
  throw new Error("the source broke");
}
