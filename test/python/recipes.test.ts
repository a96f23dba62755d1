/** Every recipe of docs/recipes.md, with a real process under a whole supervisor. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect } from "vitest";
import { python, testWith } from "../needs.ts";
import { pythonPath } from "../python-path.ts";
import { alive, CHILDREN, RealSupervisor, until } from "../scenarios/real-supervisor.ts";

const child = (name: string): string => join(CHILDREN, name);
const recipe = testWith(python);

let supervisor: RealSupervisor;
afterEach(() => supervisor.close());

const one = (command: string[], more: object = {}): Record<string, unknown> => ({
  jobs: [{ name: "train", command, restart: { backoffSeconds: 0.1 }, ...more }],
});
const log = (): string => readFileSync(join(supervisor.directory, "state/logs/train.log"), "utf8");
const logged = (text: RegExp): Promise<RegExpExecArray> => until(`${text}`, () => text.exec(log()));

const ownCheckpoints = {
  checkpoint: { glob: "out/checkpoint-*.json" },
  resumeArgs: ["--resume", "{checkpoint}"],
};

/** Pauses, checks that nothing is lost, resumes and sees it go on where it stopped. */
async function pausesAndResumes(): Promise<void> {
  await logged(/begins at 0/);
  const { pid } = await supervisor.reaches("train", ["running"]);
  expect(supervisor.say("pause", "train")).toMatchObject({ code: 0 });
  expect(alive(pid as number)).toBe(false);
  const { step } = (await supervisor.recorded("pause.completed")).outcome as { step: number };
  expect(step).toBeGreaterThan(0);
  expect(supervisor.say("resume", "train").code).toBe(0);
  await logged(new RegExp(`begins at ${step}\n`));
}

recipe("a script that saves on SIGTERM by itself: its signal, its exit code, its files", async () => {
  const pause = { signal: "SIGTERM", exitCodes: [143] };
  const command = [pythonPath, child("python-saves-on-sigterm.py"), "1000000"];
  supervisor = await new RealSupervisor(one(command, { pause, ...ownCheckpoints })).start();
  await pausesAndResumes();
  const [paused] = supervisor.audit("pause.completed");
  expect(paused?.reason).toContain("size and age checked");
});

recipe("the same script behind bash: the script is signalled, not the shell", async () => {
  const pause = { signal: "SIGTERM", exitCodes: [143], target: "child:python-saves-on-sigterm.py" };
  supervisor = new RealSupervisor({});
  const script = join(supervisor.directory, "train.sh");
  writeFileSync(script, `${pythonPath} ${child("python-saves-on-sigterm.py")} "$@"\ncode=$?\nexit $code\n`);
  supervisor.configure(one(["bash", "train.sh", "1000000"], { pause, ...ownCheckpoints }));
  await supervisor.start();
  await pausesAndResumes();
});

recipe("a script that only saves every 50 steps: what is lost is said, not hidden", async () => {
  const pause = { graceSeconds: 0.5, onTimeout: "terminate" };
  const command = [pythonPath, child("python-saves-every.py"), "1000000"];
  supervisor = await new RealSupervisor(one(command, { pause, ...ownCheckpoints })).start();
  // Early in a round of 50, so that it ends before its next save, which would count for this pause.
  await until("a step soon after a save", () => {
    const step = supervisor.job("train").progress?.step ?? 0;
    return step > 50 && step % 50 > 0 && step % 50 < 15;
  });
  supervisor.say("pause", "train");
  await supervisor.reaches("train", ["paused"]);
  const [forced] = supervisor.audit("pause.forced");
  expect(forced?.outcome).toMatchObject({ method: "terminate" });
  const ended = await supervisor.recorded("pause.failed");
  const { step, stepsLost } = ended.outcome as { step: number; stepsLost: number };
  expect(step % 50).toBe(0);
  expect(stepsLost).toBeGreaterThan(0);
  expect(supervisor.say("resume", "train").code).toBe(0);
  await logged(new RegExp(`begins at ${step}\n`));
});

recipe("bash train.sh in front of a job with the library: the program itself is rung", async () => {
  supervisor = new RealSupervisor({});
  const script = join(supervisor.directory, "train.sh");
  writeFileSync(
    script,
    `echo before\n${pythonPath} ${child("python-loop.py")} 0\ncode=$?\necho after\nexit $code\n`,
  );
  supervisor.configure(one(["bash", "train.sh"]));
  await supervisor.start();
  await logged(/supervised true, from 0/);
  await supervisor.steps("train", 0);
  expect(supervisor.say("pause", "train").code).toBe(0);
  const { step } = (await supervisor.recorded("pause.completed")).outcome as { step: number };
  expect(log()).toContain("after");
  expect(supervisor.say("resume", "train").code).toBe(0);
  await logged(new RegExp(`supervised true, from ${step}\n`));
});

recipe("a virtual environment's python is found in the job's folder", async () => {
  supervisor = new RealSupervisor({});
  execFileSync(pythonPath, ["-m", "venv", "--without-pip", join(supervisor.directory, ".venv")]);
  writeFileSync(
    join(supervisor.directory, "where.py"),
    "import runpy, sys\nprint('prefix', sys.prefix, flush=True)\nsys.argv = sys.argv[1:]\n" +
      "sys.path.insert(0, sys.argv[0].rpartition('/')[0])\nrunpy.run_path(sys.argv[0], run_name='__main__')\n",
  );
  supervisor.configure(one(["python", "where.py", child("python-loop.py"), "0"]));
  await supervisor.start();
  expect((await logged(/prefix (.*)/))[1]).toBe(join(supervisor.directory, ".venv"));
  await supervisor.steps("train", 0);
  expect(supervisor.say("pause", "train").code).toBe(0);
  expect(supervisor.job("train").state).toBe("paused");
});

recipe("a plain script under 'auto' is frozen, and said to hold its memory", async () => {
  supervisor = new RealSupervisor({});
  const script = join(supervisor.directory, "plain.py");
  writeFileSync(
    script,
    "import time\nfor n in range(10**9):\n    print(n, flush=True)\n    time.sleep(0.02)\n",
  );
  supervisor.configure(one([pythonPath, script]));
  await supervisor.start();
  await logged(/5\n/);
  expect(supervisor.say("pause", "train").code).toBe(0);
  expect(supervisor.job("train").state).toBe("frozen");
  const paused = await supervisor.recorded("pause.completed");
  expect(paused.reason).toMatch(/Frozen after .*its memory stays held/);
  expect(supervisor.say("status").out).toMatch(/frozen/i);
  const before = log().length;
  expect(supervisor.say("resume", "train").code).toBe(0);
  await until("more lines", () => log().length > before);
});
