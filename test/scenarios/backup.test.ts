/**
 * A whole supervisor over a real S3 server: what it loses here comes back from there, and a server that is
 * down holds up no pause.
 * Covers: src/backup/backups.ts, src/decide/lifecycle/checkpoints/backed-up.ts, src/decide/starts/restore-wait.ts,
 * src/backup/progress.ts, src/cli/commands/jobs/restore.ts
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Store } from "../backup/store.ts";
import { describeWith, objectStore } from "../needs.ts";
import { CHILDREN, RealSupervisor, until } from "./real-supervisor.ts";

/** What count-steps.ts holds after so many steps that were neither lost nor done twice. */
const weightsAfter = (steps: number): string => {
  let weights = "none";
  for (let step = 1; step <= steps; step++)
    weights = createHash("sha256").update(`${weights} ${step}`).digest("hex");
  return weights;
};

describeWith(objectStore)("checkpoints in S3", () => {
  let store: Store;
  let supervisor: RealSupervisor;
  beforeAll(async () => {
    store = await new Store().start();
  });
  afterAll(() => store.close());
  afterEach(() => supervisor.close());

  const started = async (folder: string, total = 100_000): Promise<RealSupervisor> => {
    const command = ["node", join(CHILDREN, "count-steps.ts"), "--total", String(total)];
    const job = { name: "count", command, backup: store.backup({ to: `s3://voice/${folder}` }) };
    return await new RealSupervisor({ jobs: [job] }, store.env).start();
  };
  const directory = (): string => join(supervisor.directory, "state/jobs/count/checkpoints");
  const checkpoints = (): string[] => readdirSync(directory()).filter((name) => name.startsWith("step-"));

  /** Paused after some steps, and copied. */
  const paused = async (): Promise<number> => {
    await supervisor.steps("count", 5);
    expect(supervisor.say("pause", "count").code).toBe(0);
    const { checkpoint } = await supervisor.reaches("count", ["paused"]);
    const step = checkpoint?.step ?? 0;
    await until("the backup", () =>
      supervisor.audit("checkpoint.backed-up").some(({ outcome }) => outcome?.step === step),
    );
    return step;
  };

  test("a checkpoint that is gone, or broken on the disk, comes back before the job goes on", async () => {
    supervisor = await started("broken");
    for (const harm of ["gone", "broken"] as const) {
      const step = await paused();
      const before = supervisor.audit("checkpoint.restored").length;
      if (harm === "gone") rmSync(directory(), { recursive: true });
      else for (const name of checkpoints()) writeFileSync(join(directory(), name, "weights"), "torn");
      expect(supervisor.say("resume", "count").code).toBe(0);
      const restored = await until("the restored checkpoint", () => {
        const found = supervisor.audit("checkpoint.restored");
        return found.length > before && found;
      });
      expect(restored.at(-1)).toMatchObject({ outcome: { step } });
      await supervisor.steps("count", step);
      expect(supervisor.say("logs", "count").out).toContain(`begins at ${step}\n`);
      const rejected = supervisor.audit("checkpoint.rejected").at(-1);
      expect(rejected?.reason).toMatch(/it goes on from its backup of step [\d,]+; 0 steps to be redone/);
    }
  });

  test("everything lost: restored from the backup, it trains to the same weights as if nothing had happened", async () => {
    // Enough for a slow pause: a job that has finished isn't paused.
    const total = 1200;
    supervisor = await started("lost", total);
    const step = await paused();
    expect(supervisor.say("stop").code).toBe(0);
    for (const name of readdirSync(supervisor.directory))
      if (name !== "supervisor.config.json") rmSync(join(supervisor.directory, name), { recursive: true });
    const said = supervisor.say("restore", "count");
    expect(said).toMatchObject({
      code: 0,
      out: expect.stringContaining(`step ${step.toLocaleString("en-US")} is here again`),
    });
    await supervisor.start();
    await supervisor.reaches("count", ["finished"]);
    const log = readFileSync(join(supervisor.directory, "state/logs/count.log"), "utf8");
    expect(log).toContain(`begins at ${step}\n`);
    expect(log).toContain(`weights ${weightsAfter(total)}\n`);
  });

  test("how far a backup is stands in the answer to why", async () => {
    const command = ["node", join(CHILDREN, "count-steps.ts"), "--save-mib", "12"];
    const backup = store.backup({ to: "s3://voice/slow", maxMiBPerSecond: 0.2 });
    supervisor = await new RealSupervisor({ jobs: [{ name: "count", command, backup }] }, store.env).start();
    await supervisor.steps("count", 3);
    expect(supervisor.say("pause", "count").code).toBe(0);
    await supervisor.shows("its backup under way", ({ jobs: [job] }) => job?.why.copying?.verb === "upload");
    for (const asked of ["why", "status"])
      await until(asked, () => /[Bb]acking up \d+ (B )?of 12 MiB/.test(supervisor.say(asked).out));
  });

  test("a server that is down holds up no pause, is told once, and gets the checkpoint when it is back", async () => {
    supervisor = await started("down");
    await supervisor.steps("count", 3);
    store.shut();
    expect(supervisor.say("pause", "count").code).toBe(0);
    const failed = await supervisor.recorded("checkpoint.backup-failed");
    expect(failed.reason).toContain("The job isn't affected");
    await supervisor.shows("the problem", ({ supervisor: { warnings } }) =>
      warnings.some((text) => text.startsWith("The checkpoints of count aren't backed up:")),
    );
    store.open();
    await supervisor.recorded("checkpoint.backed-up");
    await supervisor.shows(
      "no problem",
      ({ supervisor: { warnings } }) => !warnings.some((text) => text.includes("backed up")),
    );
    // Once for each reason: a server that comes up refuses in another way.
    const reasons = supervisor.audit("checkpoint.backup-failed").map(({ reason }) => reason);
    expect(reasons.filter((reason, at) => reason === reasons[at - 1])).toEqual([]);
  });
});
