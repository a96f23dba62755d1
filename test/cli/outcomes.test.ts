/**
 * Commands judge by what came of their request: the exit code and the reason at the prompt.
 * Covers: src/cli/named-jobs.ts, src/cli/not-saved.ts,
 * src/cli/commands/jobs/pause.ts, src/cli/commands/jobs/resume.ts, src/cli/commands/supervisor/stop.ts,
 * src/runs/launch/log-line.ts
 */
import { resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { until } from "../until.ts";
import { CommandLine } from "./command-line.ts";

const TRAINER = resolve(import.meta.dirname, "../children/saves-and-exits.ts");

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

const logged = (text: RegExp) =>
  until(`${text}`, async () => text.exec((await cli.say("logs", "train")).out));
const reason = async (kind: string): Promise<string> =>
  JSON.parse((await cli.say("audit", "--json", "--kind", kind)).out.trim().split("\n").at(-1) ?? "").reason;

/** A supervisor with one job `train`, which has begun. */
async function started(...args: string[]): Promise<void> {
  const job = {
    name: "train",
    command: ["node", TRAINER, ...args],
    pause: { signal: "SIGTERM", graceSeconds: 20 },
    checkpoint: { glob: "out/step-*.txt" },
    resumeArgs: ["{checkpoint}"],
    restart: { backoffSeconds: 600 },
  };
  const config = { pollSeconds: 0.2, rules: [], balance: { settleSeconds: 0 }, jobs: [job] };
  cli.write("supervisor.config.json", JSON.stringify(config));
  await cli.say("start", "--detach");
  await logged(/begins at 0/);
}

it("exit code 0 after a save that was asked for is a pause, and it goes on from there", async () => {
  await started("0", "save", "on");
  expect(await cli.say("pause", "train")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/paused: step/),
  });
  expect(await reason("pause.completed")).toMatch(
    /how many steps are lost isn't known\. Its exit code 0 counts as paused: it was asked to, has saved since/,
  );
  expect(await cli.say("pause", "train")).toMatchObject({
    code: 0,
    out: expect.stringContaining("paused already"),
  });
  expect((await cli.say("resume", "train")).code).toBe(0);
  const [, from] = await logged(/\nbegins at ([1-9]\d*)\n/);
  const { out } = await cli.say("logs", "train");
  expect(out.replaceAll(",", "").split("\n").slice(0, 5)).toEqual([
    "── run 1 begins ──",
    "begins at 0",
    `── run 1 ended: paused at step ${from} ──`,
    `── run 2 begins at step ${from} ──`,
    `begins at ${from}`,
  ]);
});

it("exit code 0 without a save counts as finished, with what was assumed and a way to go on", async () => {
  await started("0", "lose");
  const said = await cli.say("pause", "train");
  expect(said).toMatchObject({
    code: 1,
    out: expect.stringContaining("not paused: It ended with exit code 0 after it was asked to pause"),
  });
  const why = (await cli.say("why", "train")).out.replaceAll(/\s+/g, " ");
  expect(why).toContain("That counts as finished, though it didn't report that it has");
  expect(why).toContain("supervisor resume train");
  expect((await cli.say("resume", "train")).code).toBe(0);
  await logged(/begins at 0(.|\n)*begins at 0/);
});

it("a run that fails when it is asked isn't paused, and nothing is said to be saved", async () => {
  await started("3", "lose");
  const said = await cli.say("pause", "train");
  expect(said.code).toBe(1);
  expect(said.out).toMatch(
    /held back, but not paused: Run 1 ended with exit code 3 when it was asked to pause, without a new checkpoint that matches 'out\/step-\*\.txt'\./,
  );
  expect(said.out).not.toMatch(/saved \(/);
});

it("a resume whose run fails ends with 1 and the reason", async () => {
  await started("0", "save", "4");
  expect((await cli.say("pause", "train")).code).toBe(0);
  const said = await cli.say("resume", "train");
  expect(said.code).toBe(1);
  expect(said.out).toMatch(/train {2}its run has failed: Run 2 ended with exit code 4/);
});

it("a stop that leaves a job unsaved ends with 1 and names it; one that saves all with 0", async () => {
  await started("9", "lose");
  const said = await cli.say("stop");
  expect(said.code).toBe(1);
  expect(said.out).toMatch(/train wasn't saved: Run 1 ended with exit code 9 when it was asked to pause/);
  expect(said.out).not.toContain("Saved and paused: train");
});
