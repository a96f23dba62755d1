/** A disk that runs full under a supervisor and its job: what was saved stays, the job goes on, and it is said. */
import { readFileSync } from "node:fs";
import { expect, onTestFinished } from "vitest";
import { readEvents } from "../../src/record/read.ts";
import { smallDisk, testWith } from "../needs.ts";
import { Victim } from "../torture/victim.ts";
import { until } from "./real-supervisor.ts";

const steps = (victim: Victim): number => readFileSync(victim.ledger, "utf8").split("\n").length;

testWith(smallDisk)(
  "no room for a save: the checkpoint before stays, the job runs on, an event names it",
  async () => {
    const victim = new Victim({ rules: false });
    onTestFinished(() => victim.close());
    expect(victim.noDisk).toBeNull();
    await victim.start();
    let before = await victim.job();
    while (before?.checkpoint == null) before = await victim.job();

    victim.fill(0);
    const from = steps(victim);
    await until("many steps without room", () => steps(victim) > from + 150);
    victim.unfill();
    const failed = await until("the event", () =>
      [...readEvents(victim.database, {})].find(({ kind }) => kind === "checkpoint.failed"),
    );
    expect(failed.reason).toMatch(
      /^A checkpoint couldn't be saved: checkpoint at step \d+ failed: .*ENOSPC.*The newest stays that of step [\d,]+\.$/,
    );
    const after = await victim.job();
    expect(after).toMatchObject({ state: "running", pid: before.pid, run: before.run });
    expect(after?.checkpoint?.step).toBeGreaterThanOrEqual(before.checkpoint.step ?? 0);
    expect(steps(victim)).toBeGreaterThan(from + 150);
  },
);
