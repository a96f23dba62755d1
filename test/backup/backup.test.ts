/**
 * Checkpoints copied to a real S3 server and brought back, with all that may come in between.
 * Covers: src/backup/upload.ts, src/backup/download.ts, src/backup/keep-backups.ts, src/backup/owner-object.ts,
 * src/backup/bucket.ts, src/backup/backup-child.ts, src/backup/failure-text.ts, src/backup/bucket-names.ts, src/backup/not-whole.ts
 */
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Done, Order } from "../../src/backup/backup-child.ts";
import type { Bucket } from "../../src/backup/bucket.ts";
import { type Backup, ownerHere, placeOf } from "../../src/backup/bucket-names.ts";
import { restore } from "../../src/backup/download.ts";
import { progressIn } from "../../src/backup/progress.ts";
import { writeCheckpoint } from "../../src/job/checkpoint/write-checkpoint.ts";
import { describeWith, objectStore, root, testWith } from "../needs.ts";
import { until } from "../until.ts";
import { Store } from "./store.ts";

const MIB = 1024 * 1024;
const CHILD = resolve(import.meta.dirname, "../../dist/backup/backup-child.js");
const SHIFT_CLOCK = new URL("../torture/shift-clock.ts", import.meta.url).href;

describeWith(objectStore)("a real S3 server", () => {
  let store: Store;
  let bucket: Bucket;
  let directory: string;
  beforeAll(async () => {
    store = await new Store().start();
    bucket = store.bucket();
  });
  afterAll(() => {
    bucket.close();
    store.close();
  });
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "checkpoints-"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** Each test's own job, and so its own folder. */
  const job = (): string => `job-${expect.getState().currentTestName?.replace(/\W+/g, "-").slice(-40)}`;
  const keys = async (): Promise<string[]> =>
    (await bucket.list(`lab/${job()}/`)).map(({ key }) => key.split("/").slice(2).join("/"));

  const checkpoint = async (step: number, bytes = 3000): Promise<string> => {
    const { path } = await writeCheckpoint(directory, step, async (files) => {
      await files.file("model.bin", randomBytes(bytes));
      await files.file("deep/optimiser state ü.bin", `of step ${step}`);
    });
    return path;
  };

  const child = (order: Order, env: NodeJS.ProcessEnv = {}) => {
    const started = spawn(process.execPath, [CHILD], {
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "inherit"],
    });
    started.stdin.end(JSON.stringify(order));
    return started;
  };
  /** Its lines: how far it was, and what came of it. */
  const told = async (order: Order, env?: NodeJS.ProcessEnv): Promise<string[]> =>
    (await text(child(order, env).stdout)).trimEnd().split("\n");
  const carryOut = async (order: Order, env?: NodeJS.ProcessEnv): Promise<Done> =>
    JSON.parse((await told(order, env)).at(-1) ?? "") as Done;

  const common = (more: Partial<Backup> = {}) => ({
    backup: store.backup(more),
    job: job(),
  });
  const uploading = (path: string, more: Partial<Backup> = {}, project = "/lab/config"): Order => ({
    ...common(more),
    verb: "upload",
    path,
    owner: ownerHere(project, job()),
  });
  const fetched = async (step: number | null = null) => {
    const to = mkdtempSync(join(directory, "restored-"));
    return await restore({ bucket, place: placeOf(store.backup(), job()) }, step, to);
  };
  const same = (one: string, other: string): void => {
    for (const file of ["manifest.json", "model.bin", "deep/optimiser state ü.bin"])
      expect(readFileSync(join(one, file)).equals(readFileSync(join(other, file)))).toBe(true);
  };

  test("what comes back is what went there, byte for byte", async () => {
    const path = await checkpoint(7, 12 * MIB);
    expect(await carryOut(uploading(path))).toMatchObject({
      ok: true,
      bytes: 12 * MIB + 9,
      sent: 12 * MIB + 9,
    });
    same((await fetched()).path, path);
    expect((await fetched(7)).bytes).toBe(12 * MIB + 9);
    await expect(fetched(8)).rejects.toThrow("there is no backup of step 8");
  });

  test("how far it is, is told on the way there and back, at most once a second", async () => {
    const path = await checkpoint(3, 11 * MIB);
    const of = 11 * MIB + 9;
    const begun = performance.now();
    const there = (await told(uploading(path, { maxMiBPerSecond: 1 }))).slice(0, -1).map(progressIn);
    expect(there.length).toBeGreaterThan(1);
    expect(there.length).toBeLessThanOrEqual(1 + (performance.now() - begun) / 1000);
    expect(there.map((one) => one?.of)).toEqual(there.map(() => of));
    const bytes = there.map((one) => one?.bytes ?? 0);
    expect(bytes).toEqual([...bytes].sort((a, b) => a - b));
    expect(bytes.every((count) => count > 0 && count <= of)).toBe(true);
    const back: Order = {
      ...common(),
      verb: "restore",
      step: 3,
      directory: mkdtempSync(join(directory, "b-")),
    };
    expect(progressIn((await told(back))[0] ?? "")).toMatchObject({ of });
  });

  /** Killed once so many parts are there. */
  const uploadKilledAfter = async (path: string, parts: number): Promise<void> => {
    const slow = child(uploading(path, { maxMiBPerSecond: 1 }));
    const exited = new Promise((done) => slow.once("close", done));
    await until(`${parts} parts to be there`, async () => {
      const [open] = await bucket.openUploads(`lab/${job()}/`);
      return open && (await bucket.partsOf(open)).length >= parts;
    });
    slow.kill("SIGKILL");
    await exited;
  };

  test("a killed upload is no backup, and the next one sends only what is missing", async () => {
    const path = await checkpoint(1, 40 * MIB);
    await uploadKilledAfter(path, 2);
    await expect(fetched()).rejects.toThrow("there is no backup of it");
    const done = await carryOut(uploading(path));
    expect(done).toMatchObject({ ok: true, bytes: 40 * MIB + 9 });
    expect((done as { sent: number }).sent).toBeLessThanOrEqual(30 * MIB + 9);
    same((await fetched()).path, path);
  });

  test("a step that was saved anew is no backup until all of the new one is there", async () => {
    await carryOut(uploading(await checkpoint(1)));
    const anew = await checkpoint(1, 40 * MIB);
    await uploadKilledAfter(anew, 1);
    await expect(fetched()).rejects.toThrow("there is no backup of it");
    expect(await carryOut(uploading(anew))).toMatchObject({ ok: true });
    same((await fetched()).path, anew);
  });

  test("a newer checkpoint's upload removes what an interrupted one has left, and surplus backups", async () => {
    await bucket.beginUpload(`lab/${job()}/step-00000001/model.bin`);
    await bucket.put(`lab/${job()}/step-00000002/model.bin`, randomBytes(10));
    for (const step of [3, 4, 5]) await carryOut(uploading(await checkpoint(step), { keep: 2 }));
    expect(await bucket.openUploads(`lab/${job()}/`)).toEqual([]);
    const stored = new Set((await keys()).map((key) => key.split("/")[0]));
    expect([...stored].sort()).toEqual(["owner.json", "step-00000004", "step-00000005"]);
  });

  test("a backup that is stored counts as stored where older ones can't be removed", async () => {
    for (const step of [1, 2]) await carryOut(uploading(await checkpoint(step), { keep: 2 }));
    const undo = await store.deny("s3:DeleteObject", `lab/${job()}/*`);
    try {
      const done = await carryOut(uploading(await checkpoint(3), { keep: 2 }));
      expect(done).toMatchObject({ ok: true, untidied: expect.stringContaining("AccessDenied") });
    } finally {
      await undo();
    }
    const done = await carryOut(uploading(await checkpoint(4), { keep: 2 }));
    expect(done).toMatchObject({ ok: true });
    expect(done).not.toHaveProperty("untidied");
    const stored = new Set((await keys()).map((key) => key.split("/")[0]));
    expect([...stored].sort()).toEqual(["owner.json", "step-00000003", "step-00000004"]);
  });

  test("a job that began anew is brought back to its last checkpoint, not to the highest step", async () => {
    await carryOut(uploading(await checkpoint(900)));
    await new Promise((done) => setTimeout(done, 1100)); // The server tells times in whole seconds.
    await carryOut(uploading(await checkpoint(20)));
    expect(basename((await fetched()).path)).toBe("step-00000020");
  });

  test("a file that has changed since it was saved is never stored as a backup", async () => {
    for (const bytes of [3000, 12 * MIB]) {
      const path = await checkpoint(bytes, bytes);
      const model = readFileSync(join(path, "model.bin"));
      model[bytes - 1] = (model.at(-1) ?? 0) ^ 1;
      writeFileSync(join(path, "model.bin"), model);
      expect(await carryOut(uploading(path))).toEqual({
        ok: false,
        final: true,
        reason: "model.bin has changed since it was hashed",
      });
    }
    expect(
      (await keys()).filter((key) => key.endsWith("model.bin") || key.endsWith("manifest.json")),
    ).toEqual([]);
  });

  test("a backup that was damaged in the store is refused, and leaves nothing behind", async () => {
    const path = await checkpoint(5);
    await carryOut(uploading(path));
    await bucket.put(`lab/${job()}/step-00000005/model.bin`, randomBytes(3000));
    const to = mkdtempSync(join(directory, "restored-"));
    const from = { bucket, place: placeOf(store.backup(), job()) };
    await expect(restore(from, null, to)).rejects.toThrow("model.bin isn't what its manifest says");
    expect(readdirSync(to)).toEqual([]);
  });

  test("a checkpoint that is here and whole is kept; a broken one is replaced", async () => {
    const path = await checkpoint(5);
    await carryOut(uploading(path));
    const from = { bucket, place: placeOf(store.backup(), job()) };
    expect(await restore(from, 5, directory)).toMatchObject({ path, kept: true });
    writeFileSync(join(path, "model.bin"), "torn");
    expect(await restore(from, 5, directory)).toEqual({ path, bytes: 3009 });
    expect(readFileSync(join(path, "model.bin"))).toHaveLength(3000);
  });

  testWith(root)("one that can't be read now gives its place to its backup, and isn't removed", async () => {
    const path = await checkpoint(5);
    await carryOut(uploading(path));
    const from = { bucket, place: placeOf(store.backup(), job()) };
    const manifest = join(path, "manifest.json");
    // A file that answers each read with EIO; where something is mounted, nothing can be removed either.
    execFileSync("mount", ["--bind", `/proc/${process.pid}/mem`, manifest]);
    try {
      expect(await restore(from, 5, directory)).toEqual({ path, bytes: 3009 });
      expect(readdirSync(directory).sort()).toEqual([
        expect.stringMatching(/^\.superseded-step-00000005\.\d+$/),
        "step-00000005",
      ]);
      expect(readFileSync(join(path, "model.bin"))).toHaveLength(3000);
    } finally {
      const mounted = readFileSync("/proc/mounts", "utf8").split("\n");
      for (const line of mounted.filter((one) => one.includes(directory)))
        execFileSync("umount", [line.split(" ")[1] ?? ""]);
    }
  });

  test("another job's place isn't written to", async () => {
    await carryOut(uploading(await checkpoint(1)));
    const done = await carryOut(uploading(await checkpoint(2), {}, "/another/config"));
    expect(done).toMatchObject({
      ok: false,
      final: true,
      reason: expect.stringContaining("of /lab/config on "),
    });
    expect((await keys()).some((key) => key.startsWith("step-00000002"))).toBe(false);
  });

  test("what is wrong is said, without the secret", async () => {
    const path = await checkpoint(1);
    const said = async (more: Partial<Backup>, env: NodeJS.ProcessEnv = {}) => {
      const done = await carryOut(uploading(path, more), env);
      expect(JSON.stringify(done)).not.toContain("not the secret");
      return done;
    };
    const failed = (reason: string) => ({ ok: false, final: false, reason: expect.stringContaining(reason) });
    const unset = {
      AWS_ACCESS_KEY_ID: "",
      AWS_SECRET_ACCESS_KEY: "",
      AWS_EC2_METADATA_DISABLED: "true",
      HOME: directory,
    };
    expect(await said({}, { AWS_SECRET_ACCESS_KEY: "not the secret" })).toEqual(
      failed("doesn't accept the secret key"),
    );
    expect(await said({}, { AWS_ACCESS_KEY_ID: "AKIANOBODY" })).toEqual(
      failed("doesn't know the access key"),
    );
    expect(await said({ to: "s3://nowhere/x" })).toEqual(failed("no such bucket"));
    expect(await said({ endpoint: "http://127.0.0.1:1" })).toEqual(failed("can't be reached (ECONNREFUSED)"));
    expect(await said({}, unset)).toEqual(failed("no credentials were found"));
  });

  test("credentials come from a profile in the user's shared file, too", async () => {
    const shared = join(directory, "credentials");
    writeFileSync(shared, "[lab]\naws_access_key_id = AKIATEST\naws_secret_access_key = secretsecret\n");
    const env = {
      AWS_ACCESS_KEY_ID: "",
      AWS_SECRET_ACCESS_KEY: "",
      AWS_PROFILE: "lab",
      AWS_SHARED_CREDENTIALS_FILE: shared,
    };
    expect(await carryOut(uploading(await checkpoint(1)), env)).toMatchObject({ ok: true });
  });

  test("a machine whose clock is hours off uploads all the same", async () => {
    const offset = join(directory, "offset");
    writeFileSync(offset, String(-5 * 3_600_000));
    const env = { NODE_OPTIONS: `--import=${SHIFT_CLOCK}`, TORTURE_CLOCK: offset };
    expect(await carryOut(uploading(await checkpoint(1)), env)).toMatchObject({ ok: true });
  });
});
