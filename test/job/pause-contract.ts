/**
 * The pause contract, exercised on real processes with real signals, the same for every job library:
 * they may differ in language, never in what can be seen from outside.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { writeCheckpoint } from "../../src/job/checkpoint/write-checkpoint.ts";
import { verifyCheckpoint } from "../../src/job/index.ts";
import {
  endOf,
  type Launched,
  launch,
  type Program,
  plainEnvironment,
  start,
  temporaryFolder,
} from "./launch.ts";

/** One library's versions of the same tiny programs, in test/children/. */
export interface Library {
  name: string;
  /** Counts steps with `job.step()`. Arguments: steps (0 = for ever), bytes in a checkpoint. */
  loop: Program;
  /** Only asks `shouldPause()`. Argument: milliseconds of work between two calls. */
  pollingLoop: Program;
  /** Does nothing but save, until it is killed. */
  saveStorm: Program;
  /** Misuses the library. Argument: how; see the programs themselves. */
  odd: Program;
  /** Starts a child process that imports the library too. */
  withWorker: Program;
  /** Imports the library and dies of an error. */
  crash: Program;
}

const running = (run: Launched) =>
  run.until("running", ({ state, step }) => state === "running" && Number(step) > 0);

async function expectPaused(run: Launched, job: string): Promise<number> {
  const { code, output } = await run.ended;
  expect(code, output).toBe(75);
  const report = run.status();
  expect(report).toMatchObject({ state: "paused", checkpoint: expect.stringMatching(/^step-\d{8}$/) });
  const checkpoint = await verifyCheckpoint(join(job, "checkpoints", String(report?.checkpoint)));
  expect(checkpoint).toMatchObject({ step: report?.step });
  return Number(report?.step);
}

