/**
 * Which checkpoint a program without our library goes on from, under a whole supervisor.
 * Covers: src/runs/checkpoints/third-party/list.ts, src/decide/lifecycle/end/failed-resume.ts
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect } from "vitest";
import { python, testWith } from "../needs.ts";
import { pythonPath } from "../python-path.ts";
import { CHILDREN, RealSupervisor, until } from "./real-supervisor.ts";

const scenario = testWith(python);

let supervisor: RealSupervisor;
afterEach(() => supervisor.close());

/** A supervisor that isn't started yet, so that files can be there before its job. */
function given(options: string[], checkpoint: object = {}, more: object = {}): void {
  const command = [pythonPath, join(CHILDREN, "python-third-party.py"), ...options];
  supervisor = new RealSupervisor({});
  supervisor.configure({
    jobs: [
      {
        name: "train",
        command,
        pause: { signal: "SIGTERM", exitCodes: [143] },
        checkpoint: { glob: "out/model_*.pt", ...checkpoint },
        resumeArgs: ["--resume", "{checkpoint}"],
        restart: { backoffSeconds: 0.1, maxRetries: 1 },
        ...more,
      },
    ],
  });
}

const log = (): string => readFileSync(join(supervisor.directory, "state/logs/train.log"), "utf8");
const begun = (): number[] => [...log().matchAll(/begins at (\d+)/g)].map(([, step]) => Number(step));
const runs = (count: number) =>
  until(`${count} runs`, () => (begun().length >= count ? begun().slice(0, count) : null));

/** A whole checkpoint, written long ago. */
function leave(step: number): void {
  mkdirSync(join(supervisor.directory, "out"), { recursive: true });
  const script =
    "import os, sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], 'w') as archive:\n" +
    "    archive.writestr('step', sys.argv[2])\nos.utime(sys.argv[1], (10**9, 10**9))\n";
  const path = join(supervisor.directory, `out/model_step_${step}.pt`);
  execFileSync(pythonPath, ["-c", script, path, String(step)]);
}

async function pausesAndResumes(): Promise<number> {
  await supervisor.reaches("train", ["running"]);
  expect(supervisor.say("pause", "train")).toMatchObject({ code: 0 });
  const { step } = (await supervisor.recorded("pause.completed")).outcome as { step: number };
  expect(supervisor.say("resume", "train").code).toBe(0);
  return step;
}

scenario(
  "an old experiment in its folder isn't resumed: neither by the first run nor by a later one",
  async () => {
    given([]);
    leave(700_000);
    await supervisor.start();
    await runs(1);
    const step = await pausesAndResumes();
    expect(await runs(2)).toEqual([0, step]);
    const [told] = supervisor.audit("checkpoint.rejected");
    expect(told?.reason).toMatch(
      /model_step_700000\.pt isn't used: it was written before this job's first run;/,
    );
  },
);

scenario("… unless it is adopted: then the first run goes on from it", async () => {
  given([], { adoptExisting: true });
  leave(700_000);
  await supervisor.start();
  await runs(1);
  const step = await pausesAndResumes();
  expect(step).toBeGreaterThan(700_000);
  expect(await runs(2)).toEqual([700_000, step]);
});

scenario("a save that its death cut short is passed over for the one before, and said", async () => {
  given(["--every", "20", "--die-at", "47"]);
  await supervisor.start();
  expect(await runs(2)).toEqual([0, 40]);
  const [told] = supervisor.audit("checkpoint.rejected");
  expect(told?.reason).toMatch(
    /model_step_47\.pt isn't used: model_step_47\.pt is cut short: the directory at the end of its zip archive/,
  );
});

scenario(
  "a whole checkpoint that can't be loaded is passed over for the one before, without a retry",
  async () => {
    given(["--every", "20"], {}, { restart: { maxRetries: 0 } });
    await supervisor.start();
    await until("two saves", () => /saved 40/.exec(log()));
    await supervisor.reaches("train", ["running"]);
    expect(supervisor.say("pause", "train")).toMatchObject({ code: 0 });
    const { step } = (await supervisor.recorded("pause.completed")).outcome as { step: number };
    const newest = join(supervisor.directory, `out/model_step_${step}.pt`);
    const bytes = readFileSync(newest);
    const at = bytes.indexOf(String(step).padStart(8, "0"));
    bytes[at] = 0x39;
    writeFileSync(newest, bytes);
    supervisor.say("resume", "train");
    await until("the next run", () => begun().length === 2);
    const before = begun()[1] as number;
    expect([before % 20, before < step, before > 0]).toEqual([0, true, true]);
    const [told] = supervisor.audit("checkpoint.rejected");
    expect(told?.reason).toContain(
      `model_step_${step}.pt is passed over, since a resume from it failed at once`,
    );
    expect(told?.outcome).toMatchObject({ stepsLost: step - before });
  },
);
