/**
 * Programs of the shapes that people have, integrated by docs/python-jobs.md alone, paused and resumed by a whole
 * supervisor: not a bit of their weights differs.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect } from "vitest";
import { plainEnvironment } from "../job/launch.ts";
import { testWith, torch } from "../needs.ts";
import { pythonPath } from "../python-path.ts";
import { CHILDREN, RealSupervisor, until } from "../scenarios/real-supervisor.ts";
import { hashIn } from "./voice.ts";

const STEPS = 60;
const PAUSES = 2;
/** Each is a start of PyTorch, on a machine that is busy with other tests. */
const LIMIT = { timeout: 600_000 };

let supervisor: RealSupervisor;
afterEach(() => supervisor.close());

const command = (...words: string[]): string[] => [
  pythonPath,
  join(CHILDREN, "python-trainers.py"),
  ...words,
];

/** By hand, without a supervisor. */
function uninterrupted(...words: string[]): string | undefined {
  const [program = "", ...rest] = command(...words);
  return hashIn(execFileSync(program, rest, { env: plainEnvironment(), encoding: "utf8" }));
}

/** Pauses and resumes it on its way; the hash it ends with. */
async function interrupted(...words: string[]): Promise<string | undefined> {
  supervisor = await new RealSupervisor({ jobs: [{ name: "train", command: command(...words) }] }).start();
  let last = 0;
  for (let pause = 0; pause < PAUSES; pause++) {
    await supervisor.steps("train", last + 3);
    expect(supervisor.say("pause", "train")).toMatchObject({ code: 0 });
    last = supervisor.job("train").checkpoint?.step ?? 0;
    expect(last).toBeLessThan(STEPS);
    expect(supervisor.say("resume", "train")).toMatchObject({ code: 0 });
  }
  writeFileSync(join(supervisor.directory, "no-more-pauses"), "");
  await until("its end", async () => (await supervisor.look()).jobs[0]?.state === "finished", {
    everyMs: 100,
  });
  expect(supervisor.audit("pause.completed")).toHaveLength(PAUSES);
  return hashIn(readFileSync(join(supervisor.directory, "state/logs/train.log"), "utf8"));
}

for (const shape of ["language", "two-networks", "accumulation", "endless", "trainer", "plain-variables"])
  testWith(torch)(`${shape}: paused ${PAUSES} times, bit-identical weights`, LIMIT, async () => {
    const whole = uninterrupted(shape, String(STEPS));
    expect(whole).toMatch(/./);
    expect(await interrupted(shape, String(STEPS))).toBe(whole);
  });

for (const shape of ["language", "plain-variables"])
  testWith(torch)(
    `${shape}: with what is easily left out left out, the weights are others`,
    LIMIT,
    async () => {
      expect(await interrupted(shape, String(STEPS), "forget")).not.toBe(uninterrupted(shape, String(STEPS)));
    },
  );
