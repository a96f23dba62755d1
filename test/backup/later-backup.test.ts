/**
 * Which checkpoint is sent, and when: none that is earlier than what its backup holds. Nothing answers where they go.
 * Covers: src/backup/backups.ts
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type BackupOutcome, Backups } from "../../src/backup/backups.ts";
import type { Job } from "../../src/model/job.ts";
import { at, makeCheckpoint, runningJob } from "../decide/make.ts";
import { freePorts } from "../free-port.ts";

test("nothing is sent while the backup holds a later step, and what is due elsewhere doesn't wait for it", async () => {
  const directory = mkdtempSync(join(tmpdir(), "backups-"));
  const endpoint = `http://127.0.0.1:${await freePorts(1)}`;
  const sent: [string, Pick<BackupOutcome, "verb" | "ok">][] = [];
  const told = Promise.withResolvers<void>();
  const backups = new Backups({
    stateDirectory: directory,
    project: "lab",
    report: (job, { verb, ok }) => {
      sent.push([job, { verb, ok }]);
      told.resolve();
    },
    onBug: told.reject,
  });
  onTestFinished(async () => {
    await backups.close();
    rmSync(directory, { recursive: true });
  });
  /** Step 5 is here. */
  const job = (name: string, stored: number): Job => {
    const [checkpoint, backedUp] = [5, stored].map((step) => makeCheckpoint(step, at(step)));
    return runningJob({ name, backup: { to: "s3://lab/voice", endpoint } }, {
      checkpoint,
      backedUp,
    } as Partial<Job>);
  };
  backups.look({ fellBack: job("fellBack", 9), due: job("due", 4) });
  await told.promise;
  expect(sent).toEqual([["due", { verb: "upload", ok: false }]]);
});