export function keepsPauseContract(library: Library): void {
  describe(`${library.name}: pausing`, () => {
    test("reports ready at import with the process it is, then running", async () => {
      const run = launch(library.loop, ["0"], temporaryFolder());
      const report = await run.until("a first report", () => true);
      expect(report).toMatchObject({ pid: run.child.pid, rank: 0, worldSize: 1, sequence: 0 });
      expect(report.startTime).toBeGreaterThan(0);
      expect((await running(run)).metrics?.loss).toBeGreaterThan(0);
    });

    test("a loop that awaits only resolved promises hears the signal, saves, and goes on after a resume", async () => {
      const job = temporaryFolder();
      const first = launch(library.loop, ["0"], job);
      await running(first);
      first.ask({ sequence: 4, want: "pause" });
      const stoppedAt = await expectPaused(first, job);
      expect(first.status()?.sequence).toBe(4);
      const second = launch(library.loop, [String(stoppedAt + 5)], job);
      expect(await second.ended).toMatchObject({
        code: 0,
        output: expect.stringContaining(`from ${stoppedAt}\ndone at ${stoppedAt + 5}`),
      });
      expect(second.status()).toMatchObject({ state: "finished", step: stoppedAt + 5 });
    });

    test.each([0, 2, 150])(
      "a loop of %i ms steps that only asks shouldPause() sees the word",
      async (workMs) => {
        const job = temporaryFolder();
        const run = launch(library.pollingLoop, [String(workMs)], job);
        await run.until("ready", ({ state }) => state === "ready");
        run.ask({ sequence: 1, want: "pause" });
        await expectPaused(run, job);
      },
    );

    test("a request made before the import isn't lost", async () => {
      const job = temporaryFolder();
      // Nobody rings.
      const run = launch(library.loop, ["0"], job, {}, { sequence: 9, want: "pause" });
      await expectPaused(run, job);
      expect(run.status()?.sequence).toBe(9);
    });

    test("a request made before a resume leaves at once, on the checkpoint it came from", async () => {
      const job = temporaryFolder();
      const first = launch(library.loop, ["0"], job);
      await running(first);
      first.ask({ sequence: 1, want: "pause" });
      const stoppedAt = await expectPaused(first, job);
      const second = launch(library.loop, ["0"], job, {}, { sequence: 1, want: "pause" });
      expect(await expectPaused(second, job)).toBe(stoppedAt);
    });

    test("a checkpoint brought from elsewhere is saved anew before the job leaves on it", async () => {
      const backup = temporaryFolder();
      const elsewhere = await writeCheckpoint(backup, 70, (files) => files.file("state.bin", "x"));
      const job = temporaryFolder();
      const env = { SUPERVISOR_RESUME_FROM: elsewhere.path };
      const run = launch(library.loop, ["0"], job, env, { sequence: 1, want: "pause" });
      expect(await expectPaused(run, job)).toBe(71);
    });

    test("ringing many times is the same as ringing once, and a request can't be withdrawn", async () => {
      const job = temporaryFolder();
      const run = launch(library.loop, ["0", "20000000"], job);
      await running(run);
      run.ask({ sequence: 1, want: "pause" });
      for (let i = 0; i < 20; i++) run.ring();
      await run.until("the acknowledgement", ({ sequence }) => sequence === 1);
      run.ask({ sequence: 2, want: "run" });
      await expectPaused(run, job);
    });

    test("standby and release mean the same to a training job", async () => {
      for (const want of ["standby", "release"] as const) {
        const job = temporaryFolder();
        const run = launch(library.loop, ["0"], job);
        await running(run);
        run.ask({ sequence: 1, want });
        await expectPaused(run, job);
      }
    });

    test("a ring by hand, with no control.json at all, pauses too", async () => {
      const job = temporaryFolder();
      const run = launch(library.loop, ["0"], job);
      await running(run);
      run.ring();
      await expectPaused(run, job);
    });

    test("a stray ring while the word is run changes nothing", async () => {
      const run = launch(library.loop, ["0"], temporaryFolder());
      await running(run);
      run.ask({ sequence: 1, want: "run" });
      const { step } = await run.until("the acknowledgement", ({ sequence }) => sequence === 1);
      await run.until(
        "more steps",
        (report) => Number(report.step) > Number(step) && report.state === "running",
      );
    });

    test("a program that steps on and gives nothing that saves is told so once; one that saves now and then isn't", async () => {
      const [patient, never] = ["saves now and then", "never saves"].map((odd) =>
        launch(library.odd, [odd], temporaryFolder()),
      ) as [Launched, Launched];
      for (const run of [patient, never]) {
        await running(run);
        run.ask({ sequence: 1, want: "pause" });
        const { step } = await run.until("the pause", ({ state }) => state === "pausing");
        await run.until("a step after it", (report) => Number(report.step) > Number(step));
      }
      const told = await never.until("its complaint", ({ error }) => error !== null);
      expect(told).toMatchObject({ state: "pausing", error: expect.stringContaining("without save") });
      expect(told.failedSaves).toBe(0);
      await never.until("more steps", ({ step }) => Number(step) > Number(told.step));
      // It was asked earlier.
      expect(patient.status()).toMatchObject({ state: "pausing", error: null });
      for (const { child } of [patient, never]) child.kill("SIGKILL");
      expect((await patient.ended).output).toBe("");
      expect((await never.ended).output).toBe(`supervisor: ${told.error}\n`);
    });

    test("a torn or hostile control.json is passed over until a whole one comes", async () => {
      const job = temporaryFolder();
      const run = launch(library.loop, ["0"], job);
      await running(run);
      const nonsense = [
        "",
        "{",
        '{"sequence":1,"want":"pau',
        "null",
        "[]",
        '{"want":"pause"}',
        '{"sequence":-1,"want":"pause"}',
        '{"sequence":"1","want":"pause"}',
        '{"sequence":1,"want":"die"}',
        "\0".repeat(100),
        `"${"x".repeat(100_000)}"`,
      ];
      for (const text of nonsense) {
        run.write(text);
        const { at } = run.status() as { at: string };
        run.ring();
        await run.until(`an answer to ${text.slice(0, 20)}`, (report) => report.at > at);
      }
      expect(run.status()).toMatchObject({ state: "running", sequence: 0 });
      writeFileSync(join(run.statusDir, "control.json"), '{"sequence":7,"want":"pause"}');
      run.ring();
      await expectPaused(run, job);
    });
  });

  describe(`${library.name}: speaking for the job`, () => {
    test("without a supervisor everything is a no-op", async () => {
      const end = await endOf(start(library.loop, ["500"], plainEnvironment()));
      expect(end).toMatchObject({ code: 0, output: "supervised false, from 0\ndone at 500\n" });
    });

    test("half an environment is named in one line, and the job trains on", async () => {
      const env = { ...plainEnvironment(), SUPERVISOR_STATUS_DIR: temporaryFolder() };
      const { code, output } = await endOf(start(library.loop, ["5"], env));
      expect(code).toBe(0);
      expect(output).toContain("SUPERVISOR_CHECKPOINT_DIR is not set");
    });

    test("a child process that imports the library leaves the status to its parent", async () => {
      const run = launch(library.withWorker, [], temporaryFolder());
      expect((await run.ended).output).toBe("child supervised false, status pid is mine true\n");
    });

    test("a program that says it is a rank, started by a job that trains, leaves all to its parent", async () => {
      const run = launch(library.odd, ["starts a rank"], temporaryFolder());
      const { code, output } = await run.ended;
      expect(code, output).toBe(0);
      expect(output).toContain("child supervised false\n");
      expect(output).toContain(`process ${run.child.pid} speaks for this job`);
      expect(output).toContain("status pid is mine true\n");
    });

    test("relative directories stay where they were when the program changes its own", async () => {
      const job = temporaryFolder();
      const here = (name: string) => relative(process.cwd(), join(job, name));
      const env = { SUPERVISOR_STATUS_DIR: here("status"), SUPERVISOR_CHECKPOINT_DIR: here("checkpoints") };
      mkdirSync(join(job, "status"));
      const run = launch(library.odd, ["in another directory", temporaryFolder()], job, env);
      const { code, output } = await run.ended;
      expect(code, output).toBe(0);
      expect(await verifyCheckpoint(join(job, "checkpoints/step-00000001"))).toMatchObject({ step: 1 });
      const report = JSON.parse(readFileSync(join(job, "status/rank-0.json"), "utf8"));
      expect(report).toMatchObject({ state: "finished", checkpoint: "step-00000001" });
    });

    test("a second start within one run goes on from what the first has saved", async () => {
      const job = temporaryFolder();
      const saved = launch(library.odd, ["saves twice"], job);
      expect((await saved.ended).output).toBe("from 0\n");
      // As a launcher does that restarts its ranks, or a shell loop: the environment is the old one.
      const env = {
        SUPERVISOR_RUN_ID: String(saved.status()?.runId),
        SUPERVISOR_STATUS_DIR: saved.statusDir,
        SUPERVISOR_RESUME_FROM: join(job, "checkpoints/step-00000001"),
      };
      expect((await launch(library.odd, ["saves twice"], job, env).ended).output).toBe("from 2\n");
      // A new run begins where the supervisor says.
      const told = { SUPERVISOR_RESUME_FROM: join(job, "checkpoints/step-00000003") };
      expect((await launch(library.odd, ["saves twice"], job, told).ended).output).toBe("from 3\n");
    });

    test("a crash is reported as failed, a removed status directory harms nobody", async () => {
      const run = launch(library.loop, ["5"], temporaryFolder(), {
        SUPERVISOR_STATUS_DIR: "/nowhere/at/all",
      });
      expect((await run.ended).code).toBe(0);
      const crash = launch(library.crash, [], temporaryFolder());
      expect((await crash.ended).code).toBe(1);
      expect(crash.status()?.state).toBe("failed");
    });
  });
}
