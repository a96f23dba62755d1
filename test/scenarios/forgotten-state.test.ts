/**
 * A job whose checkpoints leave out a part of its state is told so after its resume, in both languages; one that saves all
 * of it isn't.
 * Covers: src/decide/lifecycle/losses.ts.
 */
import { join, resolve } from "node:path";
import { afterEach, expect } from "vitest";
import { python, testWith } from "../needs.ts";
import { pythonPath } from "../python-path.ts";
import { CHILDREN, RealSupervisor } from "./real-supervisor.ts";

let supervisor: RealSupervisor | null = null;
afterEach(async () => {
  await supervisor?.close();
  supervisor = null;
});

const child = (name: string): string => join(CHILDREN, name);
const COMMANDS = {
  typescript: (saves: string) => [process.execPath, child("job-forgets.ts"), saves],
  python: (saves: string) => [pythonPath, child("python-forgets.py"), saves],
};

testWith(python)("a resume whose first losses jump is told, in TypeScript and in Python", async () => {
  const env = { PYTHONPATH: resolve(import.meta.dirname, "../../python") };
  const jobs = Object.entries(COMMANDS).flatMap(([name, command]) =>
    ["all", "half"].map((saves) => ({ name: `${name}-${saves}`, command: command(saves), env })),
  );
  supervisor = await new RealSupervisor({ jobs }).start();
  const names = jobs.map(({ name }) => name);
  // Ten reports at least, one a second at most.
  for (const name of names) await supervisor.steps(name, 800);
  expect(supervisor.say("pause", "--all").code).toBe(0);
  const before = supervisor.snapshot().jobs.map(({ progress }) => progress?.step ?? 0);
  supervisor.say("resume", "--all");
  for (const name of names.filter((one) => one.endsWith("half"))) {
    const { reason } = await supervisor.recorded("resume.doubted", name);
    expect(reason).toMatch(
      /^Its first losses after step [\d,]+ are [45]\.\d+ and [345]\.\d+; before it was saved/,
    );
  }
  for (const name of names) await supervisor.steps(name, Math.max(...before) + 60);
  const doubted = supervisor.audit("resume.doubted").map(({ job }) => job);
  expect(doubted.sort()).toEqual(names.filter((one) => one.endsWith("half")).sort());
});
